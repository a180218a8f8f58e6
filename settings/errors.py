"""``SettingsError``: a configuration that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.finding import Finding, problems

if TYPE_CHECKING:
    from settings.model import Settings


class SettingsError(Exception):
    """The configuration is invalid.

    Attributes:
        findings: Everything that is wrong with it.
        usable: The settings, when only the content of certificate files is wrong: the preflight can report
            that together with what it finds itself.
    """

    def __init__(self, findings: Sequence[Finding], usable: Settings | None = None) -> None:
        """Make the error of at least one finding."""
        super().__init__(problems("the configuration", findings))
        self.findings, self.usable = tuple(findings), usable
