"""What a change does to the capacity of the pod network: the base branch's settings against its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from capacity.command import stack_file
from capacity.model import figures
from capacity.model.assessment import Assessment, with_use
from capacity.model.plan import DEFAULT_RESERVE, CapacityError, Plan
from capacity.report.tables import as_comparison
from ci import stacks
from ci.events import Report
from ci.thresholds import thresholds
from components.capacity.figures_source import LIVE
from domain import type_tokens as kinds
from policy.plan import assessed


@dataclass(frozen=True)
class Capacity:
    """The figures of the pod network.

    Attributes:
        after: As the change leaves them; None: they cannot be told.
        markdown: Before and after, for a person.
    """

    after: Assessment | None
    markdown: str

    def alarms(self, least_percent: int) -> tuple[str, ...]:
        """The limits of which less than a share remains."""
        return tuple(
            f"{limit.name}: {limit.headroom} of {limit.capacity} remain beyond the plan and the reserve, "
            f"less than {least_percent}%. `python -m capacity advise` says what can be done"
            for limit in (self.after.limits if self.after else ())
            if limit.headroom * 100 < limit.capacity * least_percent
        )


def compare(stack: str, settings: Path, base: str | None, report: Report) -> Capacity:
    """The figures before and after, as the policies judge them.

    Args:
        stack: Name of the stack.
        settings: Its file as changed.
        base: Revision of git that the change is compared with; None: there is none.
        report: The preview, whose figures of use may be those that NSX-T told. Of a fleet, whose sites are
            not in its settings, it tells all: what is deployed is before.
    """
    reserve = reserve_percent(stack, settings)
    fleet = stacks.is_fleet(stack)
    stack_says = "the server's stack says" if fleet else "the settings say"
    try:
        after, told_by = _planned(report.inputs)
        if after is None and fleet:
            return Capacity(
                None, "Not judged: the preview did not come to the figures of the server's stack."
            )
        after = after or stack_file.read(settings)
        before, note = (_planned(report.deployed)[0], "") if fleet else _before(settings, base)
        if before and told_by == LIVE:
            # Otherwise the change would seem to have caused what others use.
            before = replace(before, network=with_use(before.network, after.network))
        assessment = _assessed(after, reserve)
        table = as_comparison(
            _assessed(before, reserve) if before else None, assessment, running=fleet or _running(report)
        )
    except (CapacityError, OSError) as error:
        return Capacity(None, f"Not judged: {error}.")
    source = "as NSX-T told just now" if told_by == LIVE else f"as {stack_says}"
    told = f"What others use is {source}. Headroom is what remains beyond a reserve of {reserve}%.{note}"
    return Capacity(assessment, f"{table}\n\n{told}")


def reserve_percent(stack: str, settings: Path) -> int:
    """The reserve that the policies keep for a stack."""
    file = thresholds(stack, settings)
    given = json.loads(file.read_text()) if file else {}
    return int(given.get("pod-network", {}).get("reservePercent", DEFAULT_RESERVE))


def _planned(inputs: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Plan | None, str]:
    """The plan and where its figures are from, as the program registered them; None: it has not."""
    for values in inputs.get(kinds.POD_NETWORK, ()):
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
            return None, " Before the change there was no plan that could be judged."


def _assessed(plan: Plan, reserve: int) -> Assessment:
    return assessed(figures.to_document(plan), reserve)


def _running(report: Report) -> bool:
    """Whether the cluster exists and stays: then its subnet prefix cannot change any more."""
    made = {"create", "replace"}
    new = any(change.kind == kinds.CLUSTER and change.operation in made for change in report.changes)
    return kinds.CLUSTER in report.inputs and not new
