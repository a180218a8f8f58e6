"""``Arrivals``: the one resource that waits, for all sites together.

The process of the dynamic providers has four threads: a wait in each site would take hours for hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain, wait
from fleet import leaked_namespaces as leftovers
from fleet.session import ACCESS, Session, learn, session

_ACTIVE = "active"


class ArrivalsProvider(Provider):
    """Looks at all clusters with one request, until those that are reached are active."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        olds, news = plain(_olds), plain(_news)
        learn(news)
        names = ["awaited", "registered", "problems", *ACCESS]
        away = [name for name, state in (olds.get("states") or {}).items() if state != _ACTIVE]
        return DiffResult(changes=bool(away or changed(olds, news, names)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("fleet", _arrived(plain(props)))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_arrived(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        login = session(known)
        clusters = _by_id(login.all("clusters"))
        return ReadResult(id_, {**known, **_seen(login, known, clusters)})


class Arrivals(Resource, module="fleet", name="Arrivals"):
    """The sites' agents, connected; type ``pulumi-python:dynamic/fleet:Arrivals``.

    Attributes:
        states: Each awaited site's state in Rancher, ``active``.
        leaked: Namespaces of clusters that are gone, which stay on the server's cluster.
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
        access: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            awaited: Sites that are reached from here, and their clusters in Rancher.
            registered: Likewise those that are not, and whose agents may come at any time.
            problems: Sites that could not be imported, and why: an error, once the others have arrived.
            timeout_minutes: Longest time until all are active.
            access: How Rancher is reached (``fleet.session.inputs``).
            opts: As for every resource.
        """
        props = {
            **access,
            "awaited": awaited,
            "registered": registered,
            "problems": problems,
            "timeout_minutes": timeout_minutes,
            "states": None,
            "leaked": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(ArrivalsProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _arrived(wanted: Properties) -> Properties:
    """Wait for the awaited, then tell of those and of the problems in one error."""
    login = session(wanted)
    problems: dict[str, str] = dict(wanted["problems"])
    seen: dict[str, Json] = {}

    def poll() -> tuple[str, bool | None]:
        try:
            seen.update(_by_id(login.all("clusters", fresh=0)))
        except RancherError as error:
            if error.status in {401, 403}:
                raise
            return str(error), None
        away = _away(wanted["awaited"], seen)
        return _words(away), None if away else True

    try:
        wait("sites", poll, timeout=wanted["timeout_minutes"] * 60, first=0.5, cap=10.0, resume="")
    except RancherError:
        raise
    except ProviderError:
        minutes = wanted["timeout_minutes"]
        away = _away(wanted["awaited"], seen)
        problems |= {
            name: f"not active after {minutes} minutes; last state: {text}" for name, text in away.items()
        }
    if problems:
        total = len(wanted["awaited"]) + len(wanted["registered"]) + len(wanted["problems"])
        lines = "".join(f"\n  - {name}: {text}" for name, text in sorted(problems.items()))
        raise ProviderError(
            f"{len(problems)} of {total} sites are not imported, the others are. Mend them and run pulumi up "
            f"again (kubectl -n cattle-system logs deploy/cattle-cluster-agent tells of an agent):{lines}"
        )
    return {**wanted, **_seen(login, wanted, seen)}


def _away(awaited: Mapping[str, str], clusters: Mapping[str, Json]) -> dict[str, str]:
    """The sites that are not active, and how they are."""
    found = {name: clusters.get(cluster_id) for name, cluster_id in awaited.items()}
    return {
        name: _state(cluster)
        for name, cluster in found.items()
        if cluster is None or cluster.get("state") != _ACTIVE
    }


def _state(cluster: Json | None) -> str:
    if cluster is None:
        return "gone from Rancher; `pulumi refresh` notes it, and the next `pulumi up` registers it again"
    message = str(cluster.get("transitioningMessage") or "")
    missing = next(
        (item.get("message") for item in cluster.get("conditions") or [] if item.get("message")), ""
    )
    return ": ".join(filter(None, (str(cluster.get("state") or "no state"), message or missing)))


def _seen(login: Session, known: Properties, clusters: Mapping[str, Json]) -> Properties:
    states = {
        name: str((clusters.get(cluster_id) or {}).get("state") or "gone")
        for name, cluster_id in known["awaited"].items()
    }
    leaked = leftovers.orphans(login, clusters.keys())
    if leaked:
        log.warning(
            "warning: %d namespaces of removed sites stay on the server's cluster and cost a pod subnet "
            "each. Set leakedNamespaces to %d in the server's stack, or delete them: %s",
            len(leaked),
            len(leaked),
            ", ".join(leaked),
        )
    return {"states": states, "leaked": leaked}


def _by_id(clusters: list[Json]) -> dict[str, Json]:
    return {str(item["id"]): item for item in clusters}


def _words(away: Mapping[str, str]) -> str:
    shown = [f"{name} ({text})" for name, text in list(away.items())[:5]]
    more = [f"and {len(away) - 5} more"] if len(away) > 5 else []
    return f"{len(away)} to come: {', '.join([*shown, *more])}"
