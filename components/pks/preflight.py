"""``FoundationCheck``: whether the foundation can serve the cluster that is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

from components.pks import unrecorded
from components.pks.cli import Pks
from components.pks.provider import client
from components.runtime.errors import log
from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain import foundation
from domain.credentials import Lookup
from domain.finding import Finding
from domain.pks_answers import Document


class FoundationCheck(Check):
    """Asks PKS once and reports everything that it would refuse. Inputs: ``domain.foundation.inputs``."""

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        """A cluster that the stack has created is not compared."""
        pks, created = client(config), before.get("name") == wanted["name"]
        pks.login()
        with ThreadPoolExecutor() as pool:
            plans = pool.submit(pks.plans)
            profile = pool.submit(_profile, pks, "network_profile", wanted)
            compute = pool.submit(_profile, pks, "compute_profile", wanted)
            asked = pool.submit(pks.clusters)
        clusters = asked.result()
        yield from foundation.plan_findings(plans.result(), wanted)
        if not created:
            yield from foundation.profile_findings(profile.result()[1], wanted)
        yield from foundation.compute_findings(*compute.result(), wanted)
        yield from foundation.cluster_findings(clusters, wanted, pks.name, created=created)
        if not foundation.is_comparable(clusters, wanted):
            version = wanted["kubernetes_version"]
            log.info("Kubernetes %s is not compared: no cluster shows what the foundation deploys", version)
        yield from foundation.version_findings(clusters, wanted)

    def free_names(self, wanted: Properties, config: Lookup) -> Iterator[str]:
        return unrecorded.free_names(client(config), wanted)

    def remove(self, known: Properties, vacant: Collection[str], config: Lookup) -> None:
        unrecorded.remove(client(config), known, vacant)


def _profile(pks: Pks, kind: str, wanted: Properties) -> tuple[list[Document], Document | None]:
    """All profiles of a kind, and the wanted one with its parameters; the list may hold names only."""
    name = wanted[kind]
    if not name:
        return [], None
    profiles: list[Document] = getattr(pks, f"{kind}s")()
    found = next((item for item in profiles if item["name"] == name), None)
    if found is not None and "parameters" not in found:
        found = getattr(pks, kind)(name) or {}
    return profiles, found
