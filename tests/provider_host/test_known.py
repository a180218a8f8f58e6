"""Only the program's own providers are loaded, and nothing that a pickle says is run."""

from __future__ import annotations

import base64
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from components.runtime.provider import Provider
from domain.provider_pickle import ForeignPickleError, provider_reference
from provider_host.known import load
from tests import contract
from tests.provider_host.host import running

TYPES = json.loads(contract.FILE.read_text())["types"]
PICKLES = {kind: entry["provider"] for kind, entry in TYPES.items() if "provider" in entry}


@pytest.mark.parametrize("kind", PICKLES)
def test_each_provider_of_a_state_is_loaded(kind: str) -> None:
    pickled = base64.b64decode(PICKLES[kind])
    assert type(load(pickled)) is type(pickle.loads(pickled))  # noqa: S301 - this repository's own file


class _Runs:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call[0], self.call[1:]


class _Another(Provider):
    """As a provider that somebody added."""


def _named(module: str, name: str) -> bytes:
    texts = b"".join(b"\x8c" + struct.pack("B", len(text)) + text.encode() for text in (module, name))
    return b"\x80\x04" + texts + b"\x93)\x81."


PLAIN = _named("components.rancher.password", "PasswordProvider")
FOREIGN = {
    "a function": pickle.dumps(_Runs(print, "run")),
    "a class outside": pickle.dumps(_Another()),
    "the base": _named("components.runtime.provider", "Provider2"),
    "a function of the program": _named("components.runtime.command", "kill_all"),
    "no provider": _named("components.runtime.command", "Command"),
    "imported there": _named("components.rancher.password", "Provider"),
    "a nested name": _named("components.rancher.password", "PasswordProvider.apply"),
    "no module": _named("components.none", "X"),
    "a path": _named("components/../x", "X"),
    "with state": pickle.dumps(_Runs(print))[:0] + PLAIN[:-1] + b"}b.",
    "twice": PLAIN[:-1] + PLAIN[2:],
    "empty": b"",
    "garbage": b"\xff\x00garbage",
    "cut off": PLAIN[:20],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_anything_else_is_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="is not one of this program") as caught:
        load(FOREIGN[kind])
    assert "backend's credentials" in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_reference_is_read_without_importing() -> None:
    assert provider_reference(_named("fleet.none", "X")) == ("fleet.none", "X")
    with pytest.raises(ForeignPickleError, match="'os'"):
        provider_reference(_named("os", "X"))


def test_the_process_refuses_it_and_runs_nothing(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    pickled = base64.b64encode(pickle.dumps(_Runs(Path.touch, ran))).decode()
    with running() as host:
        calls: list[Callable[[], Any]] = [
            lambda: host.check(pickled),
            lambda: host.create(pickled).result(),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            details = str(caught.value)
            assert "the state names a dynamic provider that is not one of this program" in details
            assert "Traceback" not in details
    assert not ran.exists()
