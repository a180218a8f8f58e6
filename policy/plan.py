"""Whether a plan fits its pod network with a reserve, and what would make it fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.model import figures
from capacity.model.advice import advise
from capacity.model.assessment import Assessment, assess, with_least_reserve
from capacity.model.limits.kind import Limit
from capacity.model.plan import CapacityError


def assessed(document: object, reserve_percent: float) -> Assessment:
    """The assessment of figures, with the larger of their own reserve and the policy's.

    Args:
        document: Document of ``capacity.model.figures``, or the stack output ``podNetwork``, which has one.
        reserve_percent: Share of each limit that must stay free.

    Raises:
        CapacityError: The figures are invalid.
    """
    if not isinstance(document, dict):
        raise CapacityError("they are not an object. Give network and demands")
    plan = figures.from_document(document.get("figures", document))
    return assess(with_least_reserve(plan, int(reserve_percent)))


def problems(assessment: Assessment) -> Iterator[str]:
    """One message for each limit that the plan exceeds: figures, what fits, remedies."""
    advice = advise(assessment)
    for limit in assessment.exceeded:
        remedies = "; or ".join(map(str, advice[limit.name]))
        yield (
            f"{limit.name}: the plan with {assessment.imported_clusters} imported clusters takes "
            f"{limit.planned}, others use {limit.used}, and {limit.reserve} of {limit.capacity} must stay "
            f"free: headroom {limit.headroom}. {fitting(assessment, limit)}. "
            f"Remedy: {remedies or 'plan less, or have the limit raised'}."
        )


def fitting(assessment: Assessment, limit: Limit) -> str:
    """How many imported clusters fit, in words."""
    most = assessment.max_imports
    if not limit.per_import or most is None:
        return "Fewer imported clusters do not help"
    return f"{most} imported clusters fit" if most else "Not even one imported cluster fits"
