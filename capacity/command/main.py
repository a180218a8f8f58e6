"""``python -m capacity``: whether planned clusters fit the pod network, and what would make them fit.

The plan comes from a stack file (``--stack-file Pulumi.<env>.yaml``), from figures as JSON (``--figures``),
or from flags alone, before any stack exists. Flags override the file. ``measure`` has no plan: it counts what
a live Rancher has.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from capacity.command import flags
from capacity.model.advice import advise
from capacity.model.assessment import assess
from capacity.model.limits import POD_SUBNETS
from capacity.model.namespaces import with_imports
from capacity.model.plan import LARGEST_FIGURE, CapacityError
from capacity.report import tables
from domain.brake_state import BrakeState

Answer = tuple[str, int]
"""What a command prints, and its exit code."""


def main() -> int:
    """Run the command; returns 0 when the plan fits, 1 when it does not, 2 for invalid figures."""
    arguments = _parser().parse_args()
    try:
        answer: Answer = arguments.run(arguments)
    except BrokenPipeError:
        raise
    except (CapacityError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text, exit_code = answer
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_code


def _report(arguments: argparse.Namespace) -> Answer:
    plan = flags.plan(arguments)
    forms = {"table": tables.as_table, "markdown": tables.as_markdown, "json": tables.as_json}
    assessment = assess(plan)
    return forms[arguments.format](assessment, running=arguments.running), 0 if assessment.fits else 1


def _plot(arguments: argparse.Namespace) -> Answer:
    from capacity.report.plot import draw, prefixes_for  # noqa: PLC0415 - matplotlib is slow to import

    plan = flags.plan(arguments)
    prefixes = tuple(arguments.prefixes) if arguments.prefixes else prefixes_for(plan)
    for path in arguments.output:
        draw(plan, prefixes, path)
    return "\n".join(f"wrote {path}" for path in arguments.output), 0


def _export(arguments: argparse.Namespace) -> Answer:
    from capacity.report.metrics import exposition  # noqa: PLC0415 - in the extra `report`

    plan = flags.plan(arguments)
    text = exposition(
        assess(plan),
        stack=arguments.stack,
        measured_at=arguments.measured_at,
        exported_at=datetime.now(UTC),
        brake=_brake(arguments.brake) if arguments.brake else None,
    )
    if arguments.output is None:
        return text.rstrip("\n"), 0
    # A collector may read at any moment, and must not find half a file.
    partial = arguments.output.with_name(f".{arguments.output.name}.{os.getpid()}")
    partial.write_text(text)
    partial.replace(arguments.output)
    return f"wrote {arguments.output}", 0


def _brake(path: Path) -> BrakeState:
    try:
        return BrakeState.of(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise CapacityError(
            f"{path}: no state of the sprawl brake ({error}). Give the stack output sprawlBrake"
        ) from None


def _advise(arguments: argparse.Namespace) -> Answer:
    plan = flags.plan(arguments)
    if arguments.clusters is not None:
        if not 0 <= arguments.clusters <= LARGEST_FIGURE:
            raise CapacityError(f"--clusters: out of range. Give 0 to {LARGEST_FIGURE:,}")
        plan = with_imports(plan, arguments.clusters)
    assessment = assess(plan)
    subnets = assessment.limit(POD_SUBNETS.name)
    needed = f"{subnets.used + subnets.planned} of {subnets.capacity} pod subnets"
    lines = [f"{assessment.imported_clusters} imported clusters need {needed}."]
    if assessment.fits:
        return "\n".join([*lines, "They fit; no change is needed."]), 0
    advice = advise(assessment, running=arguments.running)
    for limit in assessment.exceeded:
        remedies = advice[limit.name]
        heading = "Possible changes, the smallest first:" if remedies else "Only a higher limit helps."
        lines.append(f"{limit.name}: {-limit.headroom} missing. {heading}")
        lines += [f"  - {remedy}" for remedy in remedies]
    return "\n".join(lines), 1


def _measure(arguments: argparse.Namespace) -> Answer:
    from capacity.command.measure import measure  # noqa: PLC0415 - imports the client of Kubernetes

    source = arguments.kubeconfig, arguments.outputs
    return measure(*source, arguments.rancher_version, arguments.format), 0


def _parser() -> argparse.ArgumentParser:
    figures = flags.parser()
    parser = argparse.ArgumentParser(
        prog="python -m capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="report | plot | advise | export | measure")
    report = commands.add_parser("report", parents=[figures], help="capacity, used, planned, headroom")
    report.add_argument("--format", choices=["table", "markdown", "json"], default="table")
    report.set_defaults(run=_report)
    plot = commands.add_parser(
        "plot", parents=[figures], help="pod subnets over imported clusters, as a picture"
    )
    plot.add_argument(
        "--output", type=Path, action="append", required=True, help=".svg or .png; may be repeated"
    )
    plot.add_argument("--prefixes", type=int, nargs="+", help="pod subnet prefixes to compare")
    plot.set_defaults(run=_plot)
    advice = commands.add_parser("advise", parents=[figures], help="what to change for a number of clusters")
    advice.add_argument("--clusters", type=int, help="imported clusters wanted in all")
    advice.set_defaults(run=_advise)
    export = commands.add_parser("export", parents=[figures], help="the figures as OpenMetrics")
    export.add_argument("--stack", default="", help="value of the label `stack`")
    export.add_argument(
        "--measured-at", type=_day, metavar="DAY", help="when the figures were read (YYYY-MM-DD)"
    )
    export.add_argument(
        "--brake", type=Path, help="state of the brake: `pulumi stack output sprawlBrake --json`"
    )
    export.add_argument("--output", type=Path, help="file to replace (default: standard output)")
    export.set_defaults(run=_export)
    census = commands.add_parser("measure", help="what a live Rancher has, and its line of the table")
    access = census.add_mutually_exclusive_group(required=True)
    access.add_argument("--kubeconfig", type=Path, help="access to the cluster that Rancher runs on")
    access.add_argument(
        "--outputs", type=Path, help="the stack's outputs as JSON, with secrets; -: standard input"
    )
    census.add_argument("--rancher-version", default="", help="if its Deployment does not say it")
    census.add_argument("--format", choices=["table", "json"], default="table")
    census.set_defaults(run=_measure)
    return parser


def _day(text: str) -> date:
    return date.fromisoformat(text)
