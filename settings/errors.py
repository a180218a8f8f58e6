"""``SettingsError``: a configuration that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from domain.finding import Finding


class SettingsError(Exception):
    """The configuration is invalid; ``findings`` has everything that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Make the error of at least one finding."""
        count = "1 problem" if len(findings) == 1 else f"{len(findings)} problems"
        lines = "".join(f"\n  - {finding}" for finding in findings)
        super().__init__(f"the configuration has {count}; nothing was changed:{lines}")
        self.findings = tuple(findings)
