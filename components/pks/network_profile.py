"""The NSX-T settings of a cluster (docs-pks 1.5 `network-profiles`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.pks.cli import PksError
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError, TransientError, log
from components.runtime.provider import Properties
from domain.finding import Finding
from domain.network_profile import change_findings, same_parameters, taken_by_other


class NetworkProfileProvider(PksProvider):
    """PKS cannot change a profile: other parameters need another name."""

    replaces = ("name", "parameters")
    observed = ("name", "description", "parameters")

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if before:
            yield from change_findings(before, wanted)

    def same(self, name: str, before: object, wanted: object) -> bool:
        if name == "parameters" and isinstance(before, Mapping) and isinstance(wanted, Mapping):
            return same_parameters(before, wanted)
        return before == wanted

    def identity(self, properties: Properties) -> str:
        return str(properties["name"])

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        name, parameters = wanted["name"], wanted["parameters"]
        document = {"name": name, "description": wanted["description"], "parameters": parameters}
        try:
            self.pks.create_network_profile(document)
        except (PksError, TransientError):
            found = self.pks.network_profile(name)
            if found is None:
                raise
            if not same_parameters(found.get("parameters") or {}, parameters):
                taken = taken_by_other(name, found.get("parameters") or {})
                raise ProviderError.of(taken) from None
            log.info("network profile %s exists with the wanted parameters: taken over", name)
        return {}

    def observe(self, id_: str, known: Properties) -> Properties | None:
        found = self.pks.network_profile(id_)
        if found is None:
            return None
        live = found.get("parameters") or {}
        return {} if same_parameters(live, known["parameters"]) else {"parameters": live}

    def remove(self, id_: str, known: Properties) -> None:
        del known
        try:
            self.pks.delete_network_profile(id_)
        except (PksError, TransientError) as error:
            if self.pks.network_profile(id_) is None:
                return
            users = [item.name for item in self.pks.clusters() if item.values().get("network_profile") == id_]
            if not users:
                raise
            log.warning("network profile %s stays: %s uses it (%s)", id_, ", ".join(users), error)
