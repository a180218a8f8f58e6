"""A plan's assessment as a table, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from capacity.advice import advise
from capacity.assessment import Assessment, Limit, namespace_count
from capacity.figures import to_document

_HEADER = ("limit", "capacity", "used", "planned", "headroom", "taken", "imports left")
"""``used`` is by others than the plan; ``imports left`` what fits beyond the plan."""


def document(assessment: Assessment, *, running: bool = False) -> dict[str, Any]:
    """Everything about a plan, JSON-safe."""
    first = assessment.first_limit
    return {
        "fits": assessment.fits,
        "importedClusters": assessment.imported_clusters,
        "maxImportedClusters": assessment.max_imports,
        "firstLimit": first.name if first else None,
        "namespaces": {demand.name: namespace_count(demand) for demand in assessment.plan.demands},
        "limits": [
            {
                "name": limit.name,
                "capacity": limit.capacity,
                "used": limit.used,
                "planned": limit.planned,
                "headroom": limit.headroom,
                "utilisation": round(limit.utilisation, 4),
                "importsLeft": limit.imports_left(),
            }
            for limit in assessment.limits
        ],
        "unknown": list(assessment.unknown),
        "advice": [str(advice) for advice in advise(assessment, running=running)],
        "figures": to_document(assessment.plan),
    }


def as_json(assessment: Assessment, *, running: bool = False) -> str:
    """The document as text."""
    return json.dumps(document(assessment, running=running), indent=2)


def as_markdown(assessment: Assessment, *, running: bool = False) -> str:
    """A table and what follows from it, for a pull request."""
    lines = [f"| {' | '.join(_HEADER)} |", f"|{'---|' * len(_HEADER)}"]
    lines += [f"| {' | '.join(_row(limit))} |" for limit in assessment.limits]
    return "\n".join([*lines, "", *_conclusion(assessment, running=running)])


def as_table(assessment: Assessment, *, running: bool = False) -> str:
    """The same for a terminal."""
    from rich.box import SIMPLE  # noqa: PLC0415 - the policies need the model alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*_HEADER, box=SIMPLE)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for limit in assessment.limits:
        table.add_row(*_row(limit), style="bold red" if limit.headroom < 0 else "")
    console = Console(highlight=False, width=110)
    with console.capture() as shown:
        console.print(table)
    return shown.get() + "\n".join(_conclusion(assessment, running=running))


def _row(limit: Limit) -> tuple[str, ...]:
    left = limit.imports_left()
    counts = (limit.capacity, limit.used, limit.planned, limit.headroom)
    return (
        limit.name,
        *map(str, counts),
        f"{limit.utilisation:.0%}",
        "" if left is None else str(left),
    )


def _conclusion(assessment: Assessment, *, running: bool) -> list[str]:
    first, most = assessment.first_limit, assessment.max_imports
    lines: list[str] = []
    if first is not None and most is not None:
        lines.append(f"{most} imported clusters fit; number {most + 1} runs out of {first.name}.")
    lines += [f"{-limit.headroom} {limit.name} are missing for the plan." for limit in assessment.exceeded]
    if assessment.unknown:
        lines.append(f"Not judged, no figure given: {', '.join(assessment.unknown)}.")
    lines += [f"- {advice}" for advice in advise(assessment, running=running)]
    return lines
