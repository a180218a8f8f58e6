"""Which environment is drilled, read from outputs, variables and config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from drill.environment import DrillError, environment, read

OUTPUTS: dict[str, Any] = {
    "contractVersion": 1,
    "clusterName": "rancher",
    "clusterUuid": "0b7b",
    "kubeconfig": "apiVersion: v1 # with a token",
    "vip": "10.50.0.79",
    "caBundle": "PEM",
    "rancherUrl": "https://rancher.example.com:8443",
}
VARIABLES = {"VSPHERE_SERVER": "vc", "VSPHERE_USER": "me", "VSPHERE_PASSWORD": "secret word"}


def _no_config() -> Mapping[str, str]:
    raise AssertionError("the environment has all")


def test_outputs_and_variables_are_enough() -> None:
    found = environment(OUTPUTS, VARIABLES, _no_config, with_vcenter=True)
    assert str(found.endpoint) == "https://rancher.example.com:8443 at 10.50.0.79:8443"
    assert found.deployment == "service-instance_0b7b"
    assert found.vcenter is not None
    assert found.vcenter["server"] == "vc"
    for secret in ("token", "secret word"):
        assert secret not in repr(found)


def test_what_the_variables_lack_is_taken_from_the_config() -> None:
    config = {"vsphereServer": "other", "vspherePassword": "secret", "vsphereDatacenter": "DC0"}
    found = environment(OUTPUTS, {"VSPHERE_USER": "me"}, lambda: config, with_vcenter=True)
    assert found.vcenter is not None
    assert (found.vcenter["server"], found.vcenter["user"], found.datacenter) == ("other", "me", "DC0")


def test_a_pod_alone_needs_no_vcenter() -> None:
    assert environment(OUTPUTS, {}, _no_config, with_vcenter=False).vcenter is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"contractVersion": 2},
            "the stack has version 2 of the output contract, this program reads version 1",
        ),
        (
            {"vip": None, "rancherUrl": None},
            "the stack has no output vip, rancherUrl: Rancher",
        ),
    ],
)
def test_another_stack_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(DrillError, match=re.escape(expected)):
        environment({**OUTPUTS, **changes}, VARIABLES, _no_config, with_vcenter=True)


def test_missing_credentials_of_vcenter_are_named() -> None:
    with pytest.raises(DrillError, match=r"no credentials for vCenter: .*VSPHERE_PASSWORD.* --only pod"):
        environment(OUTPUTS, {"VSPHERE_SERVER": "vc"}, dict, with_vcenter=True)


def test_without_pulumi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DrillError, match="`pulumi` is not on PATH"):
        read("prod", with_vcenter=True)
