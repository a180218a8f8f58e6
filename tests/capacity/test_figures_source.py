"""Which figures a plan is judged by, and what the user reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from capacity.model.figures_source import SourcedPlan, choose
from capacity.model.nsx.inventory import LoadBalancer
from capacity.model.nsx.reading import Reading
from components.runtime.errors import ProviderError
from tests.capacity.test_model import POD_BLOCK, plan

TODAY = date(2026, 11, 23)
BUSY = replace(plan().network, blocks=(replace(POD_BLOCK, subnets_used=31),))


@pytest.mark.parametrize(
    ("measured_at", "age"),
    [
        ("2026-11-23", "of 2026-11-23 (0 days old)"),
        ("2026-11-22", "of 2026-11-22 (1 day old)"),
        ("2026-10-24", "of 2026-10-24 (30 days old)"),
        ("", "of unknown age"),
    ],
)
def test_configured_figures_and_their_age(measured_at: str, age: str) -> None:
    message = f"pod network: judged by the configured figures, {age}"
    assert choose(plan(), None, measured_at, TODAY) == SourcedPlan(
        plan(), "configured", (f"{message}; NSX-T is not read",)
    )
    assert choose(plan(), ProviderError("timed out"), measured_at, TODAY) == SourcedPlan(
        plan(), "configured", warnings=(f"{message}, because NSX-T cannot be read: timed out",)
    )


def test_live_figures_replace_the_configured_ones() -> None:
    balancers = (LoadBalancer("medium", 5), LoadBalancer("xlarge", 1))
    choice = choose(plan(imports=40), Reading(BUSY, 23, balancers), "2020-01-01", TODAY)
    assert (choice.plan, choice.source) == (replace(plan(imports=40), network=BUSY), "nsx-t")
    assert choice.warnings == ()
    assert choice.notes == (
        "pod network: judged by the live figures of NSX-T (manager API): others use 31 of 256 pod subnets, "
        "this cluster has 23 of its 180 planned ones; medium load balancer: 5 of 100 virtual servers; "
        "xlarge load balancer: 1 of ? virtual servers",
    )


def test_a_cluster_beyond_its_plan() -> None:
    assert choose(plan(imports=40), Reading(BUSY, 180), "", TODAY).warnings == ()
    (warning,) = choose(plan(imports=40), Reading(BUSY, 181), "", TODAY).warnings
    assert "has 181 pod subnets, more than the 180 of its plan" in warning
    assert "Raise the planned imported clusters" in warning
