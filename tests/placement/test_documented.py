"""What each release of the ``bosh`` CLI prints is understood."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from components.placement.bosh_cli import UnknownDeploymentError
from components.runtime.errors import ProviderError, TransientError
from tests.placement.test_bosh_cli import FakeBosh, bosh

__all__ = ["bosh"]

DOCUMENTED = Path(__file__).with_name("documented")
RELEASES = sorted(path.name for path in DOCUMENTED.iterdir() if path.is_dir())


def cid(number: int) -> str:
    return f"vm-11111111-{number:04}-4000-8000-{number:012}"


def read(release: str, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCUMENTED / release / f"{name}.json").read_text())
    return document


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def test_there_is_a_release_of_each_line() -> None:
    assert {release.partition(".")[0] for release in RELEASES} == {"5", "6", "7"}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("vms", {"apply-addons": [4], "master": [1], "worker": [2, 3]}),
        ("vms-vitals", {"apply-addons": [4], "master": [1], "worker": [2, 3]}),
        (
            "vms-node-pools",
            {"master": [1], "worker-medium-2": [13], "worker-tiny-1": [12], "windows-worker": [14]},
        ),
        ("vms-odd", {"master": [1], "worker": [2, 6]}),
        ("vms-none", {}),
    ],
)
def test_documented_vms(
    bosh: FakeBosh, caplog: pytest.LogCaptureFixture, release: str, name: str, groups: dict[str, list[int]]
) -> None:
    bosh.prints(read(release, name))
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert bosh.client.vms("x") == {
            group: [cid(item) for item in items] for group, items in groups.items()
        }
    without = [line for line in caplog.messages if "has no VM" in line]
    assert len(without) == (2 if name == "vms-odd" else 0)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("unknown", UnknownDeploymentError, r"has no deployment x: .*status code '404'.*doesn't exist"),
        ("rejected", ProviderError, r"rejected client '': .*status code '401'.*Check boshClient"),
        ("busy", TransientError, r"vms infos: Performing request GET .*: Retry: <nil cause>$"),
        ("broken", TransientError, r"status code '500' response .*Internal error"),
        (
            "task",
            TransientError,
            r"state is 'error' Error: Timed out sending 'get_state' to agent-3a0b after 45",
        ),
        ("untrusted", ProviderError, r"certificate signed by unknown authority. Check boshCaCertificateFile"),
        ("unreachable", TransientError, r"dial tcp 10.0.0.10:25555: connect: connection refused$"),
        ("no-environment", ProviderError, r"failed: Expected non-empty Director URL$"),
    ],
)
@pytest.mark.usefixtures("_no_pauses")
def test_documented_errors(
    bosh: FakeBosh, release: str, name: str, kind: type[ProviderError], words: str
) -> None:
    bosh.prints(read(release, "errors")[name], code=1)
    with pytest.raises(ProviderError, match=words) as error:
        bosh.client.vms("x")
    assert type(error.value) is kind
    for frame in ("Using environment", "Exit code", "Task 99", "Duration"):
        assert frame not in str(error.value)
    assert (len(bosh.calls) > 1) is (kind is TransientError)
