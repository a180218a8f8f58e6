"""Lists the stacks of a checkout, and those that a change affects. Pure, and without any dependency."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

LAB = "lab"
"""The stack of the lab: its foundation is on a developer's machine only."""
FLEET = "fleet"
"""Folder of the fleet's project. Its stacks are called ``fleet/<stack>``, by the folder of their file."""

_PREFIX, _SUFFIX = "Pulumi.", ".yaml"
_POLICY = "policy/config."
# Files that affect no stack. Any other file affects every stack.
_ELSEWHERE = ("docs/", "examples/", "lab/", "tests/", ".github/", ".ci/", "ci/")
_ELSEWHERE_FILES = {
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"),
    *("Makefile", ".gitignore", "mkdocs.yml"),
}


def stacks(files: Iterable[str]) -> list[str]:
    """The stacks of the checkout's files: each ``Pulumi.<stack>.yaml`` and ``fleet/Pulumi.<stack>.yaml``.

    In the order of deployment: production after the others, and fleets, which read the outputs of a server's
    stack, after the servers. Without the lab's.
    """
    found = {stack for name in files if (stack := _stack(name)) and _name(stack) != LAB}
    return sorted(found, key=lambda stack: (is_fleet(stack), _name(stack).startswith("prod"), stack))


def is_fleet(stack: str) -> bool:
    """Whether it is a stack of the fleet's project."""
    return stack.startswith(f"{FLEET}/")


def settings_file(stack: str) -> str:
    """Path of a stack's file from the checkout."""
    folder, slash, name = stack.rpartition("/")
    return f"{folder}{slash}{_PREFIX}{name}{_SUFFIX}"


def affected(known: Iterable[str], changed: Collection[str]) -> list[str]:
    """Those stacks that a change of these files (paths from the checkout) can affect."""
    return [stack for stack in known if any(_affects(path, stack) for path in changed)]


def refusal(event: Mapping[str, Any]) -> str | None:
    """Why a pull request gets no preview: it would run code of a fork with the foundation's credentials.

    Args:
        event: The event, from the file that ``GITHUB_EVENT_PATH`` names.
    """
    request = event.get("pull_request")
    if not request:
        return None
    # The repository of a fork that was deleted is null.
    source = (request["head"].get("repo") or {}).get("full_name", "a deleted fork")
    own = request["base"]["repo"]["full_name"]
    if source == own:
        return None
    return (
        f"this pull request comes from {source}. A preview runs its code with the credentials of the "
        "foundation, so it is not run for forks. A maintainer who has read the change pushes it to a branch "
        f"of {own} and opens a pull request from there"
    )


def _stack(path: str) -> str | None:
    folder, slash, name = path.rpartition("/")
    middle = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    whole = f"{_PREFIX}{middle}{_SUFFIX}" == name
    return f"{folder}{slash}{middle}" if whole and middle and folder in {"", FLEET} else None


def _name(stack: str) -> str:
    return stack.rpartition("/")[2]


def _affects(path: str, stack: str) -> bool:
    if settings := _stack(path):
        return settings == stack
    if path.startswith(_POLICY):  # a fleet is judged by its server's thresholds
        return is_fleet(stack) or path == f"{_POLICY}{stack}.json"
    if path.startswith(f"{FLEET}/"):
        return is_fleet(stack)
    return not path.startswith(_ELSEWHERE) and path not in _ELSEWHERE_FILES
