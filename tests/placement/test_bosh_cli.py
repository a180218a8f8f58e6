"""The VMs that the ``bosh`` CLI reports."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from components.placement.bosh_cli import Bosh
from components.placement.credentials import BOSH, VSPHERE
from components.placement.vm_cids import VmCidsProvider
from components.runtime.errors import ProviderError

DEPLOYMENT = "service-instance_1"


def _no_config(_: str) -> None:
    return None


def _row(instance: str, cid: str, **more: str) -> dict[str, str]:
    return {"instance": f"{instance}/0", "process_state": "running", "vm_cid": cid, "active": "true", **more}


ROWS = [_row("worker", "vm-b"), _row("master", "vm-m"), _row("worker", "vm-a")]


class FakeBosh:
    """A ``bosh`` that answers the same each time, and keeps its arguments and its variables."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        login = BOSH.read({"boshClientSecret": "s3cret"}.get, {})
        self.client = Bosh(str(directory / "bosh"), login)

    def answers(
        self, *rows: dict[str, str], lines: tuple[str, ...] = (), code: int = 0, more: str = ""
    ) -> None:
        tables = [{"Content": "vms", "Rows": rows}] if rows else None
        self.prints({"Tables": tables, "Lines": list(lines)}, code=code, more=more)

    def prints(self, document: dict[str, Any], *, code: int = 0, more: str = "") -> None:
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

    def cids(self) -> dict[str, Any]:
        provider = VmCidsProvider()
        provider.bosh = lambda executable: self.client  # type: ignore[method-assign]
        return provider.apply({"deployment": DEPLOYMENT, "executable": "bosh"}, {})


@pytest.fixture
def bosh(tmp_path: Path) -> FakeBosh:
    return FakeBosh(tmp_path)


def test_cids_by_role_whatever_the_columns(bosh: FakeBosh) -> None:
    for more in ({}, {"stemcell": "ubuntu/1"}):
        bosh.answers(*({**row, **more} for row in ROWS))
        assert bosh.cids() == {"masters": ["vm-m"], "workers": ["vm-a", "vm-b"]}
    assert bosh.calls[0] == f"call -n -d {DEPLOYMENT} vms --json"
    assert (bosh.directory / "secret").read_text() == "s3cret\n"


def test_errands_and_inactive_vms_are_left_out(bosh: FakeBosh) -> None:
    bosh.answers(*ROWS, _row("apply-addons", "vm-x"), _row("worker", "vm-old", active="false"))
    assert bosh.cids() == {"masters": ["vm-m"], "workers": ["vm-a", "vm-b"]}


def test_a_deployment_without_masters_is_an_error(bosh: FakeBosh) -> None:
    bosh.answers(_row("worker", "vm-b"))
    with pytest.raises(
        ProviderError,
        match=r"no VMs of the masters in deployment .*; its instance groups are worker",
    ):
        bosh.cids()


_HTTP = "Director responded with non-successful status code '{}' response '{}'"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            _HTTP.format(404, "no s3cret"),
            r"has no deployment service-instance_1: .* response 'no \[secret\]'",
        ),
        (
            _HTTP.format(401, ""),
            r"rejected client '': .* Check boshClient \(environment variable BOSH_CLIENT\), boshClientSecret",
        ),
        ("Expected non-empty Director URL", "failed: Expected non-empty Director URL$"),
    ],
)
def test_a_failure_is_one_clear_error(bosh: FakeBosh, line: str, words: str) -> None:
    bosh.answers(lines=("Using environment 'x' as client 'y'", "Task 7", line, "Exit code 1"), code=1)
    with pytest.raises(ProviderError, match=words) as error:
        bosh.cids()
    assert "Exit code" not in str(error.value)
    assert "Task 7" not in str(error.value)
    assert len(bosh.calls) == 1


def test_an_unreachable_director_is_asked_again(bosh: FakeBosh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    refused = '{"Lines": ["dial tcp 10.0.0.3:25555: connect: connection refused", "Exit code 1"]}'
    bosh.answers(*ROWS, more=f"if [ $(wc -l < arguments) -lt 3 ]; then echo '{refused}'; exit 1; fi")
    assert bosh.cids()["masters"] == ["vm-m"]
    assert len(bosh.calls) == 3


def test_a_missing_cli_names_the_alternatives(tmp_path: Path) -> None:
    client = Bosh(str(tmp_path / "bosh"), BOSH.read(_no_config, {}))
    with pytest.raises(ProviderError, match=r"not on PATH or not executable.*source `attributes`") as error:
        client.vms(DEPLOYMENT)
    assert error.value.properties == ("executable",)


def test_a1_workers_in_node_pools_are_workers(bosh: FakeBosh, caplog: pytest.LogCaptureFixture) -> None:
    bosh.answers(*ROWS, _row("worker-tiny-1", "vm-c"), _row("worker-medium-2", "vm-d"))
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert bosh.cids()["workers"] == ["vm-a", "vm-b", "vm-c", "vm-d"]
    assert caplog.text == ""


def test_a1_no_vm_is_lost_without_a_warning(bosh: FakeBosh, caplog: pytest.LogCaptureFixture) -> None:
    bosh.answers(
        *ROWS,
        *(_row(group, f"vm-{group}") for group in ("windows-worker", "windows-worker-a", "strange")),
        _row("worker", "-"),
    )
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert bosh.cids() == {"masters": ["vm-m"], "workers": ["vm-a", "vm-b"]}
    for words in (
        "no anti-affinity rule holds the 1 VM of the Windows pool windows-worker. ",
        "holds the 1 VM of the Windows pool windows-worker-a. ",
        "holds the 1 VM of the instance group strange. ",
        "instance worker/0 of service-instance_1 has no VM",
    ):
        assert words in caplog.text


def test_an_unknown_deployment_is_gone_at_a_refresh(bosh: FakeBosh) -> None:
    provider = VmCidsProvider()
    provider.bosh = lambda executable: bosh.client  # type: ignore[method-assign]
    known = {"deployment": DEPLOYMENT, "executable": "bosh", "triggers": [3], "masters": [], "workers": []}
    bosh.answers(*ROWS)
    assert (provider.read(DEPLOYMENT, known).outs or {})["masters"] == ["vm-m"]
    bosh.answers(lines=(_HTTP.format(404, ""),), code=1)
    assert provider.read(DEPLOYMENT, known).id == ""


def test_a_status_counts_only_where_it_is_a_status(bosh: FakeBosh) -> None:
    bosh.answers(lines=("Task '404' failed: the VM '401' is unknown",), code=1)
    with pytest.raises(ProviderError, match="failed: Task '404'") as error:
        bosh.cids()
    assert type(error.value) is ProviderError


def test_other_variables_of_the_process_stay_here(bosh: FakeBosh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSPHERE_PASSWORD", "hidden")
    monkeypatch.setenv("BOSH_ALL_PROXY", "ssh+socks5://jump:22")
    bosh.answers(*ROWS, more="env > variables")
    Bosh(str(bosh.directory / "bosh"), BOSH.read(_no_config, {})).vms(DEPLOYMENT)
    variables = (bosh.directory / "variables").read_text()
    assert "BOSH_ALL_PROXY=ssh+socks5://jump:22" in variables
    assert "hidden" not in variables


def test_keys_and_variables_of_the_credentials() -> None:
    assert [BOSH.key(field.name) for field in BOSH.fields] == [
        "boshEnvironment",
        "boshClient",
        "boshClientSecret",
        "boshCaCertificateFile",
    ]
    assert VSPHERE.where("server", "password") == (
        "vsphereServer (environment variable VSPHERE_SERVER), "
        "vspherePassword (environment variable VSPHERE_PASSWORD)"
    )
