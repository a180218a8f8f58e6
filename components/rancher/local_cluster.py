"""Waits for Rancher's own cluster, and saves it without a change when it hangs."""

from __future__ import annotations

import time

from components.rancher.api import Json, Rancher, RancherError
from components.rancher.endpoint import RancherEndpoint
from components.runtime.errors import log
from components.runtime.provider import Properties, Provider
from components.runtime.waiting import STEADY, wait
from domain.rancher_answers import cluster_state

_PATH = "/v3/clusters/local"
_ACTIVE = "active"
_FIRST_SAVE_SECONDS = 15.0
"""Longer than a replica takes to notice the server URL by itself (one second from 2.6 on)."""
_NEXT_SAVE_SECONDS = 60.0


class LocalClusterProvider(Provider):
    """Waits at creation, when the server URL or the token changes, and when a refresh found it not active."""

    updates = ("endpoint", "server_url", "token")

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        del wanted
        return before.get("state") != _ACTIVE

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        endpoint = RancherEndpoint.of(wanted["endpoint"])
        with Rancher(endpoint) as rancher:
            activation = _Activation(rancher, wanted["token"])
            state = wait(
                f"Rancher's cluster local at {endpoint.hostname}",
                activation.poll,
                timeout=wanted["timeout_minutes"] * 60,
                pace=STEADY,
                resume="Read the log of Rancher's pods (kubectl -n cattle-system logs -l app=rancher), "
                "delete the pod that reports errors, and run `pulumi up` again",
            )
        return {"state": state}

    def identity(self, properties: Properties) -> str:
        del properties
        return "local"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        try:
            with Rancher(RancherEndpoint.of(known["endpoint"])) as rancher:
                return {"state": rancher.call("GET", _PATH, token=known["token"]).get("state")}
        except RancherError as error:
            # No answer, or a token that was renewed since the last update: the state is unknown.
            log.warning("warning: the state of Rancher's cluster %s is unknown: %s", id_, error)
            return {}


class _Activation:
    """Polls the cluster and saves it when it hangs."""

    def __init__(self, rancher: Rancher, token: str) -> None:
        self._rancher, self._token = rancher, token
        self._next_save = time.monotonic() + _FIRST_SAVE_SECONDS

    def poll(self) -> tuple[str, str | None]:
        try:
            cluster = self._rancher.call("GET", _PATH, token=self._token)
            if cluster.get("state") == _ACTIVE:
                return _ACTIVE, _ACTIVE
            if time.monotonic() >= self._next_save:
                self._save(cluster)
                self._next_save = time.monotonic() + _NEXT_SAVE_SECONDS
            return cluster_state(cluster), None
        except RancherError as error:
            if error.status in {401, 403}:
                raise
            return str(error), None

    def _save(self, cluster: Json) -> None:
        """What Edit and Save do in the browser. Rancher requires the name in the body."""
        log.info("Rancher's cluster local hangs (%s); saving it without a change", cluster_state(cluster))
        body = {**cluster, "name": cluster.get("name") or "local"}
        self._rancher.call("PUT", _PATH, body, token=self._token)
