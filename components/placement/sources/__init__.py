"""Where the names of a cluster's VMs come from: a module for each source, chosen by name from ``SOURCES``."""

from __future__ import annotations

from collections.abc import Mapping

from components.placement.sources.attributes import AttributesSource
from components.placement.sources.base import VmSource
from components.placement.sources.bosh import BoshSource

SOURCES: Mapping[str, VmSource] = {"bosh": BoshSource(), "attributes": AttributesSource()}

__all__ = ["SOURCES", "VmSource"]
