"""The flags of ``python -m capacity`` that make a plan."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from capacity.model import figures
from capacity.model.limits import KINDS
from capacity.model.limits.kind import Flag
from capacity.model.namespaces import importer
from capacity.model.plan import Block, CapacityError, Demand, LoadBalancerSize, Network, Plan, Topology

_BLOCK = "172.16.0.0/16"
_VERSION = "2.8"

_NETWORK = (
    *(flag for kind in KINDS for flag in kind.flags),
    Flag("reserve_percent", "--reserve", "percent of each limit that must stay free (default 0)"),
)
_DEMAND = (
    Flag("imported_clusters", "--imported", "imported clusters planned"),
    Flag("projects", "--projects", "projects besides Default and System"),
    Flag("users", "--users", "users with a saved preference (default 1)"),
    Flag("applications", "--applications", "other namespaces"),
    Flag("leaked", "--leaked", "namespaces that deleted clusters left behind"),
    Flag("own_namespaces", "--own-namespaces", "namespaces of the cluster itself (default 5)"),
    Flag("users_per_cluster", "--users-per-cluster", "users with a membership in a cluster, on average"),
    Flag("users_per_project", "--users-per-project", "users with a membership in a project, on average"),
    Flag("imports_per_month", "--imports-per-month", "clusters imported each month, for when a limit is met"),
    Flag("etcd_quota_mb", "--etcd-quota-mb", "quota-backend-bytes of etcd, in MB (default 2048)"),
    Flag("etcd_start_mb", "--etcd-start-mb", "MB that etcd has before the first import"),
    Flag("load_balancer_services", "--services", "Services of type LoadBalancer (default 1)"),
)


def parser() -> argparse.ArgumentParser:
    """The flags, as the parent of each command's parser."""
    found = argparse.ArgumentParser(add_help=False)
    source = found.add_mutually_exclusive_group()
    source.add_argument("--stack-file", type=Path, help="take the plan from a stack file")
    source.add_argument(
        "--figures",
        type=Path,
        help="take the plan from JSON, such as `pulumi stack output podNetwork --json`",
    )
    found.add_argument(
        "--block",
        action="append",
        default=[],
        help=f"pod IP block; repeat in order of use (default {_BLOCK})",
    )
    found.add_argument(
        "--used",
        type=int,
        action="append",
        default=[],
        help="subnets of the first block that others use; repeat for the next blocks",
    )
    found.add_argument("--node-block", action="append", default=[], help="node IP block; may be repeated")
    found.add_argument("--topology", choices=get_args(Topology), help="Tier-1 routers (default shared)")
    found.add_argument("--routable", action="store_true", help="routable pods: no SNAT address per namespace")
    found.add_argument("--rancher-version", help=f"version of Rancher (default {_VERSION})")
    found.add_argument(
        "--registered", action="store_true", help="the agents of imported clusters do not connect"
    )
    found.add_argument("--lb-size", choices=get_args(LoadBalancerSize), help="load balancer (default small)")
    found.add_argument(
        "--crowded", type=int, nargs="+", metavar="PODS", help="pods of each namespace that outgrows a subnet"
    )
    for flag in (*_NETWORK, *_DEMAND):
        found.add_argument(flag.name, dest=flag.figure, metavar="N", type=int, help=flag.meaning)
    found.add_argument("--running", action="store_true", help="the cluster exists already")
    return found


def plan(arguments: argparse.Namespace) -> Plan:
    """The plan of the flags, which override the file. Those of a cluster apply to the first with Rancher.

    Raises:
        CapacityError: Invalid figures.
        OSError: A file cannot be read.
    """
    start = _start(arguments)
    network = {name: getattr(arguments, name) for name in ("topology", *(flag.figure for flag in _NETWORK))}
    network["nat"] = False if arguments.routable else None
    network["blocks"] = _blocks(arguments, start.network)
    network["node_blocks"] = tuple(Block(cidr=cidr) for cidr in arguments.node_block) or None
    names = ("rancher_version", "lb_size", *(flag.figure for flag in _DEMAND))
    demand = {name: getattr(arguments, name) for name in names}
    demand["connected"] = False if arguments.registered else None
    demand["crowded"] = tuple(arguments.crowded) if arguments.crowded else None
    changed = importer(start) or start.demands[0]
    return Plan(
        network=replace(start.network, **_given(network)),
        demands=tuple(replace(item, **_given(demand)) if item is changed else item for item in start.demands),
    )


def _start(arguments: argparse.Namespace) -> Plan:
    if arguments.stack_file:
        from capacity.command.stack_file import read  # noqa: PLC0415 - imports the program's settings

        return read(arguments.stack_file)
    if arguments.figures:
        return _document(arguments.figures)
    return Plan(network=Network(blocks=(Block(cidr=_BLOCK),)), demands=(Demand(rancher_version=_VERSION),))


def _document(path: Path) -> Plan:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CapacityError(f"{path}: invalid JSON ({error}). Give figures or a stack output") from None
    found = figures.from_document(
        document.get("figures", document) if isinstance(document, dict) else document
    )
    if not found.demands:
        raise CapacityError(f"{path}: demands is empty. Name at least one cluster")
    return found


def _blocks(arguments: argparse.Namespace, network: Network) -> tuple[Block, ...]:
    blocks = tuple(Block(cidr=cidr) for cidr in arguments.block) or network.blocks
    used = arguments.used
    if len(used) > len(blocks):
        raise CapacityError(
            f"--used: given {len(used)} times for {len(blocks)} blocks. Give it once per block"
        )
    return tuple(
        replace(block, subnets_used=used[number]) if number < len(used) else block
        for number, block in enumerate(blocks)
    )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
