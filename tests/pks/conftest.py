"""A foundation for tests: the fake ``pks`` on disk, its state, its calls, and providers that talk to it."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.runtime import waiting
from components.runtime.provider import Provider

PASSWORD = "s3cret/pass word"
P = TypeVar("P", bound=Provider)

_STATE: dict[str, Any] = {
    "password": PASSWORD,
    "plans": [
        {
            "name": "rancher",
            "master_instances": 3,
            "worker_instances": 3,
            "allow-privileged-containers": True,
        },
        {
            "name": "small",
            "master_instances": 1,
            "worker_instances": 1,
            "allow-privileged-containers": False,
        },
    ],
    "network_profiles": [],
    "compute_profiles": [],
    "clusters": [],
    "polls": 2,
    "end": "succeeded",
    "faults": {},
}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class FakeFoundation:
    """The fake ``pks`` and what is in it."""

    home: Path
    executable: Path

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.home / "state.json").read_text())
        return state

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        state = self.state()
        yield state
        (self.home / "state.json").write_text(json.dumps(state))

    def argv(self) -> list[list[str]]:
        """Every command line since the last call of this."""
        log = self.home / "calls.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        log.write_text("")
        return lines

    def commands(self) -> list[str]:
        """The commands since the last call of this or of ``argv``."""
        return [line[0] for line in self.argv()]

    def configured(self, kind: type[P], **config: str) -> P:
        """A provider as its host process has it."""
        raw = {
            f"rancher-on-pks:{key}": value
            for key, value in {"pksCli": str(self.executable), **config}.items()
        }
        instance = kind()
        instance.configure(ConfigureRequest(Config(raw, "rancher-on-pks")))
        return instance


def live(name: str = "c", **changes: Any) -> dict[str, Any]:
    parameters = {"kubernetes_master_host": f"{name}.test", "kubernetes_worker_instances": 3}
    return {
        "name": name,
        "uuid": f"uuid-{name}",
        "plan_name": "rancher",
        "network_profile_name": "",
        "last_action": "CREATE",
        "last_action_state": "succeeded",
        "kubernetes_master_ips": ["10.50.0.71"],
        "k8s_version": "1.28.9",
        "parameters": parameters,
        **changes,
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of ``components.runtime.waiting.wait``."""
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


@pytest.fixture
def foundation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> FakeFoundation:
    """An empty foundation; its credentials are in the environment."""
    executable = tmp_path / "pks"
    script = Path(__file__).with_name("fake_pks.py")
    executable.write_text(f'#!/bin/sh\nFAKE_PKS="{tmp_path}" exec "{sys.executable}" "{script}" "$@"\n')
    executable.chmod(0o755)
    (tmp_path / "state.json").write_text(json.dumps(copy.deepcopy(_STATE)))
    (tmp_path / "calls.jsonl").write_text("")
    for name in ("PKS_CLIENT", "PKS_CLIENT_SECRET", "PKS_CA_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PKS_API", "pks.test")
    monkeypatch.setenv("PKS_USERNAME", "admin")
    monkeypatch.setenv("PKS_PASSWORD", PASSWORD)
    monkeypatch.setattr("tenacity.nap.time", clock)
    return FakeFoundation(tmp_path, executable)
