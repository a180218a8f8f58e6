"""What is made of the answers of the ``bosh`` CLI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.placement import bosh_cli
from components.placement import credentials as access
from components.runtime.errors import ProviderError

DEPLOYMENT = "service-instance_1"


def _row(instance: str, cid: str, **more: str) -> dict[str, str]:
    return {"instance": f"{instance}/0", "process_state": "running", "vm_cid": cid, "active": "true", **more}


ROWS = [_row("worker", "vm-b"), _row("master", "vm-m"), _row("worker", "vm-a")]


class FakeBosh:
    """A ``bosh`` that answers the same each time, and keeps its arguments and its variables."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.access = access.BoshAccess(str(directory / "bosh"), {"BOSH_CLIENT_SECRET": "s3cret"})

    def answers(
        self, *rows: dict[str, str], lines: tuple[str, ...] = (), code: int = 0, more: str = ""
    ) -> None:
        document = {"Tables": [{"Content": "vms", "Rows": rows}] if rows else None, "Lines": list(lines)}
        (self.directory / "answer").write_text(json.dumps(document))
        script = self.directory / "bosh"
        script.write_text(
            f'#!/bin/sh\ncd {self.directory}\necho "call $*" >> arguments\n'
            f"echo $BOSH_CLIENT_SECRET > secret\n{more}\ncat answer\nexit {code}\n"
        )
        script.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return (self.directory / "arguments").read_text().splitlines()

    def cids(self) -> dict[str, list[str]]:
        return bosh_cli.cids(self.access, DEPLOYMENT)


@pytest.fixture
def bosh(tmp_path: Path) -> FakeBosh:
    return FakeBosh(tmp_path)


def test_cids_by_role_whatever_the_columns(bosh: FakeBosh) -> None:
    for more in ({}, {"stemcell": "ubuntu/1"}):
        bosh.answers(*({**row, **more} for row in ROWS))
        assert bosh.cids() == {"master": ["vm-m"], "worker": ["vm-a", "vm-b"]}
    assert bosh.calls[0] == f"call -n -d {DEPLOYMENT} vms --json"
    assert (bosh.directory / "secret").read_text() == "s3cret\n"


def test_errands_vms_without_a_cid_and_inactive_ones_are_left_out(bosh: FakeBosh) -> None:
    bosh.answers(
        *ROWS, _row("apply-addons", "vm-x"), _row("worker", "-"), _row("worker", "vm-old", active="false")
    )
    assert bosh.cids() == {"master": ["vm-m"], "worker": ["vm-a", "vm-b"]}


def test_a_deployment_without_masters_is_no_cluster(bosh: FakeBosh) -> None:
    bosh.answers(_row("worker", "vm-b"))
    with pytest.raises(ProviderError, match="no VM of the instance group master in deployment service-inst"):
        bosh.cids()


_HTTP = "Director responded with non-successful status code '{}' response '{}'"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            _HTTP.format(404, "no s3cret"),
            "knows no deployment service-instance_1: .* response 'no \\*\\*\\*'",
        ),
        (_HTTP.format(401, ""), "rejected client '': .* Set boshClient and boshClientSecret"),
        ("Expected non-empty Director URL", "failed: Expected non-empty Director URL$"),
    ],
)
def test_a_failure_is_one_clear_error(bosh: FakeBosh, line: str, told: str) -> None:
    bosh.answers(lines=("Using environment 'x' as client 'y'", "Task 7", line, "Exit code 1"), code=1)
    with pytest.raises(ProviderError, match=told) as error:
        bosh.cids()
    assert "Exit code" not in str(error.value)
    assert "Task 7" not in str(error.value)
    assert len(bosh.calls) == 1


def test_an_unreachable_director_is_asked_again(bosh: FakeBosh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    refused = '{"Lines": ["dial tcp 10.0.0.3:25555: connect: connection refused", "Exit code 1"]}'
    bosh.answers(*ROWS, more=f"if [ $(wc -l < arguments) -lt 3 ]; then echo '{refused}'; exit 1; fi")
    assert bosh.cids()["master"] == ["vm-m"]
    assert len(bosh.calls) == 3


def test_a_missing_cli_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=r"not on PATH or not executable.*boshCli.*vmSource attributes"):
        bosh_cli.cids(access.BoshAccess(str(tmp_path / "bosh"), {}), DEPLOYMENT)


def test_the_environment_wins_over_the_config() -> None:
    config = {"boshClient": "config", "boshClientSecret": "config", "vsphereServer": "vc", "vsphereUser": "u"}
    found = access.bosh(config.get, {"BOSH_CLIENT": "environment"}, "bosh")
    assert found.variables == {"BOSH_CLIENT": "environment", "BOSH_CLIENT_SECRET": "config"}
    assert "config" not in repr(found)
    vcenter = access.vcenter(config.get, {"VSPHERE_PASSWORD": "hidden", "VSPHERE_SERVER": "other:8989"})
    assert (vcenter.server, vcenter.user) == ("other:8989", "u")
    assert "hidden" not in repr(vcenter)
    with pytest.raises(
        ProviderError, match=r"vspherePassword \(environment variable VSPHERE_PASSWORD\) not set"
    ):
        access.vcenter(config.get, {})
