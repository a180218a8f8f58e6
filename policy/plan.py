"""Whether a plan fits its pod network with a reserve, and what would make it fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from capacity.model import figures
from capacity.model.advice import advise
from capacity.model.assessment import Assessment, Limit, assess
from capacity.model.plan import CapacityError


def assessed(document: object, reserve_percent: float) -> Assessment:
    """The assessment of figures, with the larger of the figures' own reserve and that of the policy.

    Args:
        document: Document of ``capacity.model.figures``, or the stack output ``podNetwork``, which holds one.
        reserve_percent: Share of each limit that has to stay free.

    Raises:
        CapacityError: The figures cannot be right.
    """
    if not isinstance(document, dict):
        raise CapacityError("they must be an object with network and demands")
    plan = figures.from_document(_inner(document))
    reserve = max(int(reserve_percent), plan.network.reserve_percent)
    return assess(replace(plan, network=replace(plan.network, reserve_percent=reserve)))


def problems(assessment: Assessment) -> Iterator[str]:
    """One message for each limit that the plan breaks: figures, what fits, remedies."""
    advice = advise(assessment)
    for limit in assessment.exceeded:
        remedies = [str(item) for item in advice if item.limit == limit.name]
        yield (
            f"{limit.name}: the plan with {assessment.imported_clusters} imported clusters takes "
            f"{limit.planned}, others use {limit.used}, and {limit.reserve} of {limit.capacity} have to stay "
            f"free: headroom {limit.headroom}. {fitting(assessment, limit)}. "
            f"Remedy: {'; or '.join(remedies) or 'plan less, or have the limit raised'}."
        )


def fitting(assessment: Assessment, limit: Limit) -> str:
    """How many imported clusters fit, in words."""
    most = assessment.max_imports
    if not limit.per_import or most is None:
        return "Fewer imported clusters would not help"
    return f"{most} imported clusters fit" if most else "Not even one imported cluster fits"


def _inner(document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get("figures", document)
    if not isinstance(inner, dict):
        raise CapacityError("figures must be an object with network and demands")
    return inner
