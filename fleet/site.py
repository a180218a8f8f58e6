"""``Site``: an edge cluster in Rancher, its agent, its projects and members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.kubernetes.api import KubernetesError
from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain
from fleet import edge, kubeconfigs, members, registration
from fleet import leaked_namespaces as leftovers
from fleet.inventory import Reachable
from fleet.inventory import Site as Entry
from fleet.registration import SiteError
from fleet.session import ACCESS, Session, learn, newest, other_server, other_url, replaced, session

_OWN = ["labels", "annotations", "members", "projects", "adopt", "kubeconfig", "edge", "owner"]
_SYSTEMIC = frozenset({0, 401, 403})
"""Failures of Rancher that every site would meet: no answer, no login, no rights."""


class SiteProvider(Provider):
    """What one site alone cannot get done is kept as its ``problem``, so that the others are imported.

    ``fleet:Arrivals`` tells of it, and the next update tries again.
    """

    def configure(self, req: ConfigureRequest) -> None:
        super().configure(req)
        kubeconfigs.remember(req)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        olds, news = plain(_olds), plain(_news)
        learn(news)
        moved = [*changed(olds, news, ["name"]), *(["rancher"] if other_server(olds, news) else [])]
        return DiffResult(
            changes=bool(moved or _is_due(olds, news) or changed(olds, news, [*_OWN, *ACCESS])),
            replaces=moved,
            # The other way round would remove the new agent with the old one.
            delete_before_replace=True,
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(wanted["name"], _import(wanted, {}))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        olds, news = plain(_olds), plain(_news)
        return UpdateResult(_import(news, olds))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What is left of it in Rancher; gone when the cluster is."""
        known = plain(props)
        if not known.get("cluster_id"):
            return ReadResult(id_, known)
        login = session(known)
        cluster = next((item for item in login.all("clusters") if item["id"] == known["cluster_id"]), None)
        if cluster is None:
            return ReadResult("", {})
        live = {
            kind: {key: value for key, value in (cluster.get(kind) or {}).items() if key in known[kind]}
            for kind in ("labels", "annotations")
        }
        return ReadResult(id_, {**known, **live, **members.observed(login, known)})

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        """Remove the cluster from Rancher, the agent from the edge, and tell what stays."""
        known = plain(_props)
        cluster_id = known.get("cluster_id")
        if not cluster_id:
            return
        login = None
        if replaced(known):
            log.info("site %s: its Rancher is gone, with all it knew of the site", id_)
        else:
            login = session(newest(known))
            registration.remove(login, cluster_id)
        if known.get("objects"):
            _remove_agent(id_, known)
        if login and (stay := leftovers.stay(login, cluster_id)):
            log.warning(
                "warning: site %s is removed, and %d of its namespaces stay on the server's cluster: %s. "
                "Each costs a pod subnet. If `pulumi refresh` still counts them, restart the "
                "fleet-controller (namespace cattle-fleet-system) or delete them",
                id_,
                len(stay),
                ", ".join(stay),
            )


class Site(Resource, module="fleet", name="Site"):
    """An imported cluster, type ``pulumi-python:dynamic/fleet:Site``.

    Attributes:
        cluster_id: Id of the cluster in Rancher; empty while there is none.
        command: For a cluster that cannot be reached from here: what to run there. Secret, it holds a token.
        problem: What could not be done; empty when all is.
    """

    cluster_id: pulumi.Output[str]
    command: pulumi.Output[str]
    problem: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        site: Entry,
        *,
        reachable: Reachable | None,
        owner: str,
        access: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            site: What the sites file says of it.
            reachable: How its cluster is reached; None: not from here.
            owner: The stack, as the cluster in Rancher is marked with.
            access: How Rancher is reached (``fleet.session.inputs``).
            opts: As for every resource.
        """
        props = {
            **access,
            **site.model_dump(exclude={"kubeconfig", "registration_only"}),
            "kubeconfig": reachable.file if reachable else "",
            "edge": reachable.fingerprint if reachable else "",
            "owner": owner,
            **dict.fromkeys(("cluster_id", "command", "problem")),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token", "command"])
        super().__init__(SiteProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _import(wanted: Properties, last: Properties) -> Properties:
    """Bring Rancher and the edge cluster to what is wanted; may be cut off anywhere and repeated."""
    made = {name: last.get(name) or default for name, default in _NOTHING.items()} | {"problem": ""}
    if last and not (_is_due(last, wanted) or changed(last, wanted, _OWN) or other_url(last, wanted)):
        return {**wanted, **made}  # nothing but the access
    login = session(wanted)
    try:
        cluster = _cluster(login, wanted, last)
        fresh = cluster["id"] != last.get("cluster_id")
        if fresh:
            made = {**_NOTHING, "cluster_id": cluster["id"]}
        made |= _agent(login, cluster, wanted, last, made, fresh=fresh)
        made |= members.reconcile(login, cluster["id"], wanted, made)
    except (SiteError, KubernetesError) as error:
        made["problem"] = str(error)
    except RancherError as error:
        if error.status in _SYSTEMIC:
            raise
        made["problem"] = str(error)
    except ProviderError as error:
        made["problem"] = str(error)
    if made["problem"]:
        log.warning("warning: site %s: %s", wanted["name"], made["problem"])
    return {**wanted, **made}


_NOTHING: dict[str, Any] = {
    "cluster_id": "",
    "objects": [],
    "command": "",
    "command_expires": "",
    "project_ids": {},
    "binding_ids": {},
    "problem": "",
}


def _cluster(login: Session, wanted: Properties, last: Properties) -> Json:
    """The site's cluster in Rancher, with its labels and annotations."""
    marks = {"labels": wanted["labels"], "annotations": wanted["annotations"]}
    known = registration.find(login, last["cluster_id"]) if last.get("cluster_id") else None
    if known is None:
        return registration.register(login, wanted["name"], wanted["owner"], marks, wanted["adopt"])
    marks["annotations"] = {**wanted["annotations"], registration.OWNER: wanted["owner"]}
    return registration.mark(login, known, {kind: last[kind] for kind in marks}, marks)


def _agent(
    login: Session, cluster: Json, wanted: Properties, last: Properties, made: Properties, *, fresh: bool
) -> Properties:
    """The agent applied to a cluster that is reached, or the command for one that is not."""
    cluster_id = cluster["id"]
    again = fresh or bool(last.get("problem") or changed(last, wanted, ["edge"]) or other_url(last, wanted))
    if not wanted["edge"]:
        if cluster.get("state") == "active" and not fresh and not again:
            return {"command": "", "command_expires": ""}  # the agent has come
        if not again and made["command"] and not _is_stale(made):
            return {}
        token = registration.token_for(login, cluster_id, fresh=fresh)
        expires = str(token.get("expiresAt") or "")
        return {"objects": [], "command": token["command"], "command_expires": expires}
    if not again and made["objects"]:
        return {}
    token = registration.token_for(login, cluster_id, fresh=fresh)
    manifest = registration.manifest(login, token)
    try:
        kubeconfig = kubeconfigs.text_of(wanted["name"], wanted["kubeconfig"])
        objects = edge.apply(kubeconfig, manifest, cluster_id, login.url, adopt=wanted["adopt"])
    except KubernetesError as error:
        raise SiteError(
            f"the agent is not applied to its cluster: {error}. The cluster is registered; mend it and run "
            "pulumi up again"
        ) from None
    return {"objects": objects, "command": "", "command_expires": ""}


def _is_due(last: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether something is left to do, though nothing else is wanted."""
    return bool(last.get("problem")) or _is_stale(last) or not members.complete(wanted, last)


def _is_stale(known: Mapping[str, Any]) -> bool:
    """Whether its command cannot be used any more."""
    return bool(known.get("command")) and registration.expired(known.get("command_expires"))


def _remove_agent(name: str, known: Properties) -> None:
    objects: Sequence[str] = known["objects"]
    try:
        edge.remove(kubeconfigs.text_of(name, known["kubeconfig"]), list(objects), known["cluster_id"])
    except ProviderError as error:
        log.warning(
            "warning: site %s: Rancher's agent stays in its cluster: %s. Remove it there: kubectl delete "
            "namespace cattle-system",
            name,
            error,
        )
