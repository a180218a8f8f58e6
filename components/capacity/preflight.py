"""``NsxCheck``: whether NSX-T has the pod network that the config describes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from capacity.model import figures
from capacity.model.plan import CapacityError
from components.capacity.nsx_manager import NSX, NsxAbsentError, read
from components.runtime.errors import ProviderError, TransientError
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.finding import Finding


class NsxCheck(Check):
    """Reads the blocks and pools. Inputs: ``manager``, ``figures`` (a document of
    ``capacity.model.figures``) and ``pools``.

    An outage is no finding: the plan is judged by the configured figures then, with a warning.
    """

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        del before
        try:
            network = figures.from_document(wanted["figures"]).network
            read(NSX.read(config, os.environ), network, None, wanted["pools"])
        except TransientError:
            return
        except NsxAbsentError as error:
            yield Finding("figures", str(error))
        except ProviderError as error:
            yield Finding("manager", str(error))
        except CapacityError as error:
            yield Finding("figures", f"NSX-T contradicts these figures: {error}")
