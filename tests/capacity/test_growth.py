"""Role bindings and etcd of a Rancher: limits beside those of the network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.model.advice import advise
from capacity.model.assessment import assess
from capacity.model.limits import ETCD, POD_SUBNETS, ROLE_BINDINGS
from capacity.model.limits.role_bindings import documented_minimum
from capacity.model.namespaces import with_imports
from capacity.model.plan import Block, CapacityError, Demand, Network, Plan
from capacity.report.metrics import exposition
from capacity.report.tables import as_markdown, document
from domain.rancher_growth import CLUSTER_ROLE_BINDINGS_AT_START, Counts
from tests.capacity.test_model import plan

BINDINGS, MB = f"{ROLE_BINDINGS.name} of rancher", f"{ETCD.name} of rancher"
WIDE = Network(blocks=(Block(cidr="10.0.0.0/8"),), subnet_prefix=27)
"""Room for namespaces without end."""


def rancher(imports: int = 0, **figures: Any) -> Plan:
    return Plan(network=WIDE, demands=(Demand(rancher_version="2.15", imported_clusters=imports, **figures),))


def test_e8_what_was_measured_on_a_real_server() -> None:
    """10 clusters, 5 users, 5 projects, a member in each: 11 to 205 RoleBindings, 58 to 93 of clusters."""
    counts = Counts(clusters=10, projects=5, users=5, cluster_members=5, project_members=5)
    assert counts.cost.role_bindings + 11 == 205
    assert counts.cost.cluster_role_bindings + CLUSTER_ROLE_BINDINGS_AT_START == 93
    assert Counts(clusters=1).cost.keys == 52
    assert Counts(clusters=1).cost.etcd_mb == Fraction("0.33")


@pytest.mark.parametrize(
    ("figures", "bindings", "megabytes"),
    [
        ({}, 11, 0),
        ({"imports": 10}, 11 + 128, 4),
        ({"imports": 10, "users_per_cluster": 3}, 11 + 128 + 60, 5),
        ({"imports": 10, "projects": 5, "users_per_project": 2}, 11 + 128 + 26 + 40, 5),
        ({"users": 6}, 11 + 10, 1),
        ({"imports": 100, "etcd_start_mb": 60}, 11 + 1280, 60 + 33),
    ],
)
def test_e8_what_a_plan_takes(figures: dict[str, Any], bindings: int, megabytes: int) -> None:
    found = assess(rancher(**figures))
    assert (found.limit(BINDINGS).planned, found.limit(MB).planned) == (bindings, megabytes)
    assert (found.limit(BINDINGS).capacity, found.limit(MB).capacity) == (60_000, 2048)


def test_e8_a_cluster_without_rancher_has_neither_limit() -> None:
    assert all(limit.kind not in {ROLE_BINDINGS, ETCD} for limit in assess(plan(None)).limits)


@pytest.mark.parametrize(
    ("demand", "count"),
    [
        (Demand(rancher_version="2.8", users=0), 32 + 8 * 2),
        (Demand(rancher_version="2.8", imported_clusters=10, users=5), 32 * 11 + 5 + 8 * 22),
        (
            Demand(
                rancher_version="2.8",
                imported_clusters=10,
                users=5,
                projects=5,
                users_per_cluster=3,
                users_per_project=2,
            ),
            32 * 11 + 5 + 2 * 3 * 11 + 8 * 27 + 5 * 2,
        ),
    ],
)
def test_e8_role_bindings_by_the_documented_formula(demand: Demand, count: int) -> None:
    assert documented_minimum(demand) == count
    shown = as_markdown(assess(Plan(network=WIDE, demands=(demand,))))
    assert f"SUSE documents at least {count:,}" in shown


def test_e8_the_limit_that_is_met_first_and_when() -> None:
    [demand] = plan(imports=40).demands
    network = assess(replace(plan(), demands=(replace(demand, imports_per_month=5),)))
    assert network.first_limit is not None
    assert network.first_limit.name == POD_SUBNETS.name
    assert network.months_left(network.first_limit) == 19 // 5
    shown = as_markdown(network)
    assert "At 5 a month, pod subnets last 3 months from the deployed plan on." in shown
    assert "Next, number 4687 runs out of role bindings of rancher." in shown

    bindings = assess(rancher(imports_per_month=100))
    assert bindings.first_limit is not None
    assert bindings.first_limit.name == BINDINGS
    assert bindings.max_imports == int((60_000 - 11) / 12.8)
    assert bindings.months_left(bindings.first_limit) == 46
    members = assess(rancher(users_per_cluster=10))
    assert members.max_imports == int((60_000 - 11) / 32.8)
    small = assess(rancher(etcd_quota_mb=100))
    assert (small.first_limit, small.max_imports) == (small.limit(MB), int(100 / 0.33))


def test_e8_the_rate_is_unknown_or_the_limit_exceeded() -> None:
    unknown = assess(rancher(10))
    assert unknown.months_left(unknown.limit(BINDINGS)) is None
    assert "a month" not in as_markdown(unknown)
    over = assess(rancher(5000, imports_per_month=1))
    assert over.months_left(over.limit(BINDINGS)) == 0


def test_e8_a_plan_beyond_them_gets_advice_that_helps() -> None:
    found = assess(rancher(6000, users_per_cluster=1))
    advice = advise(found)
    assert set(advice) == {BINDINGS, MB}
    for remedies in advice.values():
        assert remedies
        for remedy in remedies:
            assert assess(remedy.plan).limit(remedy.limit).headroom >= 0, remedy
            assert remedy.running
    assert "quota-backend-bytes: 4294967296 (4 GB)" in str(advice[MB][0])
    crowded = assess(rancher(2000, users_per_cluster=40))
    assert "one group instead of several users" in str(advise(crowded)[BINDINGS][0])


def test_e8_what_lies_beyond_the_largest_etcd_only_fewer_imports_lift() -> None:
    [remedy] = advise(assess(rancher(30_000)))[MB]
    assert "imported clusters instead of 30000" in str(remedy)
    with pytest.raises(CapacityError, match="etcdQuotaMb: larger than 8192"):
        rancher(etcd_quota_mb=8193)


def test_e8_each_rancher_has_its_own_and_the_second_one_counts() -> None:
    """Removed clusters are taken from the first Rancher, then from the next; further ones go to the first."""
    first = Demand(name="first", rancher_version="2.15", imported_clusters=10)
    second = replace(first, name="second", imported_clusters=4700)
    found = assess(Plan(network=WIDE, demands=(first, second)))
    assert [limit.name for limit in found.exceeded] == ["role bindings of second"]
    missing = 4700 - int((60_000 - 11) / 12.8)
    assert found.imports_left(found.limit("role bindings of second")) == -(10 + missing)
    assert found.imports_left(found.limit("MB in etcd of second")) is None
    assert found.max_imports == 4700 - missing
    assert assess(with_imports(found.plan, found.max_imports)).fits
    assert not assess(with_imports(found.plan, found.max_imports + 1)).fits
    assert "4686 imported clusters instead of 4700 on second" in str(
        advise(found)["role bindings of second"][0]
    )


@given(
    st.fixed_dictionaries(
        {
            "imports": st.integers(0, 9000),
            "users_per_cluster": st.integers(0, 30),
            "projects": st.integers(0, 200),
            "users": st.integers(0, 9),
            "etcd_quota_mb": st.integers(100, 8192),
        }
    ),
    st.integers(0, 30),
)
def test_e8_the_last_import_that_fits_is_the_last(figures: dict[str, int], reserve: int) -> None:
    candidate = replace(rancher(**figures), network=replace(WIDE, reserve_percent=reserve))
    most = assess(candidate).max_imports
    assert most is not None
    assert assess(with_imports(candidate, most)).fits
    assert not assess(with_imports(candidate, most + 1)).fits


def test_e8_reports_and_metrics_have_them_by_the_same_labels() -> None:
    found = assess(rancher(40, imports_per_month=2))
    named = {limit["name"]: limit for limit in json.loads(json.dumps(document(found)))["limits"]}
    assert named[BINDINGS]["importsLeft"] == 4646
    assert named[BINDINGS]["monthsLeft"] == 2323
    text = exposition(found, stack="prod", measured_at=None, exported_at=datetime.now(UTC))
    for name, value in (("capacity", "60000.0"), ("planned", "523.0"), ("months_left", "2323.0")):
        assert f'rancher_pks_limit_{name}{{limit="role bindings of rancher",stack="prod"}} {value}' in text
    assert 'limit_capacity{limit="MB in etcd of rancher",stack="prod"} 2048.0' in text
