"""``python -m lab.tool TOOL COMMAND [ARGUMENT ...]``: runs a tool that is built when it is first used."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence

from lab.build import BuildError, build
from lab.layout import REPO, Lab
from lab.process import MARK
from lab.recipes import ON_DEMAND


def main() -> int:
    """Builds the tool unless it is built, then becomes the command."""
    name, command, *arguments = sys.argv[1:]
    [recipe] = [recipe for recipe in ON_DEMAND if recipe.name == name]
    try:
        built = build(lambda line: print(line, file=sys.stderr, flush=True), [recipe])
    except BuildError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    place = built.places[recipe] / command
    return os.execv(place, [str(place), *arguments])  # noqa: S606 - no shell, on purpose


def write(lab: Lab, name: str, tool: str, command: str) -> None:
    """Writes the lab's command ``name``, which runs a command of a tool that is built when first used."""
    # The program does not tell its children where the cache is.
    cache = {"LAB_CACHE": os.environ["LAB_CACHE"]} if os.environ.get("LAB_CACHE") else {}
    wrap(lab, name, [sys.executable, "-m", "lab.tool", tool, command], {**cache, "PYTHONPATH": str(REPO)})


def wrap(lab: Lab, name: str, command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Writes the lab's command ``name``: a shell script that runs ``command`` with these variables.

    It carries the lab's mark unless it has one, so that ``lab down`` finds it: neither a user's shell nor the
    program gives its children that variable.
    """
    assignments = "".join(f"{key}={shlex.quote(value)} " for key, value in variables.items())
    mark = f'{MARK}="${{{MARK}:-{lab.home}:pulumi}}"'
    script = lab.path("bin", name)
    temporary = script.with_name(f".{name}-{os.getpid()}")  # it may be running
    temporary.write_text(f'#!/bin/sh\n{mark} {assignments}exec {shlex.join(command)} "$@"\n')
    temporary.chmod(0o755)
    temporary.rename(script)


if __name__ == "__main__":
    sys.exit(main())
