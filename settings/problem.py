"""What is said of a wrong config."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the config.

    Attributes:
        key: The config key.
        reason: What is wrong, and what to do about it.
        value: The value as far as it may be shown; empty when there is none.
        others: Keys that the complaint depends on; it is dropped while one of them is wrong by itself.
    """

    key: str
    reason: str
    value: str = ""
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key} = {self.value}: {self.reason}" if self.value else f"{self.key}: {self.reason}"


class SettingsError(Exception):
    """The config cannot be used; ``problems`` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        """Make the error of at least one problem."""
        count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"the configuration has {count}; nothing was changed:{lines}")
        self.problems = problems
