"""The flags of ``python -m capacity`` that make a plan."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from capacity.model import figures
from capacity.model.plan import VIRTUAL_SERVERS, Block, CapacityError, Demand, Network, Plan

_BLOCK = "172.16.0.0/16"
_VERSION = "2.8"

_NETWORK: dict[str, tuple[str, str]] = {
    "subnet_prefix": ("--prefix", "prefix length of a pod subnet (default 24)"),
    "floating_ips": ("--floating-ips", "addresses of the floating IP pools"),
    "floating_ips_used": ("--floating-ips-used", "those that others use"),
    "tier1_limit": ("--tier1-limit", "Tier-1 routers that NSX-T allows"),
    "tier1_used": ("--tier1-used", "those of others"),
    "segment_limit": ("--segment-limit", "segments that NSX-T allows"),
    "segments_used": ("--segments-used", "those of others"),
    "node_subnet_prefix": ("--node-prefix", "prefix length of a node subnet (default 24)"),
    "reserve_percent": ("--reserve", "percent of each limit that has to stay free (default 0)"),
}
_DEMAND: dict[str, tuple[str, str]] = {
    "imported_clusters": ("--imported", "imported clusters planned"),
    "projects": ("--projects", "projects beyond Default and System"),
    "users": ("--users", "users with a saved preference (default 1)"),
    "applications": ("--applications", "other namespaces"),
    "leaked": ("--leaked", "namespaces that deleted clusters left behind"),
    "own_namespaces": ("--own-namespaces", "namespaces of the cluster itself (default 5)"),
    "load_balancer_services": ("--services", "Services of type LoadBalancer (default 1)"),
}


def parser() -> argparse.ArgumentParser:
    """The flags, for each command."""
    found = argparse.ArgumentParser(add_help=False)
    source = found.add_mutually_exclusive_group()
    source.add_argument("--stack-file", type=Path, help="take the plan from a stack's settings")
    source.add_argument(
        "--figures", type=Path, help="take it from JSON: `pulumi stack output podNetwork --json`, or the like"
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
    found.add_argument("--topology", choices=["dedicated", "shared"], help="Tier-1 routers (default shared)")
    found.add_argument("--routable", action="store_true", help="routable pods: no SNAT address a namespace")
    for name, (flag, meaning) in _NETWORK.items():
        found.add_argument(flag, dest=name, metavar="N", type=int, help=meaning)
    found.add_argument("--rancher-version", help=f"version of Rancher (default {_VERSION})")
    found.add_argument(
        "--registered", action="store_true", help="imported clusters whose agents do not connect"
    )
    found.add_argument("--lb-size", choices=list(VIRTUAL_SERVERS), help="load balancer (default small)")
    found.add_argument(
        "--crowded", type=int, nargs="+", metavar="PODS", help="pods of each namespace that outgrows a subnet"
    )
    for name, (flag, meaning) in _DEMAND.items():
        found.add_argument(flag, dest=name, metavar="N", type=int, help=meaning)
    found.add_argument("--running", action="store_true", help="the cluster exists already")
    return found


def plan(arguments: argparse.Namespace) -> Plan:
    """The plan of the flags; they win over the file's. Those of a cluster are for the first with Rancher.

    Raises:
        CapacityError: Figures that cannot be right.
        OSError: A file cannot be read.
    """
    start = _start(arguments)
    network = {name: getattr(arguments, name) for name in (*_NETWORK, "topology")}
    network["nat"] = False if arguments.routable else None
    network["blocks"] = _blocks(arguments, start.network)
    network["node_blocks"] = tuple(Block(cidr=cidr) for cidr in arguments.node_block) or None
    demand = {name: getattr(arguments, name) for name in (*_DEMAND, "rancher_version", "lb_size")}
    demand["connected"] = False if arguments.registered else None
    demand["crowded"] = tuple(arguments.crowded) if arguments.crowded else None
    changed = next((item for item in start.demands if item.rancher_version is not None), start.demands[0])
    return Plan(
        network=replace(start.network, **_given(network)),
        demands=tuple(replace(item, **_given(demand)) if item is changed else item for item in start.demands),
    )


def _start(arguments: argparse.Namespace) -> Plan:
    if arguments.stack_file:
        from capacity.command.stack_file import read  # noqa: PLC0415 - only a stack needs the program's settings

        return read(arguments.stack_file)
    if arguments.figures:
        return _document(arguments.figures)
    return Plan(
        network=Network(blocks=(Block(cidr=_BLOCK),)),
        demands=(Demand(rancher_version=_VERSION),),
    )


def _document(path: Path) -> Plan:
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise CapacityError(f"{path} is no JSON: {error}") from None
    inner = document.get("figures", document) if isinstance(document, dict) else document
    found = figures.from_document(inner)
    if not found.demands:
        raise CapacityError(f"{path}: demands is empty; name at least one cluster")
    return found


def _blocks(arguments: argparse.Namespace, network: Network) -> tuple[Block, ...]:
    blocks = tuple(Block(cidr=cidr) for cidr in arguments.block) or network.blocks
    used = arguments.used
    if len(used) > len(blocks):
        raise CapacityError(
            f"--used is given {len(used)} times for {len(blocks)} blocks; give it once a block"
        )
    return tuple(
        replace(block, subnets_used=used[number]) if number < len(used) else block
        for number, block in enumerate(blocks)
    )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
