"""``Resolution``: a name that resolves to its address for clients."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider
from components.runtime.waiting import STEADY, wait

_RESUME = "Run `pulumi up` again when the cached answer has expired, allow more time, or ask another resolver"


class ResolutionProvider(Provider):
    """Waits at creation, when the record has changed, and after a refresh that found another answer."""

    updates = ("hostname", "address", "resolver", "triggers")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        from components.dns.resolver import lookup  # noqa: PLC0415 - a preview without changes needs no DNS

        hostname, address, seconds = wanted["hostname"], wanted["address"], wanted["timeout_minutes"] * 60
        deadline = time.monotonic() + seconds

        def poll() -> tuple[str, Properties | None]:
            try:
                found = lookup(hostname, wanted["resolver"])
            except ProviderError as error:
                return str(error), None
            if found.addresses == (address,):
                return found.words, {}
            if found.cached_seconds > max(deadline - time.monotonic(), 0):
                raise ProviderError(
                    f"DNS name {hostname} does not resolve to {address}: {found.words}, longer than the time "
                    f"allowed. {_RESUME}",
                    "timeout_minutes",
                )
            return found.words, None

        what = f"DNS name {hostname} to resolve to {address}"
        return wait(what, poll, timeout=seconds, pace=STEADY, resume=_RESUME)

    def identity(self, properties: Properties) -> str:
        return str(properties["hostname"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        from components.dns.resolver import lookup  # noqa: PLC0415 - a preview without changes needs no DNS

        try:
            found = lookup(known["hostname"], known["resolver"])
        except ProviderError as error:
            log.warning("warning: whether %s resolves is unknown: %s", id_, error)
            return {}
        return {} if found.addresses == (known["address"],) else None


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
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            hostname: The name.
            address: The only address that it may resolve to.
            resolver: The resolver to ask, ``host`` or ``host:port``; empty: the system's.
            timeout_minutes: Longest time until it resolves.
            triggers: Values whose change makes it wait again.
            opts: Must depend on what makes the record: resolvers cache that a name does not exist.
        """
        props = {
            "hostname": hostname,
            "address": address,
            "resolver": resolver,
            "timeout_minutes": timeout_minutes,
            "triggers": list(triggers),
        }
        super().__init__(ResolutionProvider(), resource_name, props, opts)
