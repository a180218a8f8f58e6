"""Errors and log of the dynamic providers' process."""

from __future__ import annotations

import logging
import sys

import console
from domain.finding import Finding

log = logging.getLogger("rancher-on-pks")
"""Lines that a provider logs here appear in the engine's output."""


class ProviderError(Exception):
    """A failure that needs no traceback.

    The message says what is wrong and what to do. It names systems and values but no config key: the provider
    puts the names of ``properties`` in front, as the program calls them.

    Attributes:
        properties: The resource's properties that the failure is about.
    """

    def __init__(self, message: str, *properties: str) -> None:
        """Make the error; ``properties`` are names of the resource's inputs."""
        super().__init__(message)
        self.properties = properties

    @classmethod
    def of(cls, finding: Finding) -> ProviderError:
        """The error for a finding, whose key is a property."""
        return cls(finding.text, *filter(None, [finding.key]))


class TransientError(ProviderError):
    """A failure that may not happen again: no answer, an overloaded server.

    Attributes:
        retry_after: Seconds that the server asks to wait before the next try; 0: it asks for nothing.
    """

    retry_after: float = 0.0


def start_log() -> None:
    """Send the log to the engine, once."""
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(console.log_level())
