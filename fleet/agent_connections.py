"""``AgentConnections``: the one resource that waits, for the agents of all sites.

The process of the dynamic providers has four threads: a wait in each site would take hours for hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import Resource

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from components.runtime.waiting import STEADY, WaitTimeoutError, wait
from fleet import leaked_namespaces
from fleet.session import ACCESS, FleetProvider, Session, SharedAccessError

if TYPE_CHECKING:
    from fleet.access import RancherAccess

_ACTIVE = "active"
_SHOWN = 5


class AgentConnectionsProvider(FleetProvider):
    """Polls all clusters with one request, until the awaited ones are active."""

    updates = ("awaited", "registered", "problems", *ACCESS)

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        del wanted
        return any(state != _ACTIVE for state in (before.get("states") or {}).values())

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        session = self.sessions.of(wanted)
        clusters, late = _wait(session, wanted)
        problems: dict[str, str] = {**wanted["problems"], **late}
        if problems:
            total = len(wanted["awaited"]) + len(wanted["registered"]) + len(wanted["problems"])
            raise ProviderError(_failure(problems, total))
        return _outputs(session, wanted, clusters)

    def identity(self, properties: Properties) -> str:
        del properties
        return "fleet"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        session = self.sessions.of(known)
        return _outputs(session, known, _by_id(session.all("clusters")))


class AgentConnections(Resource, module="fleet", name="AgentConnections"):
    """The sites' agents, connected; type ``pulumi-python:dynamic/fleet:AgentConnections``.

    Attributes:
        states: State in Rancher of each awaited site, ``active``.
        leaked: Namespaces of deleted clusters that remain on the server's cluster.
    """

    states: pulumi.Output[Mapping[str, str]]
    leaked: pulumi.Output[list[str]]

    def __init__(
        self,
        resource_name: str,
        *,
        awaited: pulumi.Input[Mapping[str, str]],
        registered: pulumi.Input[Mapping[str, str]],
        problems: pulumi.Input[Mapping[str, str]],
        timeout_minutes: int,
        access: RancherAccess,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            awaited: Sites that this program reaches, and their clusters in Rancher.
            registered: The other sites, whose agents may connect at any time, and their clusters.
            problems: Sites that could not be imported, and why: an error, after the wait.
            timeout_minutes: Longest time until all awaited sites are active.
            access: Access to Rancher.
            opts: Options.
        """
        props = {
            **access.inputs(),
            "awaited": awaited,
            "registered": registered,
            "problems": problems,
            "timeout_minutes": timeout_minutes,
            "states": None,
            "leaked": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(
            AgentConnectionsProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret)
        )


def _wait(session: Session, wanted: Properties) -> tuple[Mapping[str, Json], dict[str, str]]:
    """Waits for the awaited sites; returns all clusters, and the state of each site that is not active."""
    clusters: dict[str, Json] = {}

    def poll() -> tuple[str, bool | None]:
        try:
            found = _by_id(session.all("clusters", fresh=0))
        except RancherError as error:
            if isinstance(error, SharedAccessError) and error.status:
                raise
            return str(error), None
        clusters.clear()
        clusters.update(found)
        inactive = _inactive(wanted["awaited"], clusters)
        return _summary(inactive), None if inactive else True

    minutes = wanted["timeout_minutes"]
    try:
        wait("sites", poll, timeout=minutes * 60, pace=STEADY, resume="")
    except WaitTimeoutError:
        inactive = _inactive(wanted["awaited"], clusters)
        return clusters, {
            name: f"not active after {minutes} minutes; last state: {text}" for name, text in inactive.items()
        }
    return clusters, {}


def _failure(problems: Mapping[str, str], total: int) -> str:
    lines = "".join(f"\n  - {name}: {text}" for name, text in sorted(problems.items()))
    return (
        f"{len(problems)} of {total} sites are not imported, the others are. Fix the cause of each and run "
        "`pulumi up` again (an agent's log: kubectl -n cattle-system logs deploy/cattle-cluster-agent):"
        f"{lines}"
    )


def _inactive(awaited: Mapping[str, str], clusters: Mapping[str, Json]) -> dict[str, str]:
    """The sites that are not active, and their states in words."""
    found = {name: clusters.get(cluster_id) for name, cluster_id in awaited.items()}
    return {
        name: _state(cluster)
        for name, cluster in found.items()
        if cluster is None or cluster.get("state") != _ACTIVE
    }


def _state(cluster: Json | None) -> str:
    if cluster is None:
        return (
            "not in Rancher any more. Run `pulumi refresh`, then `pulumi up`, which registers the site again"
        )
    message = str(cluster.get("transitioningMessage") or "")
    missing = next(
        (item.get("message") for item in cluster.get("conditions") or [] if item.get("message")), ""
    )
    return ": ".join(filter(None, (str(cluster.get("state") or "no state"), message or missing)))


def _outputs(session: Session, known: Properties, clusters: Mapping[str, Json]) -> Properties:
    states = {
        name: str((clusters.get(cluster_id) or {}).get("state") or "gone")
        for name, cluster_id in known["awaited"].items()
    }
    leaked = leaked_namespaces.leaked(session, clusters.keys())
    names = [leaked_namespaces.name(item) for item in leaked]
    if leaked:
        log.warning(
            "warning: %d namespaces of removed sites remain on the server's cluster, and each costs a pod "
            "subnet: %s. Until they are gone, set leakedNamespaces to %d in the server's stack. %s",
            len(names),
            ", ".join(names),
            len(names),
            leaked_namespaces.remedy(leaked),
        )
    return {"states": states, "leaked": names}


def _by_id(clusters: list[Json]) -> dict[str, Json]:
    return {str(item["id"]): item for item in clusters}


def _summary(inactive: Mapping[str, str]) -> str:
    shown = [f"{name} ({text})" for name, text in list(inactive.items())[:_SHOWN]]
    more = [f"and {len(inactive) - _SHOWN} more"] if len(inactive) > _SHOWN else []
    return f"{len(inactive)} not active: {', '.join([*shown, *more])}"
