"""The results of drills, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from drill.runner import Limits, Result
from drill.snapshot import counted
from drill.statistics import Statistics

_WIDTH = 100
"""Columns of the table; a long name continues on the next line."""
_HEADER = (
    *("drill", "target", "down", "failed of\nrequests", "longest\ngap", "recovered\nafter", "slowest"),
    *("API\ngap", "repaired\nafter", "result"),
)
_FIRST_NUMBER = 3


def document(results: Sequence[Result], limits: Limits) -> dict[str, Any]:
    """Everything, JSON-safe; times in seconds."""
    return {
        "passed": not any(result.failures for result in results),
        "maxGapSeconds": limits.max_gap,
        "drills": [
            {
                "drill": result.kind,
                "target": result.target,
                "passed": not result.failures,
                "failures": list(result.failures),
                "mastersDown": result.down["master"],
                "workersDown": result.down["worker"],
                "replacedMachines": list(result.replaced),
                "repairedAfterSeconds": _rounded(result.repaired),
                "rancher": _service(result.rancher, limits.interval),
                "kubernetesApi": _service(result.kubernetes, limits.kubernetes_interval),
            }
            for result in results
        ],
    }


def as_json(results: Sequence[Result], limits: Limits) -> str:
    """The document as text."""
    return json.dumps(document(results, limits), indent=2)


def as_table(results: Sequence[Result], limits: Limits) -> str:
    """A table for a terminal, and below it why drills failed."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - JSON needs none
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*_HEADER, box=SIMPLE_HEAD, padding=0, show_edge=False)
    for column in table.columns:
        column.no_wrap = True
    target = table.columns[1]
    target.no_wrap, target.overflow = False, "fold"
    for column in table.columns[_FIRST_NUMBER:-1]:
        column.justify = "right"
    for result in results:
        table.add_row(*_row(result), style="bold red" if result.failures else "")
    console = Console(highlight=False, markup=False, width=_WIDTH)
    with console.capture() as capture:
        console.print(table)
    lines = [f"{result.kind} {result.target}: {why}" for result in results for why in result.failures]
    replaced = [name for result in results for name in result.replaced]
    if replaced:
        lines.append(
            f"BOSH has replaced {', '.join(replaced)}. Run `pulumi refresh` and `pulumi up`, so that the DRS "
            "rules hold the new VMs."
        )
    lines.append(
        f"Limit of a gap: {limits.max_gap:g} s. One request to Rancher each {limits.interval:g} s. A failed "
        "request"
    )
    lines.append("fails no drill, since a user's next one is answered; a gap without any answer does.")
    shown = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*shown, "", *lines])


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.kind,
        result.target,
        counted(result.down, "\n"),
        f"{result.rancher.failures}/{result.rancher.requests}",
        _seconds(result.rancher.longest_gap),
        _seconds(result.rancher.recovery),
        _seconds(result.rancher.slowest),
        _seconds(result.kubernetes.longest_gap),
        _seconds(result.repaired),
        "FAILED" if result.failures else "passed",
    )


def _service(service: Statistics, interval: float) -> dict[str, Any]:
    return {
        "intervalSeconds": interval,
        "requests": service.requests,
        "failures": service.failures,
        "longestGapSeconds": _rounded(service.longest_gap),
        "recoveredAfterSeconds": _rounded(service.recovery),
        "slowestSeconds": _rounded(service.slowest),
        "errors": list(service.errors),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"
