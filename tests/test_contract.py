"""The program still understands the state of existing stacks (docs/architecture.md, "Names are a contract").

After an addition: ``python -m tests.contract > tests/contract.json``. What has left the file was a break.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import pickle
import subprocess
import sys
from typing import Any

import pytest

from components.runtime.provider import Provider
from tests import contract
from tests.config import REPO

CONTRACT: dict[str, Any] = json.loads(contract.FILE.read_text())
PICKLED = {kind: entry["provider"] for kind, entry in CONTRACT["types"].items() if "provider" in entry}


@pytest.mark.parametrize("kind", PICKLED)
def test_the_state_s_provider_is_found(kind: str) -> None:
    provider = pickle.loads(base64.b64decode(PICKLED[kind]))  # noqa: S301 - this repository's own file
    assert isinstance(provider, Provider)


def test_every_provider_is_in_the_contract() -> None:
    pickled = {type(pickle.loads(base64.b64decode(text))) for text in PICKLED.values()}  # noqa: S301
    assert contract.providers() == pickled


@pytest.mark.parametrize("command", CONTRACT["commands"])
def test_the_module_of_the_state_s_command_is_found(command: str) -> None:
    option, module, _ = command.split()
    assert option == "-m"
    assert importlib.util.find_spec(module)


def test_the_contract_is_what_the_program_declares() -> None:
    command = [sys.executable, "-m", "tests.contract"]
    printed = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == CONTRACT
