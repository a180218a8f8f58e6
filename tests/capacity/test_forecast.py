"""What Rancher itself grows to with a plan."""

from __future__ import annotations

import json

import pytest

from capacity.model.assessment import assess
from capacity.model.forecast import forecasts, role_bindings
from capacity.model.plan import Demand
from capacity.report.tables import as_markdown, document
from tests.capacity.test_model import plan


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
    assert role_bindings(demand) == count


def test_e8_both_limits_are_forecast_beside_the_pod_subnets() -> None:
    calm = assess(plan(imports=40))
    assert [item.exceeded for item in forecasts(calm.plan)] == [False, False]
    assert "role bindings, at least 1,969 of 60,000 (enough room)" in as_markdown(calm)
    assert len(json.loads(json.dumps(document(calm)))["forecasts"]) == 2
    busy = assess(plan(imports=10_000, prefix=30))
    assert [item.exceeded for item in forecasts(busy.plan)] == [True, True]
    assert "MB of etcd, about 3,300 of 2,048 (too many: raise quota-backend-bytes" in as_markdown(busy)
    assert list(forecasts(plan(None))) == []
