"""``python -m capacity``: does a plan of imported clusters fit the pod network, and what would make it fit.

The plan comes from a stack's file (``--stack-file Pulumi.<env>.yaml``) or from flags alone, so that it can be
made before any stack exists; flags win over the file.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from capacity import report
from capacity.advice import advise
from capacity.assessment import POD_SUBNETS, assess, with_imports
from capacity.model import VIRTUAL_SERVERS, Block, CapacityError, Demand, Network, Plan

_DEFAULT_BLOCK = "172.16.0.0/16"


def main() -> int:
    """Run the command; returns 0 when the plan fits, 1 when it does not, 2 for bad figures."""
    arguments = _parser().parse_args()
    try:
        exit_code: int = arguments.run(_plan(arguments), arguments)
    except (CapacityError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return exit_code


def _report(plan: Plan, arguments: argparse.Namespace) -> int:
    forms = {"table": report.as_table, "markdown": report.as_markdown, "json": report.as_json}
    assessment = assess(plan)
    print(forms[arguments.format](assessment, running=arguments.running))
    return 0 if assessment.fits else 1


def _plot(plan: Plan, arguments: argparse.Namespace) -> int:
    from capacity.plot import draw  # noqa: PLC0415 - needs matplotlib, which only a plot does

    prefixes = arguments.prefixes or sorted({plan.network.subnet_prefix, 24, 25, 26, 27})
    for path in arguments.output:
        draw(plan, tuple(prefixes), path)
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
    for limit in assessment.exceeded:
        print(f"{limit.name}: {-limit.headroom} are missing. What would do, the smallest change first:")
        for advice in advise(assessment, running=arguments.running):
            if advice.limit == limit.name:
                print(f"  - {advice}")
    return 1


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.stack_file:
        from settings.file import read  # noqa: PLC0415 - without a stack nothing of the program is needed

        plan = read(arguments.stack_file).settings.capacity_plan
        if plan is None:
            raise CapacityError(f"podNetwork is not set in {arguments.stack_file}; set its blocks")
    else:
        network = Network(blocks=(Block(cidr=_DEFAULT_BLOCK),))
        plan = Plan(network=network, demands=(Demand(rancher_version=arguments.rancher_version or "2.8"),))
    network, demand = plan.network, plan.demands[0]
    blocks = tuple(Block(cidr=cidr) for cidr in arguments.block) or network.blocks
    if arguments.used is not None:
        blocks = (replace(blocks[0], subnets_used=arguments.used), *blocks[1:])
    changes = {name: getattr(arguments, name) for name in ("topology", "floating_ips", "tier1_limit")}
    changes |= {"subnet_prefix": arguments.prefix, "nat": False if arguments.routable else None}
    wanted = {name: getattr(arguments, name) for name in ("rancher_version", "projects", "users", "lb_size")}
    wanted |= {"imported_clusters": arguments.imported, "applications": arguments.applications}
    return Plan(
        network=replace(network, blocks=blocks, **_given(changes)),
        demands=(replace(demand, **_given(wanted)), *plan.demands[1:]),
    )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parser() -> argparse.ArgumentParser:
    figures = argparse.ArgumentParser(add_help=False)
    figures.add_argument("--stack-file", type=Path, help="take the plan from a stack's settings")
    figures.add_argument(
        "--block", action="append", default=[], help=f"pod IP block (default {_DEFAULT_BLOCK})"
    )
    figures.add_argument("--used", type=int, help="subnets of the first block that others use")
    figures.add_argument("--prefix", type=int, help="prefix length of a pod subnet (default 24)")
    figures.add_argument(
        "--topology", choices=["dedicated", "shared"], help="Tier-1 routers (default shared)"
    )
    figures.add_argument("--routable", action="store_true", help="routable pods: no SNAT address a namespace")
    figures.add_argument("--floating-ips", type=int, help="addresses of the floating IP pools")
    figures.add_argument("--tier1-limit", type=int, help="Tier-1 routers that NSX-T allows")
    figures.add_argument("--lb-size", choices=list(VIRTUAL_SERVERS), help="load balancer (default small)")
    figures.add_argument("--rancher-version", help="version of Rancher (default 2.8)")
    figures.add_argument("--imported", type=int, help="imported clusters planned")
    figures.add_argument("--projects", type=int, help="projects beyond Default and System")
    figures.add_argument("--users", type=int, help="users with a saved preference (default 1)")
    figures.add_argument("--applications", type=int, help="other namespaces")
    figures.add_argument("--running", action="store_true", help="the cluster exists already")
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
