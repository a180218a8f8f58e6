"""``SettingsError``: a configuration that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from domain.finding import Finding, problems


class SettingsError(Exception):
    """The configuration is invalid; ``findings`` has everything that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Make the error of at least one finding."""
        super().__init__(problems("the configuration", findings))
        self.findings = tuple(findings)
