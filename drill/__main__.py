"""``python -m drill``: kill parts of a live cluster, one after the other, and see what users notice.

It sends requests to Rancher's health page at the virtual IP meanwhile, and restores what it broke. Exit
codes: 0 all drills passed, 1 one failed, 2 no drill was possible, 130 interrupted. See docs/drill.md.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType

import console
from components.runtime.errors import ProviderError
from domain.placement import ROLES, without_rule
from drill import drills, report, runner
from drill.drills import KINDS, Arguments, HostCommands, Kind, PlannedDrill, Undo
from drill.environment import DrillError, read
from drill.live_cluster import LiveCluster
from drill.note import Note
from drill.runner import Cluster, Limits, Result
from drill.snapshot import Snapshot

LIMITS = Limits()
"""The defaults."""


def main() -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell has background jobs ignore the first
        signal.signal(number, _interrupt)
    results: list[Result] = []
    try:
        _drill(arguments, results)
    except (DrillError, ProviderError) as error:
        _show(arguments, results)
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _show(arguments, results)
        print("interrupted", file=sys.stderr)
        return 130
    _show(arguments, results)
    return 1 if any(result.failures for result in results) else 0


def _drill(arguments: argparse.Namespace, results: list[Result]) -> None:
    """Perform the drills, adding to the results."""
    if arguments.format != "json":
        import rich.table  # noqa: F401, PLC0415 - not to find out after the drills that it is missing
    commands = _commands(arguments)
    kinds: list[Kind] = arguments.only
    environment = read(arguments.stack, with_vcenter=kinds != ["pod"])
    with_vcenter = environment.vcenter is not None
    cluster, limits = LiveCluster(environment), _limits(arguments)
    note_file = arguments.note or Path(".drill", f"{environment.deployment}.json")
    with Note(note_file) as note:
        if broken := note.read():
            whole = cluster if with_vcenter else LiveCluster(read(arguments.stack, with_vcenter=True))
            _restore_last(*broken, whole, limits)
            note.clear()
        snapshot = _working(cluster, with_vcenter=with_vcenter)
        planned = drills.plan(kinds, snapshot, all_hosts=arguments.all_hosts)
        if not arguments.yes:
            _confirm(environment.cluster, environment.endpoint.url, planned, snapshot, commands)
        for item in planned:
            snapshot = _working(cluster, with_vcenter=with_vcenter)
            drill = item.drill(snapshot, commands)
            if item.kind == "host" and not drill.vms:
                _progress(f"{item} has no VM of the cluster any more: skipped")
                continue
            _progress(f"{item}: {drill.effect}")
            results.append(runner.Run(drill, cluster, note, limits, _progress).perform())
            if note.read():
                raise DrillError(
                    "the break is not undone yet, so no further drill. Run this again to restore it"
                )


def _restore_last(what: str, undo: Undo, cluster: Cluster, limits: Limits) -> None:
    """Undo the break of a run that was killed."""
    _progress(f"the last run broke {what} and did not restore it: restoring")
    problem = runner.restore(undo, cluster, limits)
    if not problem:
        # A load balancer may take a while to use the restored VM again.
        with runner.polled(cluster, limits) as pollers:
            problem = runner.steady(pollers, limits)
    if problem:
        raise DrillError(f"not restored within {limits.recovery:g} s (break of {what}): {problem}")


def _working(cluster: Cluster, *, with_vcenter: bool) -> Snapshot:
    """The cluster, in which everything works.

    Raises:
        DrillError: Something does not.
    """
    snapshot = cluster.snapshot()
    problems = list(snapshot.problems())
    if with_vcenter:
        roles = Counter(vm.role for vm in snapshot.vms)
        for finding in without_rule(roles):
            _progress(f"warning: {finding}")
        problems += [f"vCenter shows no {plural}" for role, plural in ROLES.items() if role not in roles]
    try:
        cluster.check_rancher()
    except ProviderError as error:
        problems.append(f"Rancher: {error}")
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise DrillError(f"the cluster has problems, so nothing was broken:{listed}\nFix them first")
    return snapshot


def _confirm(
    cluster: str, rancher: str, planned: list[PlannedDrill], snapshot: Snapshot, commands: HostCommands
) -> None:
    print(
        f"This breaks parts of cluster {cluster}, which serves {rancher}, one after the other:",
        file=sys.stderr,
    )
    for item in planned:
        print(f"  - {item}: {item.drill(snapshot, commands).effect}", file=sys.stderr)
    if not sys.stdin.isatty():
        raise DrillError("this needs a confirmation, but standard input is not a terminal. Give --yes")
    if input("Each is restored afterwards. Type the cluster's name to continue: ").strip() != cluster:
        raise DrillError("not confirmed; nothing was broken")


def _show(arguments: argparse.Namespace, results: list[Result]) -> None:
    if results and arguments.format in {"table", "both"}:
        print(report.as_table(results, _limits(arguments)))
    if results and arguments.format in {"json", "both"}:
        print(report.as_json(results, _limits(arguments)))


def _progress(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads it, but what is broken must be restored
        print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _limits(arguments: argparse.Namespace) -> Limits:
    return replace(
        LIMITS,
        max_gap=arguments.max_gap,
        recovery=arguments.timeout * 60,
        settle=arguments.settle,
        interval=arguments.interval,
    )


def _commands(arguments: argparse.Namespace) -> HostCommands:
    down, up = arguments.host_down_command, arguments.host_up_command
    if bool(down) != bool(up):
        raise DrillError("--host-down-command and --host-up-command go together: a lost host must come back")
    return HostCommands(down, up)


def _command(text: str) -> Arguments:
    """The arguments of a command line. A host's name is inserted into them later, so it needs no quotes."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a command line ({error})") from None


def _kinds(text: str) -> list[Kind]:
    unknown = set(text.split(",")) - set(KINDS)
    if unknown:
        raise argparse.ArgumentTypeError(f"{min(unknown)!r} is not a drill; use {', '.join(KINDS)}")
    return [kind for kind in KINDS if kind in text.split(",")]


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--stack", default="", help="stack whose cluster is drilled (default: the selected one)")
    kinds = ",".join(KINDS)
    add("--only", type=_kinds, default=list(KINDS), metavar="KINDS", help=f"of {kinds} (default: all)")
    add(
        "--all-hosts",
        action="store_true",
        help="each ESXi host in turn, not only the worst one",
    )
    for name, default, unit, text in (
        ("--max-gap", LIMITS.max_gap, "SECONDS", "longest time without an answer"),
        ("--timeout", LIMITS.recovery / 60, "MINUTES", "longest time to recover"),
        ("--interval", LIMITS.interval, "SECONDS", "from request to request"),
        ("--settle", LIMITS.settle, "SECONDS", "time without a failure that counts as recovered"),
    ):
        add(name, type=_positive, default=default, metavar=unit, help=f"{text} (default: %(default)g)")
    add("--format", choices=["table", "json", "both"], default="table")
    for name, text in (
        ("--host-down-command", "takes ESXi host {host} down (IPMI, Redfish); runs without a shell"),
        ("--host-up-command", "brings it up; must do no harm when it is up"),
    ):
        add(name, type=_command, default=(), metavar="COMMAND", help=text)
    add("--note", type=Path, metavar="FILE", help="where breaks are noted (default: in .drill)")
    add("--yes", action="store_true", help="break things without confirmation")
    return parser


if __name__ == "__main__":
    console.run(main)
