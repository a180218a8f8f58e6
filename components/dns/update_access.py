"""Whether the DNS server will take the stack's updates: asked before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from components.dns.dns_provider import DnsProvider
from components.provider import ProviderError, log, plain

if TYPE_CHECKING:
    from components.dns.server import Server


class UpdateAccessProvider(DnsProvider):
    """Asks in ``check``, only when the wanted things are new or have changed."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        wanted = plain(news)
        if plain(_olds) == wanted:
            return CheckResult(news, [])
        try:
            first = not plain(_olds)
            problems = list(_problems(self.server(wanted), wanted["hostnames"], wanted["zone"], first))
        except ProviderError as error:
            problems = [str(error)]
        return CheckResult(news, [CheckFailure("", problem) for problem in problems])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=plain(_olds) != plain(_news))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["server"]), plain(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(plain(_news))


class UpdateAccess(Resource, module="dns", name="UpdateAccess"):
    """A DNS server that takes updates of these names, type ``pulumi-python:dynamic/dns:UpdateAccess``.

    The cluster depends on it: a wrong key is told before the cluster is ordered, not when it is there.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        hostnames: Sequence[str],
        server: str,
        zone: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; see ``components.dns.record.Record`` for ``server`` and ``zone``."""
        props = {"hostnames": list(hostnames), "server": server, "zone": zone}
        super().__init__(UpdateAccessProvider(), resource_name, props, opts)


def _problems(server: Server, hostnames: Sequence[str], zone: str, first: bool) -> Iterator[str]:
    """What the server will refuse.

    Which address a name is to lead to is not known yet: that it leads to one is a warning at the stack's
    ``first`` run, and later as a rule its own record.
    """
    zones = {zone or server.zone_of(hostname) for hostname in hostnames}
    for name in sorted(zones):
        server.check_update(name)
    for hostname in hostnames:
        held = server.held(hostname)
        if "AAAA" in held or (held and "A" not in held):
            yield server.held_problem(hostname, held)
        elif held and first:
            log.warning(
                "warning: the DNS name %s leads to %s already; unless that is the address that it is to lead "
                "to, it will not be taken over. Remove that record, or choose another name",
                hostname,
                ", ".join(held["A"]),
            )
