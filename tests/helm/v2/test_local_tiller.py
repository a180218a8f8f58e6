"""A Tiller on this machine that does not do what it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.helm.v2 import local_tiller as module
from components.helm.v2.local_tiller import local_tiller
from components.runtime.errors import ProviderError


def tiller(folder: Path, script: str) -> str:
    command = folder / "tiller"
    command.write_text(f"#!/bin/sh\necho $$ > {folder}/pid\n{script}\n")
    command.chmod(0o755)
    return str(command)


def test_tiller_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_START_SECONDS", 1)
    command = tiller(tmp_path, "exec sleep 600")
    with (
        pytest.raises(ProviderError, match=r"tiller: not done .* it does not listen on 127\.0\.0\.1:\d+"),
        local_tiller(command, tmp_path),
    ):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_tiller_that_ends_at_once_says_why(tmp_path: Path) -> None:
    command = tiller(tmp_path, "echo 'cannot initialize Kubernetes connection' >&2; exit 1")
    with (
        pytest.raises(
            ProviderError,
            match=r"ended before it listened on .*: cannot initialize Kubernetes connection\. Run",
        ),
        local_tiller(command, tmp_path),
    ):
        pass
