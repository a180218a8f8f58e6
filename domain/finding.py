"""``Finding``: one thing that is wrong, in the form of every error and warning of the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning"]
"""``error``: nothing may be created. ``warning``: it may, but something does not work or soon will not."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        key: The property, config key or place that it is about; empty when it is about none.
        problem: What is wrong, with the values found.
        remedy: What to do about it.
        value: The value of the key, as far as it may be shown.
        severity: Whether it is an error or a warning.
        depends_on: Other keys that it is about; it is dropped while one of them is wrong by itself.
    """

    key: str
    problem: str
    remedy: str = ""
    value: str = ""
    severity: Severity = "error"
    depends_on: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``<problem> (<value>). <remedy>``."""
        shown = f" ({self.value})" if self.value else ""
        end = f". {self.remedy}" if self.remedy else ""
        return f"{self.problem}{shown}{end}"

    def __str__(self) -> str:
        """``<key>: <problem> (<value>). <remedy>``."""
        return f"{self.key}: {self.text}" if self.key else self.text

    def under(self, place: str) -> Finding:
        """The finding with its keys inside ``place``."""
        keys = self.key.split(",") if self.key else []
        return replace(self, key=",".join(f"{place}.{key.strip()}" for key in keys))

    def renamed(self, names: Mapping[str, str]) -> Finding:
        """The finding with the program's names for its keys; a key without one keeps its own.

        In a path such as ``parameters.lb_size`` the first part is the key.
        """

        def named(path: str) -> str:
            key, dot, rest = path.strip().partition(".")
            return names.get(path, f"{names.get(key, key)}{dot}{rest}")

        return replace(
            self,
            key=", ".join(dict.fromkeys(named(path) for path in self.key.split(","))),
            depends_on=tuple(named(path) for path in self.depends_on),
        )


class FindingError(ValueError):
    """Input cannot be used.

    Attributes:
        finding: Why not.
    """

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        """Make the error of a finding with these parts."""
        self.finding = Finding(key, problem, remedy)
        super().__init__(str(self.finding))


def merged(found: Iterable[Finding]) -> list[Finding]:
    """The findings without repetition: those of several keys with the same problem become one."""
    keys: dict[Finding, dict[str, None]] = {}
    for item in found:
        keys.setdefault(replace(item, key=""), {})[item.key] = None
    return [replace(item, key=",".join(filter(None, places))) for item, places in keys.items()]


def problems(what: str, found: Sequence[Finding]) -> str:
    """The message for everything that is wrong with ``what``."""
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    lines = "".join(f"\n  - {finding}" for finding in found)
    return f"{what} has {count}; nothing was changed:{lines}"
