"""How much of a plan one stack may take, when several stacks share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from capacity.model.assessment import Assessment
from policy.reading import WrongTypeError, integer
from policy.stack_demand import StackDemand

_UNLIMITED = 10**12
"""Imported clusters that fit when no limit is known."""
_FLEET = "rancher-fleet"
"""Project of fleets."""
_SHARED = {
    "applications": "namespaces",
    "importedClusters": "imports",
    "projects": "projects",
    "users": "users",
}
"""Keys of a share, and what they are of a stack's demand."""
_WORDS = {
    "namespaces": "namespaces",
    "imports": "imported clusters",
    "projects": "projects",
    "users": "users",
}

SHARES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "default": {},
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"type": "integer", "minimum": 0} for key in _SHARED},
    },
    "description": (
        "Share of each further stack that takes from the same plan, by `<project>/<stack>`: "
        f"{', '.join(_SHARED)}. Together, and with the server's fleetShares, they must fit the plan; the "
        "stack that owns the cluster has the rest. A stack of another program needs one."
    ),
}


def whole_plan(assessment: Assessment) -> StackDemand:
    """What all stacks together may take. No resource creates the administrator, a user of the plan."""
    demands = assessment.plan.demands
    with_rancher = [demand for demand in demands if demand.rancher_version is not None]
    most = assessment.max_imports
    return StackDemand(
        namespaces=sum(demand.applications for demand in demands),
        imports=_UNLIMITED if most is None else most,
        projects=sum(demand.projects for demand in with_rancher),
        users=sum(max(demand.users - 1, 0) for demand in with_rancher),
    )


def stack_budget(
    whole: StackDemand, shares: Mapping[str, StackDemand], stack: str, *, owner: bool, foreign: bool
) -> StackDemand | None:
    """What one stack may take; None: it has no share.

    Args:
        whole: What all stacks together may take.
        shares: Those of the further stacks.
        stack: ``<project>/<stack>``.
        owner: Whether the stack owns the cluster.
        foreign: Whether the figures are those of another stack: there may be more such stacks, so a share is
            required.
    """
    if owner or not (shares or foreign):
        return whole - total_share(shares)
    return shares.get(stack)


def fleet_shares(assessment: Assessment) -> dict[str, StackDemand]:
    """The shares of fleets that the server's settings name."""
    return {
        f"{_FLEET}/{stack}": StackDemand(
            imports=share.imported_clusters, projects=share.projects, users=share.users
        )
        for demand in assessment.plan.demands
        for stack, share in demand.fleet_shares.items()
    }


def total_share(shares: Mapping[str, StackDemand]) -> StackDemand:
    """The sum of shares."""
    return sum(shares.values(), StackDemand())


def read_shares(document: Mapping[str, Any]) -> dict[str, StackDemand]:
    """The shares of a policy's configuration.

    Raises:
        WrongTypeError: A share is not an object of whole numbers.
    """
    shares = {}
    for stack, share in document.items():
        if not isinstance(share, Mapping):
            raise WrongTypeError(("shares", stack), "an object", share)
        counts = {name: integer(share, key) for key, name in _SHARED.items()}
        found = {name: count for name, count in counts.items() if isinstance(count, int)}
        shares[stack] = replace(StackDemand(), **found)
    return shares


def excess(taken: StackDemand, budget: StackDemand) -> Iterator[tuple[str, int, int]]:
    """What exceeds a budget: the thing in words, how many are taken, how many may be."""
    for name, words in _WORDS.items():
        have, may = getattr(taken, name), max(getattr(budget, name), 0)
        if have > may:
            yield words, have, may
