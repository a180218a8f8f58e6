"""``python -m capacity``: does a plan of imported clusters fit the pod network, and what would make it fit.

The plan comes from a stack's file (``--stack-file Pulumi.<env>.yaml``), from figures as JSON
(``--figures``), or from flags alone, so that it can be made before any stack exists; flags win over a file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from capacity.command import flags
from capacity.model.advice import advise
from capacity.model.assessment import POD_SUBNETS, assess, with_imports
from capacity.model.plan import CapacityError, Plan
from capacity.report import tables as report


def main() -> int:
    """Run the command; returns 0 when the plan fits, 1 when it does not, 2 for bad figures."""
    arguments = _parser().parse_args()
    try:
        exit_code: int = arguments.run(flags.plan(arguments), arguments)
    except (CapacityError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return exit_code


def _report(plan: Plan, arguments: argparse.Namespace) -> int:
    forms = {"table": report.as_table, "markdown": report.as_markdown, "json": report.as_json}
    assessment = assess(plan)
    print(forms[arguments.format](assessment, running=arguments.running))
    return 0 if assessment.fits else 1


def _plot(plan: Plan, arguments: argparse.Namespace) -> int:
    from capacity.report.plot import draw, prefixes_for  # noqa: PLC0415 - needs matplotlib, which only a plot does

    prefixes = tuple(arguments.prefixes) if arguments.prefixes else prefixes_for(plan)
    for path in arguments.output:
        draw(plan, prefixes, path)
        print(f"wrote {path}")
    return 0


def _advise(plan: Plan, arguments: argparse.Namespace) -> int:
    if arguments.clusters is not None:
        plan = with_imports(plan, arguments.clusters)
    assessment = assess(plan)
    subnets = assessment.limit(POD_SUBNETS)
    need = subnets.used + subnets.planned
    print(f"{assessment.imported_clusters} imported clusters need {need} of {subnets.capacity} pod subnets.")
    if assessment.fits:
        print("They fit; nothing has to change.")
        return 0
    found = advise(assessment, running=arguments.running)
    for limit in assessment.exceeded:
        remedies = [advice for advice in found if advice.limit == limit.name]
        told = "What would do, the smallest change first:" if remedies else "Only a higher limit would do."
        print(f"{limit.name}: {-limit.headroom} are missing. {told}")
        for advice in remedies:
            print(f"  - {advice}")
    return 1


def _parser() -> argparse.ArgumentParser:
    figures = flags.parser()
    parser = argparse.ArgumentParser(
        prog="python -m capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="report | plot | advise")
    shown = commands.add_parser("report", parents=[figures], help="capacity, used, planned, headroom")
    shown.add_argument("--format", choices=["table", "markdown", "json"], default="table")
    shown.set_defaults(run=_report)
    plot = commands.add_parser(
        "plot", parents=[figures], help="pod subnets over imported clusters, as a picture"
    )
    plot.add_argument(
        "--output", type=Path, action="append", required=True, help=".svg or .png; may be repeated"
    )
    plot.add_argument("--prefixes", type=int, nargs="+", help="pod subnet prefixes to compare")
    plot.set_defaults(run=_plot)
    advice = commands.add_parser("advise", parents=[figures], help="what to change for a number of clusters")
    advice.add_argument("--clusters", type=int, help="imported clusters wanted")
    advice.set_defaults(run=_advise)
    return parser


if __name__ == "__main__":
    sys.exit(main())
