"""Versions and version ranges as Helm parses them (Semantic Versioning 2.0.0, Masterminds/semver v3).

No library on PyPI supports these ranges: those of npm and PEP 440 differ in pre-releases, blanks and commas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import total_ordering

_NUMBER = r"0|[1-9]\d*"
_PRE_RELEASE = r"(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"


def _pattern(part: str) -> str:
    return rf"v?(?P<major>{part})(?:\.(?P<minor>{part}))?(?:\.(?P<patch>{part}))?{_PRE_RELEASE}"


_VERSION = re.compile(_pattern(_NUMBER))
_PATTERN = _pattern(rf"{_NUMBER}|[xX*]")
_BARE = re.sub(r"\?P<\w+>", "?:", _PATTERN)
_CONDITION = re.compile(rf"(?P<operator>=>|>=|=<|<=|!=|~>|[=<>~^]|)\s*{_PATTERN}(?![\w.])")
_HYPHEN = re.compile(rf"({_BARE})\s+-\s+({_BARE})")


@total_ordering
@dataclass(frozen=True)
class Version:
    """A semantic version. Missing numbers are 0; build metadata is ignored."""

    major: int
    minor: int = 0
    patch: int = 0
    pre_release: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Parses ``1.2.3``, ``v1.2.3-rc.1`` or ``1.2``.

        Raises:
            ValueError: The version is invalid.
        """
        found = _VERSION.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a version. Use one such as 1.2.3")
        return _version([int(found[part] or 0) for part in ("major", "minor", "patch")], found["pre"] or "")

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[object, ...]:
        identifiers = self.pre_release.split(".") if self.pre_release else []
        # A number is lower than text; every pre-release is lower than its release.
        order = [(0, int(item), "") if item.isdigit() else (1, 0, item) for item in identifiers]
        return self.major, self.minor, self.patch, not identifiers, order


def satisfies(version: Version, constraint: str) -> bool:
    """Returns whether the version is in the range.

    Args:
        version: A pre-release is only in ranges that name a pre-release, such as ``>=1.21.0-0``.
        constraint: Such as ``< 1.37.0-0``, ``>=1.21.0-0 <2``, ``1.2.x || ~1.4``, ``1.2 - 1.4``, ``^1.2``.

    Raises:
        ValueError: The range is invalid.
    """
    return any(all(holds(version) for holds in _conditions(part)) for part in constraint.split("||"))


def minor_satisfies(minor: str, constraint: str) -> bool:
    """Returns whether any patch release of a ``major.minor`` version is in the range.

    Raises:
        ValueError: The version or the range is invalid.
    """
    first = Version.parse(minor)
    patches = {first.patch, _LATE_PATCH, *map(int, re.findall(r"\d+\.\d+\.(\d+)", constraint))}
    near = {patch + step for patch in patches for step in (-1, 0, 1) if patch + step >= 0}
    return any(satisfies(Version(first.major, first.minor, patch), constraint) for patch in near)


_LATE_PATCH = 999
"""Higher than any patch release."""


def nearest(wanted: str, available: Iterable[str], count: int = 5) -> list[str]:
    """Returns the ``available`` versions closest to ``wanted``, newest first."""
    readable = {text: version for text in available if (version := _read(text)) is not None}
    target = _read(wanted)
    if target is None:
        return sorted(readable, key=lambda text: readable[text], reverse=True)[:count]

    def distance(text: str) -> tuple[object, ...]:
        version = readable[text]
        gaps = (abs(getattr(version, part) - getattr(target, part)) for part in ("major", "minor", "patch"))
        return *gaps, bool(version.pre_release) != bool(target.pre_release)

    return sorted(sorted(readable, key=distance)[:count], key=lambda text: readable[text], reverse=True)


def _read(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except ValueError:
        return None


def _conditions(text: str) -> Iterator[Callable[[Version], bool]]:
    """Yields the conditions of one alternative of a range; all must hold."""
    rest = _HYPHEN.sub(r">=\1 <=\2", text.strip()) or "*"
    names_pre_release = False
    bounds: list[Callable[[Version], bool]] = []
    while rest:
        found = _CONDITION.match(rest)
        if not found:
            raise ValueError(f"{text.strip()!r} is not a version range")
        names_pre_release |= bool(found["pre"])
        bounds.append(_bound(found))
        rest = rest[found.end() :].lstrip(" ,\t")
    yield lambda version: names_pre_release or not version.pre_release
    yield from bounds


def _bound(found: re.Match[str]) -> Callable[[Version], bool]:  # noqa: PLR0911 - one per operator
    """Returns the condition; a partial version (``1.2``, ``1.2.x``) matches all that begin with it."""
    parts = [found[part] for part in ("major", "minor", "patch")]
    numbers: list[int] = []
    for part in parts:
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    low = _version(numbers, found["pre"] or "")
    operator = found["operator"]
    if not numbers:
        return lambda _version: operator not in ("<", ">", "!=")
    partial = len(numbers) < 3
    end = _next(numbers)
    if operator in ("<", ">=", "=>"):
        return (lambda version: version < low) if operator == "<" else (lambda version: version >= low)
    if operator == ">":
        return (lambda version: version >= end) if partial else (lambda version: version > low)
    if operator in ("<=", "=<"):
        return (lambda version: version < end) if partial else (lambda version: version <= low)
    if operator == "!=":
        return (lambda version: not low <= version < end) if partial else (lambda version: version != low)
    if operator in ("~", "~>"):
        end = _next(numbers[:2])
    elif operator == "^":
        leading = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        end = _next(numbers[: leading + 1])
    elif not partial:
        return lambda version: version == low
    return lambda version: low <= version < end


def _next(numbers: list[int]) -> Version:
    """Returns the lowest version above all that begin with ``numbers``, including its pre-releases."""
    return _version([*numbers[:-1], numbers[-1] + 1], "0")


def _version(numbers: list[int], pre_release: str) -> Version:
    """Returns the version with up to three numbers; missing ones are 0."""
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return Version(major, minor, patch, pre_release)
