"""Which figures a plan is judged with, and what the user is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from components.capacity.choice import Choice, choose
from components.capacity.nsx import LoadBalancer, NsxError, Reading
from tests.capacity.test_model import POD_BLOCK, plan

TODAY = date(2026, 11, 23)
BUSY = replace(plan().network, blocks=(replace(POD_BLOCK, subnets_used=31),))


@pytest.mark.parametrize(
    ("measured_at", "age"),
    [
        ("2026-11-23", "of 2026-11-23 (0 days old)"),
        ("2026-11-22", "of 2026-11-22 (1 day old)"),
        ("2026-10-24", "of 2026-10-24 (30 days old)"),
        ("", "of unknown age (set podNetworkMeasuredAt)"),
    ],
)
def test_configured_figures_and_their_age(measured_at: str, age: str) -> None:
    told = f"pod network: judged with the configured figures, {age}"
    assert choose(plan(), None, measured_at, TODAY) == Choice(
        plan(), "configured", (f"{told}; NSX-T is not read",)
    )
    assert choose(plan(), NsxError("timed out"), measured_at, TODAY) == Choice(
        plan(), "configured", warnings=(f"{told}, since NSX-T could not be read: timed out",)
    )


def test_live_figures_are_judged_whatever_was_configured() -> None:
    balancers = (LoadBalancer("medium", 5), LoadBalancer("xlarge", 1))
    choice = choose(plan(imports=40), Reading(BUSY, 23, balancers), "2020-01-01", TODAY)
    assert (choice.plan, choice.source) == (replace(plan(imports=40), network=BUSY), "nsx-t")
    assert choice.warnings == ()
    assert choice.notes == (
        "pod network: judged with the live figures of NSX-T: others use 31 of 256 pod subnets, this cluster "
        "has 23 of the 180 that it plans; medium load balancer: 5 of 100 virtual servers; xlarge load "
        "balancer: 1 of ? virtual servers",
    )


def test_a_cluster_beyond_its_plan() -> None:
    assert choose(plan(imports=40), Reading(BUSY, 180), "", TODAY).warnings == ()
    (warning,) = choose(plan(imports=40), Reading(BUSY, 181), "", TODAY).warnings
    assert "has 181 pod subnets, more than the 180 of its plan" in warning
    assert "raise plannedImportedClusters" in warning
