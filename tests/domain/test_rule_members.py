"""Which VMs rules hold, and what stands in the way."""

from __future__ import annotations

import pytest

from domain.rule_members import findings, groups, members, others
from domain.vsphere import ComputeCluster, Machine

EAST, WEST = ComputeCluster("c1", "East", 2, True), ComputeCluster("c2", "West", 2, True)


def vm(name: str, cluster: ComputeCluster | None = EAST, *, host: str = "esxi") -> Machine:
    return Machine(name, f"uuid-{name}", cluster, host=host)


def test_a_rule_for_each_cluster_with_two_or_more() -> None:
    kept = members([vm("b"), vm("x", WEST), vm("a"), vm("lost", None)], {"c1": "East", "c2": "West"})
    assert [item["name"] for item in kept] == ["b", "x", "a"]
    assert list(groups(kept)) == [("East", "c1", ["uuid-a", "uuid-b"])]
    assert list(groups(())) == []


@pytest.mark.parametrize(
    ("machines", "found"),
    [
        ([vm("a"), vm("b")], []),
        ([vm("a"), vm("a")], ["datacenter: a (worker): vCenter has several VMs of this name. Set the datac"]),
        ([vm("a", host="")], ["a (worker): vCenter cannot read these VMs; they may be orphaned or inacces"]),
        ([vm("a", None)], ["mode: a (worker): on a host outside of any vSphere cluster, where no rules ex"]),
        ([vm("a"), vm("x", WEST)], ["compute_clusters: the workers run in several vSphere clusters. Set th"]),
        ([vm("a"), vm("b"), vm("c")], ["mode: vSphere cluster East has 2 hosts in service for 3 workers, s"]),
    ],
)
def test_what_stands_in_the_way_of_a_rule(machines: list[Machine], found: list[str]) -> None:
    problems = [str(item) for item in findings("worker", machines, [], [EAST, WEST], "must")]
    assert len(problems) == len(found)
    assert all(problem.startswith(start) for problem, start in zip(problems, found, strict=True))


def test_too_few_hosts_are_a_warning_about_no_property() -> None:
    [finding] = findings("worker", [vm("a"), vm("b"), vm("c")], [], [EAST], "should")
    assert (finding.severity, finding.key) == ("warning", "")


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ([("a", "1"), ("b", "2")], ""),
        ([("z", "9"), ("y", "8"), ("a", "1")], "for y, z"),
        ([("a", "1"), ("o", "")], "with VMs that cannot be read (o)"),
        ([("o", ""), ("z", "9")], "for z and with VMs that cannot be read (o)"),
    ],
)
def test_an_existing_rule_may_hold_other_vms(held: list[tuple[str, str]], words: str) -> None:
    assert others(held, ["1", "2", "3"]) == words
