"""Which stacks there are, and which of them a change concerns. Pure, and without any dependency."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

LAB = "lab"
"""The stack of the lab: it has no foundation outside a developer's machine."""

_PREFIX, _SUFFIX = "Pulumi.", ".yaml"
_POLICY = "policy/config."
# What no stack is made of. Anything that is not listed concerns every stack.
_ELSEWHERE = ("docs/", "lab/", "tests/", "fleet/", ".github/", ".ci/", "ci/")
_ELSEWHERE_FILES = {"README.md", "Makefile", ".gitignore", f"{_PREFIX}{LAB}{_SUFFIX}"}


def stacks(files: Iterable[str]) -> list[str]:
    """The stacks of a project directory's files: each ``Pulumi.<stack>.yaml``, without the lab's.

    Those whose name starts with ``prod`` come last, so that a change reaches production last.
    """
    found = {_stack(name) for name in files} - {None, LAB}
    return sorted((name for name in found if name), key=lambda name: (name.startswith("prod"), name))


def affected(known: Iterable[str], changed: Collection[str]) -> list[str]:
    """Those stacks that a change of these files (paths from the project's directory) can concern."""
    if any(_concerns_all(path) for path in changed):
        return list(known)
    named = {_stack(path) or _policy_stack(path) for path in changed}
    return [stack for stack in known if stack in named]


def refusal(event: Mapping[str, Any]) -> str | None:
    """Why a pull request gets no preview: it would run code of a fork with the foundation's credentials.

    Args:
        event: What GitHub tells of the event (the file that ``GITHUB_EVENT_PATH`` names).
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


def _stack(name: str) -> str | None:
    middle = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    whole = f"{_PREFIX}{middle}{_SUFFIX}" == name
    return middle if whole and middle and "/" not in name else None


def _policy_stack(path: str) -> str | None:
    return path.removeprefix(_POLICY).removesuffix(".json") if path.startswith(_POLICY) else None


def _concerns_all(path: str) -> bool:
    if _stack(path) or _policy_stack(path):
        return False
    return not path.startswith(_ELSEWHERE) and path not in _ELSEWHERE_FILES
