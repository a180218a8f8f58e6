"""``Check``: a question to one system, asked before anything is created."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.finding import Finding


class Check(ABC):
    """One part of the preflight. Has no state; ``components.preflight`` runs all of them side by side."""

    @abstractmethod
    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterable[Finding]:
        """What the system would refuse; a finding's key is one of the check's inputs.

        Args:
            wanted: The check's inputs.
            before: Its inputs at the last successful run; empty at the first.
            config: For credentials.

        Raises:
            ProviderError: The system cannot be asked.
        """
