"""Namespace sprawl: what single resources and whole stacks may take from the pod network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain import type_tokens as kinds
from policy.sprawl import POD_NETWORK
from policy.sprawl_stack import POD_NETWORK_STACK
from tests.policy.judging import UNKNOWN, Resource, judge, judge_stack


def figures(imports: int = 40, *, applications: int = 0, **network: Any) -> dict[str, Any]:
    """Figures as the engine hands them over: numbers are floats."""
    demand = {
        "rancherVersion": "2.8",
        "importedClusters": float(imports),
        "applications": float(applications),
    }
    return {"network": {"blocks": [{"cidr": "172.16.0.0/16"}], **network}, "demands": [demand]}


def namespace(name: str | None) -> Resource:
    return kinds.NAMESPACE, f"ns-{name}", {"metadata": {} if name is None else {"name": name}}


def sites(count: int) -> list[Resource]:
    return [(kinds.SITE, f"site-{index}", {"cluster_name": f"site-{index}"}) for index in range(count)]


def network(document: object) -> Resource:
    return kinds.POD_NETWORK, "capacity", {"figures": document}


CLUSTER: Resource = (kinds.CLUSTER, "cluster", {})


def plan(document: object, **config: Any) -> list[str]:
    return judge(POD_NETWORK, kinds.POD_NETWORK, {"figures": document, "source": UNKNOWN}, **config)


def test_a_plan_that_fits_passes() -> None:
    assert plan(figures(52)) == []


def test_a_plan_beyond_the_block_is_refused_with_figures_and_remedies() -> None:
    [message] = plan(figures(53))
    for part in (
        "53 imported clusters takes 232",
        "25 of 256 have to stay free: headroom -1",
        "52 imported clusters fit",
        "pod_subnet_prefix: 25",
        "1 further pod IP block",
        "52 imported clusters instead of 53",
    ):
        assert part in message


@pytest.mark.parametrize(("reserve", "most"), [(0, 59), (10, 52), (50, 27)])
def test_the_reserve_stays_free(reserve: int, most: int) -> None:
    assert plan(figures(most), reservePercent=float(reserve)) == []
    assert plan(figures(most + 1), reservePercent=float(reserve))


def test_a_larger_reserve_of_the_figures_holds() -> None:
    assert "38 of 256 have to stay free" in plan(figures(52, reservePercent=15.0))[0]


def test_hundreds_of_clusters_are_told_the_prefix_that_holds_them() -> None:
    [message] = plan(figures(300))
    assert "pod_subnet_prefix: 27" in message


def test_every_limit_is_judged() -> None:
    document = figures(40, topology="dedicated", tier1Limit=100.0, floatingIps=50.0)
    assert [message.split(":")[0] for message in plan(document)] == ["floating IPs", "Tier-1 routers"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (figures(40, subnetPrefix=8.0), "smaller than one subnet"),
        (figures(-1), "must not be negative"),
        (figures(40, blocks=[{"cidr": "172.16.0.0/16", "subnetsUsed": 300.0}]), "it holds only 256"),
        ({**figures(), "demands": [{"rancherVersion": "9.9"}]}, "rancherVersion 9.9"),
        (None, "must be an object"),
        ("many", "must be an object"),
    ],
)
def test_figures_that_cannot_be_right_are_refused(document: object, reason: str) -> None:
    [message] = plan(document)
    assert "cannot be right" in message
    assert reason in message


@pytest.mark.parametrize(
    "document", [UNKNOWN, figures(40, subnetPrefix=UNKNOWN), {**figures(), "demands": UNKNOWN}]
)
def test_unknown_figures_are_refused_instead_of_passed(document: object) -> None:
    [message] = plan(document)
    assert "not known at preview" in message


@pytest.mark.parametrize(
    ("name", "declared", "accepted"),
    [
        ("cattle-system", ["cattle-system"], True),
        ("team-a", ["cattle-system"], False),
        ("team-a", ["team-*"], True),
        ("Team-a", ["team-*"], False),
        (None, ["*"], False),
        (UNKNOWN, ["cattle-system"], True),
    ],
)
def test_only_declared_namespaces(name: str | None, declared: list[str], accepted: bool) -> None:
    kind, resource, props = namespace(name)
    found = judge(POD_NETWORK, kind, props, name=resource, namespaces=declared)
    assert (found == []) is accepted
    assert all("not declared" in message and declared[0] in message for message in found)


def test_namespaces_with_unknown_metadata_wait_for_the_update() -> None:
    assert judge(POD_NETWORK, kinds.NAMESPACE, {"metadata": UNKNOWN}) == []


@pytest.mark.parametrize(
    ("props", "accepted"),
    [
        ({"createNamespace": True, "namespace": "tools"}, False),
        ({"createNamespace": True, "namespace": UNKNOWN}, False),
        ({"createNamespace": False}, True),
        ({}, True),
        ({"createNamespace": UNKNOWN}, True),
    ],
)
def test_no_namespace_on_the_side_of_a_release(props: dict[str, Any], accepted: bool) -> None:
    found = judge(POD_NETWORK, kinds.RELEASE, props)
    assert (found == []) is accepted
    assert all("createNamespace to false" in message for message in found)


def test_the_stack_of_the_server_passes() -> None:
    resources = [CLUSTER, network(figures()), namespace("cattle-system")]
    assert judge_stack(POD_NETWORK_STACK, resources) == []


def test_a_cluster_without_figures_is_refused() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, [CLUSTER, namespace("cattle-system")])
    assert "Set podNetwork in its config" in message
    assert judge_stack(POD_NETWORK_STACK, [CLUSTER], requireFigures=False) == []


@pytest.mark.parametrize("name", ["team-b", UNKNOWN, None])
def test_more_namespaces_than_the_budget_are_refused(name: str | None) -> None:
    resources = [network(figures(applications=1)), namespace("cattle-system"), namespace("team-a")]
    assert judge_stack(POD_NETWORK_STACK, resources) == []
    [message] = judge_stack(POD_NETWORK_STACK, [*resources, namespace(name)])
    assert "makes 2 namespaces of its own, its plan has 1" in message
    assert "to 2" in message


def test_a_fleet_imports_what_the_server_has_room_for() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(52)]) == []
    [message] = judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(55)])
    assert "imports 55 clusters, 52 imported clusters fit: 3 too many" in message
    assert "advise --clusters 55" in message


def test_a_fleet_without_figures_is_refused() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, sites(2))
    assert "2 imported clusters, and nothing tells" in message


def test_a_fleet_with_unknown_figures_is_left_to_the_rule_for_its_figures() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network(UNKNOWN), *sites(2)]) == []


def test_unfit_figures_in_the_stack_are_told_once_by_their_resource() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network({"network": {}}), *sites(2)]) == []


def test_a_foreign_stack_is_judged_by_figures_in_the_configuration() -> None:
    apps = [namespace("team-a"), namespace("team-b")]
    fitting, tight = figures(40, applications=2), figures(60, applications=1)
    assert judge_stack(POD_NETWORK_STACK, apps, figures=fitting) == []
    plan_message, count_message = judge_stack(POD_NETWORK_STACK, apps, figures=tight)
    assert "headroom -30. 52 imported clusters fit" in plan_message
    assert "1 too many" in count_message


def test_a_foreign_stack_is_judged_by_a_file_of_the_owners_output(tmp_path: Path) -> None:
    file = tmp_path / "pod-network.json"
    file.write_text(json.dumps({"capacity": 256, "figures": figures(40, applications=1)}))
    assert judge_stack(POD_NETWORK_STACK, [namespace("a")], figuresFile=str(file)) == []
    assert judge_stack(POD_NETWORK_STACK, [namespace("a"), namespace("b")], figuresFile=str(file))


@pytest.mark.parametrize("content", [None, "not json", "[]"])
def test_a_file_without_figures_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "pod-network.json"
    if content is not None:
        file.write_text(content)
    [message] = judge_stack(POD_NETWORK_STACK, [namespace("a")], figuresFile=str(file))
    assert "cannot be right" in message


def test_a_stack_that_has_nothing_to_do_with_it_passes() -> None:
    assert judge_stack(POD_NETWORK_STACK, [("random:index/randomPet:RandomPet", "pet", {})]) == []
