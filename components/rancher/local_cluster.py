"""``LocalCluster``: waits for Rancher's own cluster, and saves it when it hangs."""

from __future__ import annotations

import time
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.rancher.api import Json, Rancher, RancherError, connect
from components.runtime.errors import log
from components.runtime.provider import Properties, Provider, changed, plain, wait

_PATH = "/v3/clusters/local"
_IDENTITY = ["hostname", "server_url", "token"]
_PATIENCE_SECONDS = 15.0
"""Longer than a replica that was told of the server URL takes by itself (one second from 2.6 on)."""
_AGAIN_SECONDS = 60.0


class LocalClusterProvider(Provider):
    """Waits at creation, and again when the server URL or the token has changed."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        hung = plain(_olds).get("state") != "active"
        return DiffResult(changes=hung or bool(changed(_olds, _news, _IDENTITY)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("local", _activate(plain(props)))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_activate(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        try:
            with connect(known) as rancher:
                state = rancher.call("GET", _PATH, token=known["token"]).get("state")
        except RancherError as error:
            # No answer, or a token that has been replaced since: no word on the cluster.
            log.warning("warning: state of Rancher's local cluster: %s", error)
            return ReadResult(id_, known)
        return ReadResult(id_, {**known, "state": state})


class LocalCluster(Resource, module="rancher", name="LocalCluster"):
    """Rancher's cluster ``local``, active; type ``pulumi-python:dynamic/rancher:LocalCluster``.

    Attributes:
        state: Its state in Rancher, ``active``.
    """

    state: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        address: pulumi.Input[str],
        port: int,
        hostname: str,
        ca_bundle: pulumi.Input[str],
        version: str,
        token: pulumi.Input[str],
        server_url: str,
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            address: The virtual IP.
            port: Its port for HTTPS.
            hostname: Rancher's DNS name.
            ca_bundle: PEM of the CAs to trust.
            version: Rancher's version.
            token: Secret. API token of the administrator.
            server_url: URL that Rancher was told; the cluster waits for it.
            timeout_minutes: Longest time until it is active.
            opts: As for every resource.
        """
        props = {
            "address": address,
            "port": port,
            "hostname": hostname,
            "ca_bundle": ca_bundle,
            "version": version,
            "token": pulumi.Output.secret(token),
            "server_url": server_url,
            "timeout_minutes": timeout_minutes,
            "state": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(
            LocalClusterProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret)
        )


def _activate(wanted: Properties) -> Properties:
    saved = time.monotonic() - _AGAIN_SECONDS + _PATIENCE_SECONDS
    with connect(wanted) as rancher:

        def poll() -> tuple[str, str | None]:
            nonlocal saved
            try:
                cluster = rancher.call("GET", _PATH, token=wanted["token"])
                if cluster.get("state") == "active":
                    return "active", "active"
                if time.monotonic() - saved >= _AGAIN_SECONDS:
                    _save(rancher, wanted["token"], cluster)
                    saved = time.monotonic()
                return _words(cluster), None
            except RancherError as error:
                if error.status in {401, 403}:
                    raise
                return str(error), None

        state = wait(
            f"Rancher's cluster local at {wanted['hostname']}",
            poll,
            timeout=wanted["timeout_minutes"] * 60,
            first=1,
            cap=5,
            resume="See the log of Rancher's pods (kubectl -n cattle-system logs -l app=rancher), delete the "
            "pod that complains, and run pulumi up again",
        )
    return {**wanted, "state": state}


def _save(rancher: Rancher, token: str, cluster: Json) -> None:
    """Without a change: what pressing Edit and Save does. Rancher wants the name in it."""
    log.info("Rancher's cluster local hangs (%s): it is saved without a change", _words(cluster))
    rancher.call("PUT", _PATH, {**cluster, "name": cluster.get("name") or "local"}, token=token)


def _words(cluster: Json) -> str:
    message = str(cluster.get("transitioningMessage") or "no message")
    missing = [
        f"{item['type']} is {item['status']}"
        for item in cluster.get("conditions") or []
        if item.get("status") != "True"
    ]
    return "; ".join([f"{cluster.get('state') or 'no state'}: {message}", *missing])
