"""A plan's assessment as a table, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from capacity.model.advice import advise
from capacity.model.assessment import Assessment, assess
from capacity.model.figures import to_document
from capacity.model.limits import ROLE_BINDINGS
from capacity.model.limits.kind import Limit
from capacity.model.limits.pod_subnets import LONGEST_ADVISED_PREFIX
from capacity.model.limits.role_bindings import documented_minimum
from capacity.model.namespaces import namespace_count
from capacity.model.plan import DEFAULT_RESERVE

_HEADER = ("limit", "capacity", "others use", "planned", "headroom", "taken", "imports left")
"""``taken``: by others and the plan. ``imports left``: imported clusters that fit beyond the plan."""
_COMPARED = ("capacity", "used", "planned", "headroom")
"""The figures behind the first columns."""


def document(assessment: Assessment, *, running: bool = False) -> dict[str, Any]:
    """Everything about a plan, JSON-safe."""
    first = assessment.first_limit
    remedies = advise(assessment, running=running).values()
    return {
        "fits": assessment.fits,
        "importedClusters": assessment.imported_clusters,
        "maxImportedClusters": assessment.max_imports,
        "firstLimit": first.name if first else None,
        "firstExhaustedAt": assessment.first_exhausted_at,
        "namespaces": {demand.name: namespace_count(demand) for demand in assessment.plan.demands},
        "limits": [
            {
                "name": limit.name,
                "capacity": limit.capacity,
                "used": limit.used,
                "planned": limit.planned,
                "headroom": limit.headroom,
                "utilisation": round(limit.utilisation, 4),
                "importsLeft": assessment.imports_left(limit),
                "monthsLeft": assessment.months_left(limit),
            }
            for limit in assessment.limits
        ],
        "blocks": [
            {
                "cidr": block.cidr,
                "capacity": block.subnets(assessment.plan.network.subnet_prefix),
                "taken": taken,
            }
            for block, taken in zip(assessment.plan.network.blocks, assessment.block_use, strict=True)
        ],
        "documentedRoleBindings": {
            demand.name: documented_minimum(demand)
            for demand in assessment.plan.demands
            if demand.rancher_version is not None
        },
        "unknown": list(assessment.unknown),
        "advice": [str(advice) for found in remedies for advice in found],
        "figures": to_document(assessment.plan),
    }


def as_json(assessment: Assessment, *, running: bool = False) -> str:
    """The document as text."""
    return json.dumps(document(assessment, running=running), indent=2)


def as_markdown(assessment: Assessment, *, running: bool = False) -> str:
    """A table and what follows from it, for a pull request."""
    lines = [f"| {' | '.join(_HEADER)} |", f"|{'---|' * len(_HEADER)}"]
    lines += [f"| {' | '.join(_row(assessment, limit))} |" for limit in assessment.limits]
    return "\n".join([*lines, "", *_conclusion(assessment, running=running)])


def as_comparison(before: Assessment | None, after: Assessment, *, running: bool = False) -> str:
    """What a change does to the plan, as Markdown: each figure, with the old one where it differs.

    Args:
        before: The plan before the change; None: there was none.
        after: The plan after the change.
        running: Whether the cluster exists already.
    """
    known = {limit.name: limit for limit in before.limits} if before else {}
    lines = [f"| {' | '.join(_HEADER[:5])} |", f"|{'---|' * 5}"]
    for limit in after.limits:
        old, new = known.get(limit.name, limit), limit
        pairs = [(getattr(old, name), getattr(new, name)) for name in _COMPARED]
        lines.append(f"| {limit.name} | {' | '.join(_change(*pair) for pair in pairs)} |")
    start = before or after
    planned = _change(start.imported_clusters, after.imported_clusters)
    most = _change(
        *("any number" if item.max_imports is None else item.max_imports for item in (start, after))
    )
    lines += ["", f"Imported clusters: {planned} planned, {most} fit."]
    return "\n".join([*lines, *_conclusion(after, running=running)])


def _change(old: object, new: object) -> str:
    return str(new) if old == new else f"{old} → **{new}**"


def as_table(assessment: Assessment, *, running: bool = False) -> str:
    """A table for a terminal and what follows from it."""
    rows = [_HEADER, *(_row(assessment, limit) for limit in assessment.limits)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_aligned(row, widths) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, "", *_conclusion(assessment, running=running)])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """The name on the left, the numbers on the right of their columns."""
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *numbers])


def _row(assessment: Assessment, limit: Limit) -> tuple[str, ...]:
    left = assessment.imports_left(limit)
    counts = (limit.capacity, limit.used, limit.planned, limit.headroom)
    return (
        limit.name,
        *map(str, counts),
        f"{limit.utilisation:.0%}",
        "" if left is None else f"{-left} too many" if left < 0 else str(left),
    )


def _conclusion(assessment: Assessment, *, running: bool) -> list[str]:
    first, number = assessment.first_limit, assessment.first_exhausted_at
    lines: list[str] = []
    if first is not None and number == 0:
        lines.append(f"Even without imported clusters there are too few {first.name}.")
    elif first is not None and number is not None:
        lines.append(f"{number - 1} imported clusters fit; number {number} runs out of {first.name}.")
        lines += _when(assessment, first)
        lines += _with_another_reserve(assessment)
    if len(assessment.block_use) > 1:
        lines.append(f"Taken from each block, in order of use: {_blocks(assessment)}.")
    for limit in assessment.exceeded:
        why = "" if limit.per_import else "; fewer imported clusters do not help"
        lines.append(f"The plan lacks {-limit.headroom} {limit.name}{why}.")
    if assessment.unknown:
        lines.append(f"Not judged, since their figures are not set: {', '.join(assessment.unknown)}.")
    pods = assessment.plan.network.pods_per_subnet
    if assessment.plan.network.subnet_prefix > LONGEST_ADVISED_PREFIX:
        lines.append(
            f"With {pods} pods per subnet, kube-system and cattle-system take several subnets each; count "
            "them with --crowded (crowded in the figures)."
        )
    lines += _documented(assessment)
    several = len(assessment.exceeded) > 1
    for name, remedies in advise(assessment, running=running).items():
        lines += [f"- for {name}: {advice}" if several else f"- {advice}" for advice in remedies]
    return lines


def _when(assessment: Assessment, first: Limit) -> Iterator[str]:
    """When the first limit is met, and which comes next."""
    months = assessment.months_left(first)
    if months is not None:
        rate, unit = assessment.imports_per_month, "month" if months == 1 else "months"
        yield f"At {rate} a month, {first.name} last {months} {unit} from the deployed plan on."
    left = [(assessment.imports_left(limit), limit.name) for limit in assessment.limits if limit is not first]
    later = sorted((number, name) for number, name in left if number is not None)
    if later:
        number, name = later[0]
        yield f"Next, number {assessment.imported_clusters + number + 1} runs out of {name}."


def _documented(assessment: Assessment) -> Iterator[str]:
    """Role bindings by the other source, in all clusters together."""
    for limit in assessment.limits:
        if limit.kind is ROLE_BINDINGS and limit.demand:
            yield (
                f"{limit.name[0].upper()}{limit.name[1:]}: {limit.planned:,} in its own cluster, as measured "
                f"on Rancher 2.15.0; SUSE documents at least {documented_minimum(limit.demand):,}, those in "
                "the imported clusters included."
            )


def _with_another_reserve(assessment: Assessment) -> Iterator[str]:
    """How many fit with the policies' reserve, or without one: why two places show different numbers."""
    reserve = assessment.plan.network.reserve_percent
    network = replace(assessment.plan.network, reserve_percent=0 if reserve else DEFAULT_RESERVE)
    other = assess(replace(assessment.plan, network=network)).max_imports
    if other not in {None, assessment.max_imports}:
        if reserve:
            yield f"That keeps a reserve of {reserve}% free; without it {other} fit."
        else:
            yield f"No reserve is kept; with the {DEFAULT_RESERVE}% that the policies keep free, {other} fit."


def _blocks(assessment: Assessment) -> str:
    network = assessment.plan.network
    return ", ".join(
        f"{block.cidr} {taken} of {block.subnets(network.subnet_prefix)}"
        for block, taken in zip(network.blocks, assessment.block_use, strict=True)
    )
