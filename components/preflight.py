"""``Preflight``: every check of the environment, side by side, before anything is created."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, Resource

from components.capacity.preflight import NsxCheck
from components.certificates.preflight import CertificateCheck
from components.dns.preflight import DnsCheck
from components.helm.preflight import ChartCheck
from components.helm.v2.preflight import Helm2Check
from components.images.preflight import ImageCheck
from components.pks.preflight import FoundationCheck
from components.placement.preflight import PlacementCheck
from components.runtime.errors import ProviderError
from components.runtime.preflight import Check
from components.runtime.provider import Properties, Provider
from domain.finding import Finding, merged, problems

CHECKS: Mapping[str, Check] = {
    "foundation": FoundationCheck(),
    "ingress_chart": ChartCheck(),
    "rancher_chart": ChartCheck(),
    "helm2": Helm2Check(),
    "dns": DnsCheck(),
    "vcenter": PlacementCheck(),
    "nsx": NsxCheck(),
    "images": ImageCheck(),
    "certificates": CertificateCheck(),
}
"""Name of an input of ``Preflight``, which holds the check's own inputs."""


VACANT = "vacant"
"""Output: by check, the names that were free before the stack ordered anything."""


class PreflightProvider(Provider):
    """Runs those checks whose inputs are new or have changed. They create nothing."""

    updates = tuple(CHECKS)

    def findings(self, before: Properties, wanted: Properties) -> list[Finding]:
        due = [name for name in self.changed(before, wanted, CHECKS) if wanted.get(name)]
        if not due:
            return []
        with ThreadPoolExecutor(len(due)) as pool:
            asked = [pool.submit(self._ask, name, wanted[name], before.get(name) or {}) for name in due]
        return merged(item for found in asked for item in found.result())

    def refusals(self, errors: list[Finding]) -> list[CheckFailure]:
        """One failure for all, without the property, whose value the engine would print."""
        return [CheckFailure("", problems("the preflight", errors))] if errors else []

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        """Note which names are free: what bears one of them at the end is this stack's."""
        known = before.get(VACANT) or {}
        for name, check in CHECKS.items():
            if wanted.get(name) and self.changed(before, wanted, [name]):
                found = {*check.free_names(wanted[name], self._config.get), *known.get(name, ())}
                known = {**known, name: sorted(found)}
        return {VACANT: known}

    def remove(self, id_: str, known: Properties) -> None:
        """It leaves the state last, so what is still there was ordered by an update that was killed."""
        del id_
        for name, check in CHECKS.items():
            if known.get(name):
                check.remove(known[name], (known.get(VACANT) or {}).get(name, ()), self._config.get)

    def identity(self, properties: Properties) -> str:
        del properties
        return "preflight"

    def _ask(self, name: str, wanted: Properties, before: Properties) -> list[Finding]:
        try:
            found = list(CHECKS[name].findings(wanted, before, self._config.get))
        except ProviderError as error:
            found = [Finding(",".join(error.properties), str(error))]
        return [item.under(name) for item in found]


class Preflight(Resource, module="preflight", name="Preflight"):
    """What the environment must offer, type ``pulumi-python:dynamic/preflight:Preflight``.

    Everything that is created depends on it, so nothing is while a check fails.
    """

    def __init__(
        self,
        resource_name: str,
        checks: Mapping[str, pulumi.Input[Mapping[str, Any]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            checks: Inputs of each check that applies, by its name in ``CHECKS``. A secret one stays secret.
            opts: Options.
        """
        secret = [name for name, inputs in checks.items() if isinstance(inputs, pulumi.Output)]
        hidden = pulumi.ResourceOptions(additional_secret_outputs=secret)
        props = {**dict.fromkeys(CHECKS), **checks, VACANT: None}
        super().__init__(
            PreflightProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, hidden)
        )
