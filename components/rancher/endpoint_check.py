"""``EndpointCheck``: the way to Rancher from outside: the virtual IP, TLS with the CA, and who answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal

import pulumi
from pulumi.dynamic import Resource

from components.rancher.endpoint import RancherEndpoint, RancherEndpointArgs
from components.rancher.https_probe import get
from components.runtime.provider import Properties, Provider, unknown
from components.runtime.waiting import STEADY, wait
from domain.finding import Finding
from domain.rancher_answers import has_no_rule, is_pong, ping_meaning

Expect = Literal["ingress", "rancher"]
"""``ingress``: nginx serves the host name, Rancher may be missing. ``rancher``: it answers ``/ping``."""

_PONGS = 5
"""Answers in a row, each over its own connection: different nginx and Rancher pods give them."""


class EndpointCheckProvider(Provider):
    """Checks at creation and whenever something on the way changes."""

    updates = ("endpoint", "expect", "triggers")

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        del before
        endpoint = wanted["endpoint"]
        if not unknown(endpoint) and not endpoint["ca_bundle"]:
            yield Finding(
                key="endpoint",
                problem="the CA bundle is empty",
                remedy="Give the PEM of the CA that issued the certificate",
            )

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        endpoint = RancherEndpoint.of(wanted["endpoint"])
        wait(
            f"endpoint {endpoint}",
            partial(_ingress if wanted["expect"] == "ingress" else _rancher, endpoint),
            timeout=wanted["timeout_minutes"] * 60,
            pace=STEADY,
            resume="Run `pulumi up` again when that is fixed",
        )
        return {}

    def identity(self, properties: Properties) -> str:
        endpoint = properties["endpoint"]
        return f"{endpoint['hostname']}:{endpoint['port']}"


class EndpointCheck(Resource, module="rancher", name="EndpointCheck"):
    """A way to Rancher that works, type ``pulumi-python:dynamic/rancher:EndpointCheck``."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: RancherEndpointArgs,
        expect: Expect,
        timeout_minutes: int,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            endpoint: Where Rancher is reached, or will be.
            expect: Who must answer.
            timeout_minutes: Longest time until then.
            triggers: Values whose change makes the check run again.
            opts: Must depend on what is on the way.
        """
        props = {
            "endpoint": endpoint.inputs(),
            "expect": expect,
            "timeout_minutes": timeout_minutes,
            "triggers": list(triggers),
        }
        super().__init__(EndpointCheckProvider(), resource_name, props, opts)


def _ingress(endpoint: RancherEndpoint) -> tuple[str, bool | None]:
    """The TLS secret and the Ingress are in force; any answer behind them counts."""
    answer = get(endpoint)
    if has_no_rule(answer.status, answer.text):
        return (
            f"HTTP: status 404: nginx has no rule for {endpoint.hostname}. Check that its Ingress exists, "
            "has this host and the annotation kubernetes.io/ingress.class: nginx",
            None,
        )
    return f"HTTP: status {answer.status}", True


def _rancher(endpoint: RancherEndpoint) -> tuple[str, bool | None]:
    """Rancher's pods answer, one request after the other."""
    for number in range(_PONGS):
        answer = get(endpoint, "/ping")
        if not is_pong(answer.status, answer.text):
            meaning = ping_meaning(answer.status, endpoint.hostname)
            return f"HTTP: {meaning} (after {number} good answers in a row)", None
    return f"{_PONGS} times pong", True
