"""``python -m ci``: the steps of the workflows, each of which can be run by hand (docs/pipelines.md).

``stacks``, ``comment`` and ``issue`` need Python alone: they run where the program is not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import console
from ci import artifacts, stacks
from ci.github import GitHub
from ci.problem import StepError
from domain.redaction import Redactor, secret_variables

_LABEL = "drift"
_MOST = 20
"""More leaked namespaces than this are rather the trace of a Rancher that lost its clusters."""


def main() -> int:
    """Run a step; returns 0 for success, 1 for failure, 3 for drift."""
    arguments = _parser().parse_args()
    try:
        exit_code: int = arguments.run(arguments)
    except BrokenPipeError:
        raise
    except (StepError, OSError) as error:
        return _error(str(error))
    return exit_code


def _stacks(arguments: argparse.Namespace) -> int:
    if event := os.environ.get("GITHUB_EVENT_PATH"):
        reason = stacks.refusal(json.loads(Path(event).read_text()))
        if reason:
            return _error(reason)
    found = stacks.stacks(path.as_posix() for path in (*Path().iterdir(), *Path(stacks.FLEET).glob("*")))
    if unknown := sorted(set(arguments.names) - set(found)):
        return _error(f"no {stacks.settings_file(unknown[0])}; there are {', '.join(found) or 'none'}")
    if arguments.names:
        found = [stack for stack in found if stack in arguments.names]
    if arguments.base:
        found = stacks.affected(found, _changed_since(arguments.base))
    if arguments.with_changes:
        results = [json.loads(file.read_text()) for file in arguments.with_changes.rglob("result.json")]
        changing = {result["stack"] for result in results if result["changes"] and not result["refused"]}
        found = [stack for stack in found if stack in changing]
    print(json.dumps(found) if arguments.json else "\n".join(found))
    return 0


def _changed_since(base: str) -> list[str]:
    command = ["git", "diff", "--name-only", "--no-renames", base, "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"`{' '.join(command)}`: {done.stderr.strip()}. Was that revision fetched?")
    return done.stdout.splitlines()


def _preview(arguments: argparse.Namespace) -> int:
    from ci.run import preview  # noqa: PLC0415 - needs the program's environment

    return preview(
        arguments.stack,
        directory=arguments.output,
        settings=arguments.config_file,
        base=arguments.base,
        allowed=arguments.allow_destructive,
    )


def _gate(arguments: argparse.Namespace) -> int:
    from ci import events, gate  # noqa: PLC0415

    report = events.read(arguments.events.read_text().splitlines())
    if not report.finished:
        return _error(f"{arguments.events} is not the event log of a complete preview")
    found = gate.destroyed(report.changes)
    for message in found:
        print(message if arguments.allow_destructive else f"error: {message}", file=sys.stderr)
    if found and not arguments.allow_destructive:
        return _error(f"to approve it: --allow-destructive (label {gate.LABEL})")
    return 0


def _comment(arguments: argparse.Namespace) -> int:
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    github, known, failed = GitHub.of(), json.loads(arguments.stacks), 0
    for file in arguments.files:
        try:
            stack = artifacts.stack_of(file, known)
            print(
                github.comment(event["pull_request"]["number"], artifacts.comment(stack, file.read_bytes()))
            )
        except (StepError, OSError) as error:  # one bad file stops no other
            failed = _error(str(error))
    return failed


def _issue(arguments: argparse.Namespace) -> int:
    github = GitHub.of()
    for directory in arguments.directories:
        result = json.loads((directory / "result.json").read_text())
        body = artifacts.issue(result["stack"], (directory / "drift.md").read_bytes())
        if result["found"]:
            print(github.issue(f"{result['stack']}: {result['verdict']}", body, _LABEL))
        else:
            print(github.close_issue(body, _LABEL) or f"{result['stack']}: no issue is open")
    return 0


def _deploy(arguments: argparse.Namespace) -> int:
    from ci.run import deploy  # noqa: PLC0415

    return deploy(arguments.stack, settings=arguments.config_file, allowed=arguments.allow_destructive)


def _drift(arguments: argparse.Namespace) -> int:
    from ci.run import check_drift  # noqa: PLC0415

    return check_drift(
        arguments.stack,
        directory=arguments.output,
        settings=arguments.config_file,
        least_percent=arguments.headroom,
        least_age=timedelta(minutes=arguments.least_age),
        reclaim=arguments.reclaim,
    )


def _error(message: str) -> int:
    message = Redactor(secret_variables(os.environ))(message)
    print(f"error: {message}", file=sys.stderr)
    if os.environ.get("GITHUB_ACTIONS"):  # on the page of the run, too; standard output may be captured
        print(f"::error::{message.replace('%', '%25').replace(chr(10), '%0A')}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("--stack", required=True, help="its name; fleet/<name> for one of a fleet")
    stack.add_argument("--config-file", type=Path, help="the stack's file (default Pulumi.<stack>.yaml)")
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument(
        "--output", type=Path, default=Path("build/ci"), help="directory for what is found (default build/ci)"
    )
    allowed = argparse.ArgumentParser(add_help=False)
    allowed.add_argument("--allow-destructive", action="store_true", help="the destruction is approved")

    parser = argparse.ArgumentParser(
        prog="python -m ci", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(
        required=True, metavar="stacks | preview | gate | comment | deploy | drift | issue"
    )
    command = commands.add_parser("stacks", help="list the environments, by their files Pulumi.<stack>.yaml")
    command.add_argument("names", nargs="*", metavar="STACK", help="only these")
    command.add_argument("--json", action="store_true", help="as the matrix of a workflow")
    command.add_argument("--base", help="only those that a change since this revision of git can concern")
    command.add_argument(
        "--with-changes", type=Path, metavar="DIR", help="only those that a preview in DIR would change"
    )
    command.set_defaults(run=_stacks)
    command = commands.add_parser(
        "preview", parents=[stack, output, allowed], help="preview with policies, written as a comment"
    )
    command.add_argument("--base", help="revision of git to compare the capacity with")
    command.set_defaults(run=_preview)
    command = commands.add_parser("gate", parents=[allowed], help="check the event log of a preview again")
    command.add_argument("events", type=Path)
    command.set_defaults(run=_gate)
    command = commands.add_parser("comment", help="write the comments on the pull request, each in its place")
    command.add_argument(
        "--stacks", required=True, metavar="JSON", help="output of `stacks --json` in this run"
    )
    command.add_argument("files", type=Path, nargs="+")
    command.set_defaults(run=_comment)
    command = commands.add_parser("deploy", parents=[stack, allowed], help="preview, check, update")
    command.set_defaults(run=_deploy)
    command = commands.add_parser(
        "drift", parents=[stack, output], help="check for drift, too little capacity, leaked namespaces"
    )
    command.add_argument(
        "--headroom",
        type=int,
        default=5,
        metavar="PERCENT",
        help="alarm below this share of a limit (default 5)",
    )
    command.add_argument(
        "--reclaim",
        type=int,
        nargs="?",
        const=_MOST,
        metavar="MOST",
        help="delete the namespaces of clusters that Rancher does not have any more, unless there are more "
        f"than MOST (default {_MOST})",
    )
    command.add_argument(
        "--least-age",
        type=int,
        default=15,
        metavar="MINUTES",
        help="a younger namespace is not reclaimed (default 15)",
    )
    command.set_defaults(run=_drift)
    command = commands.add_parser("issue", help="update the issue of each checked stack")
    command.add_argument("directories", type=Path, nargs="+", metavar="DIR", help="output of `drift`")
    command.set_defaults(run=_issue)
    return parser


if __name__ == "__main__":
    console.run(main)
