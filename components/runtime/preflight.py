"""Preflight checks: resources that create nothing and ask an environment what it offers.

Resources blocked by a failed preflight depend on one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.runtime.errors import ProviderError
from components.runtime.provider import LABELS, Properties, Provider
from domain.finding import Finding

VACANT = "vacant"
"""Output: which names were free before the stack ordered anything."""


class PreflightProvider(Provider):
    """Asks the environment in ``check``, only when the inputs are new or have changed.

    It is in the state before anything that depends on it is ordered, and leaves it last. So it also removes
    what an update that was killed has ordered but not recorded: what bears a name that was free.
    """

    def problems(self, wanted: Properties, before: Properties) -> Iterable[Finding]:
        """What the environment would refuse; ``before`` is empty at the first run.

        Raises:
            ProviderError: The environment cannot be asked.
        """
        raise NotImplementedError

    def free_names(self, wanted: Properties) -> Iterable[str]:
        """Those of the names that the stack will use which nothing bears yet."""
        del wanted
        return ()

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        free = sorted({*self.free_names(wanted), *(before.get(VACANT) or ())})
        return {VACANT: free} if free else {}

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if not self._differs(before, wanted):
            return
        try:
            yield from self.problems(wanted, before)
        except ProviderError as error:
            yield Finding(",".join(error.properties), str(error))

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        return self._differs(before, wanted)

    def identity(self, properties: Properties) -> str:
        del properties
        return "preflight"

    def _differs(self, before: Properties, wanted: Properties) -> bool:
        return bool(self.changed(before, wanted, (before.keys() | wanted.keys()) - {LABELS, VACANT}))
