"""``python -m drill``: kill parts of a live environment, one after the other, and see what users notice.

It asks Rancher's health page at the virtual IP all the while, and restores what it broke. Exit codes: 0 all
drills passed, 1 one failed, 2 nothing could be drilled, 130 interrupted. docs/drill.md tells more.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType

from components.rancher.https_probe import ProbeError
from components.runtime.errors import ProviderError
from domain.placement import ROLES, without_rule
from drill import drills, report, runner
from drill.drills import KINDS, HostCommands, Kind, Target, Undo
from drill.environment import DrillError, read
from drill.live import Live
from drill.note import Note
from drill.runner import Limits, Place, Result
from drill.view import View

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
    """Carry out what is asked, adding to the results."""
    commands = _commands(arguments)
    kinds: list[Kind] = arguments.only
    environment = read(arguments.stack, with_vcenter=kinds != ["pod"])
    place, limits = Live(environment), _limits(arguments)
    note_file = arguments.note or Path(".drill", f"{environment.deployment}.json")
    with Note(note_file) as note:
        if left := note.read():
            whole = place if environment.vcenter else Live(read(arguments.stack, with_vcenter=True))
            _restore_last(*left, whole, limits)
            note.clear()
        view = _healthy(place, with_vcenter=environment.vcenter is not None)
        targets = drills.plan(kinds, view, all_hosts=arguments.all_hosts)
        if not arguments.yes:
            _confirm(environment.cluster, str(environment.rancher), targets, view, commands)
        for target in targets:
            view = _healthy(place, with_vcenter=environment.vcenter is not None)
            drill = target.drill(view, commands)
            if target.kind == "host" and not drill.machines:
                _say(f"{target} has no VM of the cluster any more: left out")
                continue
            _say(f"{target}: {drill.breaks}")
            results.append(runner.Run(drill, place, note, limits, _say).perform())
            if note.read():
                raise DrillError(
                    "the environment is not whole: no further drill. Run this again to restore it"
                )


def _restore_last(what: str, undo: Undo, place: Place, limits: Limits) -> None:
    """Restore what a run that was killed had broken."""
    _say(f"the last run broke {what} and did not restore it: restoring")
    problem = runner.restore(undo, place, limits)
    if problem:
        raise DrillError(f"not whole {limits.recovery:g} s after {what} was restored: {problem}")


def _healthy(place: Place, *, with_vcenter: bool) -> View:
    """The environment.

    Raises:
        DrillError: It is not whole.
    """
    view = place.look()
    problems = list(view.problems())
    if with_vcenter:
        roles = Counter(machine.role for machine in view.machines)
        for finding in without_rule(roles):
            _say(f"warning: {finding}")
        problems += [f"vCenter shows no {plural}" for role, plural in ROLES.items() if role not in roles]
    try:
        place.ask_rancher()
    except (ProbeError, ProviderError) as error:
        problems.append(f"Rancher: {error}")
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise DrillError(f"the environment is not whole, so nothing is broken:{listed}\nMend it first")
    return view


def _confirm(cluster: str, rancher: str, targets: list[Target], view: View, commands: HostCommands) -> None:
    print(
        f"This breaks parts of cluster {cluster}, which serves {rancher}, one after the other:",
        file=sys.stderr,
    )
    for target in targets:
        print(f"  - {target}: {target.drill(view, commands).breaks}", file=sys.stderr)
    if not sys.stdin.isatty():
        raise DrillError("nobody is there to confirm it; give --yes")
    if input("Each is restored afterwards. Type the cluster's name to go on: ").strip() != cluster:
        raise DrillError("not confirmed; nothing was broken")


def _show(arguments: argparse.Namespace, results: list[Result]) -> None:
    if results and arguments.format in {"table", "both"}:
        print(report.as_table(results, _limits(arguments)))
    if results and arguments.format in {"json", "both"}:
        print(report.as_json(results, _limits(arguments)))


def _say(line: str) -> None:
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
        raise DrillError("--host-down-command and --host-up-command go together: what is lost must come back")
    return HostCommands(down, up)


def _kinds(text: str) -> list[Kind]:
    unknown = set(text.split(",")) - set(KINDS)
    if unknown:
        raise argparse.ArgumentTypeError(f"{min(unknown)!r} is no drill; there are {', '.join(KINDS)}")
    return [kind for kind in KINDS if kind in text.split(",")]


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--stack", default="", help="the stack whose environment is drilled (default: the selected one)")
    add(
        "--only",
        type=_kinds,
        default=list(KINDS),
        metavar="KINDS",
        help=f"of {','.join(KINDS)} (default all)",
    )
    add(
        "--all-hosts",
        action="store_true",
        help="each ESXi host in turn, not only the one with most of a role",
    )
    add("--max-gap", type=_positive, default=LIMITS.max_gap, metavar="SECONDS", help="default %(default)g")
    add(
        "--timeout",
        type=_positive,
        default=LIMITS.recovery / 60,
        metavar="MINUTES",
        help="longest time to recover",
    )
    add(
        "--interval",
        type=_positive,
        default=LIMITS.interval,
        metavar="SECONDS",
        help="from request to request",
    )
    add(
        "--settle",
        type=_positive,
        default=LIMITS.settle,
        metavar="SECONDS",
        help="without failure: recovered",
    )
    add("--format", choices=["table", "json", "both"], default="table")
    add(
        "--host-down-command",
        default="",
        metavar="COMMAND",
        help="takes ESXi host {host} away (IPMI, Redfish)",
    )
    add("--host-up-command", default="", metavar="COMMAND", help="brings it back; harmless when it is there")
    add("--note", type=Path, metavar="FILE", help="where what is broken is noted (default below .drill)")
    add("--yes", action="store_true", help="break things without asking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
