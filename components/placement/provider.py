"""Base of the providers that read from BOSH or vCenter."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from components.placement.bosh_cli import Bosh
from components.placement.credentials import BOSH, VSPHERE
from components.runtime.provider import Provider
from domain.credentials import Lookup

if TYPE_CHECKING:
    from components.placement.vcenter import VCenter


def session(config: Lookup, datacenter: str) -> AbstractContextManager[VCenter]:
    """A session with vCenter.

    Args:
        config: For credentials that the environment does not have.
        datacenter: vSphere datacenter to search; empty: all.

    Raises:
        ProviderError: Credentials are missing; on entry, see ``vcenter.session``.
    """
    from components.placement import vcenter  # noqa: PLC0415 - a preview without changes needs none

    return vcenter.session(VSPHERE.read(config, os.environ), datacenter)


class PlacementProvider(Provider):
    """Reads its credentials from the environment or the stack's config."""

    def vcenter(self, datacenter: str) -> AbstractContextManager[VCenter]:
        """See ``session``."""
        return session(self._config.get, datacenter)

    def bosh(self, executable: str) -> Bosh:
        """The Director, through this CLI."""
        return Bosh(executable, BOSH.read(self._config.get, os.environ))
