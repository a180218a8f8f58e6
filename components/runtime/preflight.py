"""``Check``: a question to one system, asked before anything is created."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable

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

    def free_names(self, wanted: Properties, config: Lookup) -> Iterable[str]:
        """Those of the names that the stack will use which nothing bears yet."""
        del wanted, config
        return ()

    def remove(self, known: Properties, vacant: Collection[str], config: Lookup) -> None:
        """Remove what an update that was killed has ordered, but could not record.

        Args:
            known: The check's inputs.
            vacant: What ``free_names`` returned before the stack ordered anything.
            config: For credentials.

        Raises:
            ProviderError: Something bears such a name and need not be the stack's; with what to do.
        """
        del known, vacant, config
