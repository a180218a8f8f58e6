"""Which rules the component declares for which VMs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.placement.anti_affinity import AntiAffinity, AntiAffinityArgs
from components.placement.vsphere_objects import RULE
from domain.placement import Placement
from tests.mocks import RecordingMocks, with_engine

MACHINES = "placement:VirtualMachines"


@pytest.fixture(autouse=True)
def no_access(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VSPHERE_SERVER", "VSPHERE_USER", "VSPHERE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def _machines(*places: str) -> list[dict[str, str]]:
    return [
        {"name": f"vm-{index}", "uuid": f"uuid-{index}", "cluster": place, "cluster_id": f"domain-{place}"}
        for index, place in enumerate(places)
    ]


def _mocks(masters: Sequence[str], workers: Sequence[str]) -> RecordingMocks:
    def outputs(args: MockResourceArgs) -> dict[str, Any]:
        if args.typ.endswith("placement:VmCids"):
            return {"masters": ["vm-m"], "workers": ["vm-w"]}
        if args.typ.endswith(MACHINES):
            return {"machines": _machines(*(masters if args.inputs["role"] == "master" else workers))}
        return {}

    return RecordingMocks(outputs)


def _declare(opts: pulumi.ResourceOptions | None = None, **changes: Any) -> AntiAffinity:
    values = {"mode": "should", "source": "bosh", "masters": 3, "workers": 3, **changes}
    access: Mapping[str, Any] = {"server": "vc", "user": "u", "password": "p"}
    args = AntiAffinityArgs(
        placement=Placement(**values), cluster_name="one", cluster_uuid="1-2", triggers=(7,), **access
    )
    return AntiAffinity("placement", args, opts)


def _rules(mocks: RecordingMocks) -> dict[str, tuple[str, str, list[str]]]:
    return {
        name: (inputs["name"], inputs["computeClusterId"], inputs["virtualMachineIds"])
        for kind, name, inputs in mocks.registered
        if kind == RULE
    }


def _tested(check: Callable[[], pulumi.Output[Any]]) -> None:
    with_engine(check)()


def test_a_rule_for_masters_and_one_for_workers() -> None:
    mocks = _mocks(["a", "a", "a"], ["a", "a", "a"])

    def check() -> pulumi.Output[Any]:
        def check_rules(rules: object) -> None:
            assert rules == {"a": ["one PKS cluster", "one PKS cluster workers"]}

        return _declare(mode="must").rules.apply(check_rules)

    _tested(check)
    uuids = ["uuid-0", "uuid-1", "uuid-2"]
    assert not any(request.ignoreChanges for request in mocks.requests.values())
    assert _rules(mocks) == {
        "placement-masters-rule": ("one PKS cluster", "domain-a", uuids),
        "placement-workers-rule": ("one PKS cluster workers", "domain-a", uuids),
    }
    assert mocks.inputs(RULE, "placement-masters-rule")["mandatory"] is True
    assert mocks.types().count("placement:VmCids") == 1
    cids = mocks.inputs("pulumi-python:dynamic/placement:VmCids", "placement-cids")
    assert cids["deployment"] == "service-instance_1-2"
    assert cids["triggers"] == [3, 3, 7]
    provider = mocks.inputs("pulumi:providers:vsphere", "placement-vcenter")
    assert provider["allowUnverifiedSsl"] == "false"
    assert provider["user"] == "u"


def test_r1_rules_that_go_with_the_cluster_are_not_deleted_for_themselves() -> None:
    """The plugin deletes without looking, and vCenter refuses a rule that is gone, each time."""
    mocks = _mocks(["a", "a", "a"], ["a", "a"])

    def check() -> pulumi.Output[Any]:
        cluster = pulumi.ComponentResource("test:x:Cluster", "cluster")
        return _declare(opts=pulumi.ResourceOptions(deleted_with=cluster)).rules

    _tested(check)
    for name in _rules(mocks):
        assert mocks.requests[name].deletedWith.endswith("::cluster")


def test_rules_change_one_after_the_other() -> None:
    """The real plugin, asked for two at a time, may wait for one until its deadline."""
    mocks = _mocks(["a", "a", "b", "b"], ["b", "b"])
    _tested(lambda: _declare(compute_clusters=("a", "b")).rules)
    waits = {
        name: {urn.rpartition("::")[2] for urn in request.dependencies if RULE in urn}
        for name, request in mocks.requests.items()
        if name.startswith("placement-") and "-rule-" in name
    }
    assert waits == {
        "placement-masters-rule-a": set(),
        "placement-masters-rule-b": {"placement-masters-rule-a"},
        "placement-workers-rule-b": {"placement-masters-rule-b"},
    }


def test_a_rule_a_vsphere_cluster_and_none_for_a_lone_vm() -> None:
    mocks = _mocks(["a", "b", "a"], ["b", "c"])
    _tested(lambda: _declare(compute_clusters=("a", "b", "c")).rules)
    assert _rules(mocks) == {
        "placement-masters-rule-a": ("one PKS cluster", "domain-a", ["uuid-0", "uuid-2"])
    }
    mocks = _mocks(["a"], ["a"])
    _tested(lambda: _declare(masters=1, workers=1).rules)
    assert _rules(mocks) == {}


def test_without_bosh_the_vms_are_found_by_their_attributes() -> None:
    mocks = _mocks(["a", "a"], ["a", "a"])
    _tested(lambda: _declare(source="attributes").rules)
    assert "placement:VmCids" not in mocks.types()
    given = mocks.inputs(f"pulumi-python:dynamic/{MACHINES}", "placement-workers")
    assert given.get("names") is None
    assert given["source"] == "attributes"
    assert given["triggers"] == [3, 3, 7]


def test_what_the_environment_has_stays_out_of_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSPHERE_PASSWORD", "other")
    mocks = _mocks(["a", "a"], ["a", "a"])
    _tested(lambda: _declare().rules)
    provider = mocks.inputs("pulumi:providers:vsphere", "placement-vcenter")
    assert (provider["vsphereServer"], provider["user"]) == ("vc", "u")
    assert "password" not in provider


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"placement-masters-rule", "placement-workers-rule"}),
        ({"masters": 1}, {"placement-workers-rule"}),
        ({"compute_clusters": ("a", "b", "c")}, set()),
        (
            {"compute_clusters": ("a", "b"), "masters": 1},
            {"placement-workers-rule-a", "placement-workers-rule-b"},
        ),
    ],
)
def test_a_preview_that_does_not_know_the_vms_shows_what_the_config_lets_expect(
    changes: dict[str, Any], expected: set[str]
) -> None:
    mocks = RecordingMocks(preview=True)
    _tested(lambda: _declare(**changes).rules)
    assert _rules_names(mocks) == expected
    # Otherwise the unknown vSphere cluster would show as a replacement.
    for name in expected:
        # The masters of the same cluster stay.
        kept = ["virtualMachineIds"] if "masters" in name else []
        assert list(mocks.requests[name].ignoreChanges) == ["computeClusterId", *kept]


def _rules_names(mocks: RecordingMocks) -> set[str]:
    return {name for kind, name, _ in mocks.registered if kind == RULE}
