"""Waits until a name leads to its address for those who ask a resolver, as clients do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain, wait

_RESUME = (
    "Run pulumi up again when the resolver has forgotten what it remembers (wait longer: config "
    "dnsTimeoutMinutes; ask another: dnsResolver)"
)


class ResolutionProvider(Provider):
    """Asks at creation, when the record has changed, and when a refresh has found it not to resolve."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        names = ["hostname", "address", "resolver", "triggers"]
        return DiffResult(changes=bool(changed(_olds, _news, names)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        _wait(wanted)
        return CreateResult(str(wanted["hostname"]), wanted)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        wanted = plain(_news)
        _wait(wanted)
        return UpdateResult(wanted)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        from components.dns.resolver import Resolver  # noqa: PLC0415 - as in _wait

        known = plain(props)
        try:
            found = Resolver(known["resolver"]).lookup(known["hostname"])
        except ProviderError as error:
            log.warning("warning: not known whether %s resolves: %s", id_, error)
            return ReadResult(id_, known)
        return ReadResult(id_, known) if found.addresses == (known["address"],) else ReadResult("", {})


class Resolution(Resource, module="dns", name="Resolution"):
    """A name that resolves, type ``pulumi-python:dynamic/dns:Resolution``."""

    def __init__(
        self,
        resource_name: str,
        *,
        hostname: str,
        address: pulumi.Input[str],
        resolver: str,
        timeout_minutes: int,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            hostname: The name.
            address: The only address that it has to lead to.
            resolver: The resolver to ask, ``host`` or ``host:port``; empty: the system's.
            timeout_minutes: Longest time until then.
            triggers: Values whose change makes it ask again.
            opts: Must depend on what makes the record: a name asked too early is remembered as missing.
        """
        props = {
            "hostname": hostname,
            "address": address,
            "resolver": resolver,
            "timeout_minutes": timeout_minutes,
            "triggers": list(triggers),
        }
        super().__init__(ResolutionProvider(), resource_name, props, opts)


def _wait(wanted: Properties) -> None:
    from components.dns.resolver import Resolver  # noqa: PLC0415 - a preview without changes needs no DNS

    resolver = Resolver(wanted["resolver"])
    hostname, address, seconds = wanted["hostname"], wanted["address"], wanted["timeout_minutes"] * 60
    deadline = time.monotonic() + seconds

    def poll() -> tuple[str, bool | None]:
        try:
            found = resolver.lookup(hostname)
        except ProviderError as error:
            return str(error), None
        if found.addresses == (address,):
            return found.words, True
        if found.remembered > max(deadline - time.monotonic(), 0):
            raise ProviderError(
                f"DNS name {hostname} does not lead to {address}: {found.words}, longer than config "
                f"dnsTimeoutMinutes allows. {_RESUME}"
            )
        return found.words, None

    wait(
        f"DNS name {hostname} to lead to {address}",
        poll,
        timeout=seconds,
        first=0.5,
        cap=10,
        resume=_RESUME,
    )
