"""The stack's own outputs, read while the engine may be writing them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.capacity.own_outputs import own_outputs


@pytest.mark.parametrize("half_written", [0, 3])
def test_own_outputs_are_read_again_while_the_engine_writes_them(
    monkeypatch: pytest.MonkeyPatch, half_written: int
) -> None:
    failures = ["... returned an error: failed to load checkpoint: EOF"] * half_written

    def invoke(*_: object) -> Any:
        if failures:
            raise Exception(failures.pop())  # noqa: TRY002 - the SDK raises no narrower one
        return SimpleNamespace(value={"outputs": {"clusterUuid": "u"}})

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    assert own_outputs() == {"clusterUuid": "u"}


def test_other_failures_to_read_own_outputs_are_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def invoke(*arguments: object) -> Any:
        calls.append(arguments)
        raise Exception("access denied")  # noqa: TRY002

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    with pytest.raises(Exception, match="access denied"):
        own_outputs()
    assert len(calls) == 1
