"""Compares the capacity of the pod network before and after a change."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from capacity.command import stack_file
from capacity.model import figures
from capacity.model.assessment import Assessment, with_use
from capacity.model.plan import DEFAULT_RESERVE, CapacityError, Plan
from capacity.report.tables import as_comparison
from ci import stacks
from ci.events import Report
from ci.problem import StepError
from ci.thresholds import reserve_percent, thresholds
from domain import type_tokens
from policy.plan import assessed

Inputs = Mapping[str, Sequence[Mapping[str, Any]]]
"""Inputs of the registered resources by type."""


@dataclass(frozen=True)
class Capacity:
    """The figures of the pod network.

    Attributes:
        after: After the change; None: unknown.
        markdown: Before and after, for a person.
        measured_at: Day of the figures of others; None: they are live, or of unknown age.
    """

    after: Assessment | None
    markdown: str
    measured_at: date | None = None

    def alarms(self, least_percent: int) -> tuple[str, ...]:
        """The limits of which less than a share remains."""
        return tuple(
            f"{limit.name}: {limit.headroom} of {limit.capacity} remain beyond the plan and the reserve, "
            f"less than {least_percent}%. See `python -m capacity advise`"
            for limit in (self.after.limits if self.after else ())
            if limit.headroom * 100 < limit.capacity * least_percent
        )


def compare(stack: str, settings: Path, base: str | None, report: Report) -> Capacity:
    """The figures before and after, as the policies judge them.

    Args:
        stack: Name of the stack.
        settings: Its file as changed.
        base: Revision of git that the change is compared with; None: there is none.
        report: The preview; its figures of use may be those that NSX-T reports. For a fleet, whose sites are
            not in its settings, it has both: what is deployed is before.
    """
    fleet = stacks.is_fleet(stack)
    stack_says = "the server's stack says" if fleet else "the settings say"
    try:
        reserve = reserve_percent(thresholds(stack, settings), DEFAULT_RESERVE)
        after, source = _planned(report.inputs)
        if after is None and fleet:
            return Capacity(None, "Unknown: the preview ended before the figures of the server's stack.")
        after = after or stack_file.read(settings)
        before, comparison = (_planned(report.deployed)[0], "") if fleet else _before(settings, base)
        if before and source == figures.LIVE:
            before = replace(before, network=with_use(before.network, after.network))
        assessment = _assessed(after, reserve)
        table = as_comparison(
            _assessed(before, reserve) if before else None, assessment, running=fleet or _running(report)
        )
    except (CapacityError, StepError, OSError) as error:
        return Capacity(None, f"Unknown: {error}.")
    origin = "as NSX-T reports it now" if source == figures.LIVE else f"as {stack_says}"
    note = (
        f"What others use is {origin}. Headroom is what remains beyond a reserve of {reserve}%.{comparison}"
    )
    return Capacity(assessment, f"{table}\n\n{note}", _measured_at(report.inputs))


def _measured_at(inputs: Inputs) -> date | None:
    """The day of the configured figures."""
    for values in inputs.get(type_tokens.POD_NETWORK, ()):
        if values["source"] != figures.LIVE and values.get("measured_at"):
            return date.fromisoformat(str(values["measured_at"]))
    return None


def _planned(inputs: Inputs) -> tuple[Plan | None, str]:
    """The plan and the source of its figures, as the program registered them; None: it has not."""
    for values in inputs.get(type_tokens.POD_NETWORK, ()):
        return figures.from_document(values["figures"]), str(values["source"])
    return None, ""


def _before(settings: Path, base: str | None) -> tuple[Plan | None, str]:
    """The plan in the base revision, or why there is none."""
    if base is None:
        return None, ""
    command = ["git", "show", f"{base}:./{settings.name}"]
    done = subprocess.run(command, cwd=settings.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, f" {settings.name} is new."
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, settings.name)
        file.write_text(done.stdout)
        try:
            return stack_file.read(file), ""
        except CapacityError:
            return None, " Before the change there was no valid plan."


def _assessed(plan: Plan, reserve: int) -> Assessment:
    return assessed(figures.to_document(plan), reserve)


def _running(report: Report) -> bool:
    """Whether the cluster exists and stays: then its subnet prefix cannot change any more."""
    made = {"create", "replace"}
    new = any(change.kind == type_tokens.CLUSTER and change.operation in made for change in report.changes)
    return type_tokens.CLUSTER in report.inputs and not new
