"""``Site``: an edge cluster in Rancher, its agent, its projects and members."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource

from components.rancher.api import RancherError
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from domain.kubeconfig import Kubeconfig
from domain.rancher_roles import MEMBER
from fleet import edge, kubeconfigs, leaked_namespaces, members, quotas, registration
from fleet.session import ACCESS, FleetProvider, Session, SharedAccessError
from fleet.site_import import MARKS, SiteImport, command_expired, failure, outputs

if TYPE_CHECKING:
    from fleet.access import RancherAccess
    from fleet.inventory import ClusterAccess, SiteEntry

_OWN = (
    *("cluster_labels", "cluster_annotations", "members", "projects"),
    *("adopt", "kubeconfig_file", "fingerprint", "owner", "project_limit"),
)
"""Inputs that do not describe the access to Rancher. (``labels`` is an input of every resource.)"""


class SiteProvider(FleetProvider):
    """Keeps a failure that concerns this site alone as its ``problem``, so that the others are imported.

    The engine stops after a failed resource. ``fleet:AgentConnections`` fails at the end with the problems of
    all sites, and the next update tries again.
    """

    replaces = ("name", "server_uuid")
    updates = (*ACCESS, *_OWN)
    delete_before_replace = True  # otherwise the new agent would be removed with the old one

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        incomplete = not members.complete(wanted, before)
        limited = before.get("limited", quotas.NONE) == wanted["project_limit"]
        return bool(before.get("problem")) or command_expired(before) or incomplete or not limited

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        moved = bool(before) and _url(before) != _url(wanted)
        if before and not (moved or self.changed(before, wanted, _OWN) or self.is_due(before, wanted)):
            return outputs(before)  # only the token, the address or the CA is another one
        reapply = moved or bool(before.get("problem") or self.changed(before, wanted, ["fingerprint"]))
        site = SiteImport(self.sessions.of(wanted), wanted, before, reapply, lambda: self._kubeconfig(wanted))
        try:
            site.run()
        except SharedAccessError:
            raise
        except ProviderError as error:
            log.warning("warning: site %s: %s", wanted["name"], error)
            return {**site.made, "problem": str(error)}
        return site.made

    def identity(self, properties: Properties) -> str:
        return str(properties["name"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        if not known.get("cluster_id"):
            return {}
        session = self.sessions.of(known)
        cluster = next((item for item in session.all("clusters") if item["id"] == known["cluster_id"]), None)
        if cluster is None:
            return None
        live = {
            name: {key: value for key, value in (cluster.get(kind) or {}).items() if key in known[name]}
            for kind, name in MARKS.items()
        }
        limited = quotas.live(session, known["cluster_id"], known.get("limited", quotas.NONE))
        return {**live, **members.remaining(session, known), "limited": limited}

    def remove(self, id_: str, known: Properties) -> None:
        """Deletes the cluster in Rancher and the agent's objects, and warns of namespaces that remain."""
        cluster_id = known.get("cluster_id")
        if not cluster_id:
            return
        session = self.sessions.for_deletion(known)
        if session is None:
            log.info(
                "site %s: its Rancher server was replaced by another one; cluster %s is not deleted there",
                id_,
                cluster_id,
            )
        else:
            registration.remove(session, cluster_id)
        if known.get("objects"):
            self._remove_agent(id_, known)
        if session:
            _warn_of_leak(session, id_, cluster_id)

    def _kubeconfig(self, known: Properties) -> Kubeconfig:
        if known["kubeconfig_file"]:
            return kubeconfigs.from_file(Path(known["kubeconfig_file"]))
        return kubeconfigs.from_config(known["name"], self._config.get)

    def _remove_agent(self, name: str, known: Properties) -> None:
        try:
            edge.remove(self._kubeconfig(known), list(known["objects"]), known["cluster_id"])
        except Exception as error:
            log.warning(
                "warning: site %s: Rancher's agent remains in its cluster: %s. Remove it there: "
                "kubectl delete namespace cattle-system",
                name,
                failure(error),
            )


class Site(Resource, module="fleet", name="Site"):
    """An imported cluster, type ``pulumi-python:dynamic/fleet:Site``.

    Attributes:
        cluster_id: Id of the cluster in Rancher; empty while there is none.
        command: Command to run on a cluster that this program does not reach. Secret, it holds a token.
        problem: What could not be done; empty when the site is imported.
    """

    cluster_id: pulumi.Output[str]
    command: pulumi.Output[str]
    problem: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        entry: SiteEntry,
        cluster: ClusterAccess | None,
        owner: str,
        brake: pulumi.Output[Mapping[str, Any]],
        access: RancherAccess,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            entry: The site's entry in the sites file.
            cluster: Access to its cluster; None: this program does not reach it.
            owner: The stack, written into an annotation of the cluster in Rancher.
            brake: The server's output ``sprawlBrake``; empty without one.
            access: Access to Rancher.
            opts: Options.
        """
        props = {
            **access.inputs(),
            **entry.model_dump(include={"name", "adopt", "projects"}),
            "members": brake.apply(lambda state: _members(entry, state)),
            "project_limit": brake.apply(lambda state: _project_limit(entry, state)),
            "cluster_labels": dict(entry.labels),
            "cluster_annotations": dict(entry.annotations),
            "kubeconfig_file": cluster.kubeconfig_file if cluster else "",
            "fingerprint": cluster.fingerprint if cluster else "",
            "owner": owner,
            **dict.fromkeys(("cluster_id", "command", "problem")),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token", "command"])
        super().__init__(SiteProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _members(entry: SiteEntry, brake: Mapping[str, Any]) -> list[dict[str, str]]:
    """The members, with the role without projects in the place of that which may create some."""
    role = brake.get("memberRole")
    members = [member.model_dump() for member in entry.members]
    return [{**item, "role": role if role and item["role"] == MEMBER else item["role"]} for item in members]


def _project_limit(entry: SiteEntry, brake: Mapping[str, Any]) -> int:
    """Projects that the site's quota allows."""
    limited = "quota" in (brake.get("measures") or ())
    return len(entry.projects) + entry.extra_projects if limited else quotas.NONE


def _url(properties: Properties) -> tuple[object, object]:
    """What agents connect to."""
    return properties["endpoint"]["hostname"], properties["endpoint"]["port"]


def _warn_of_leak(session: Session, site: str, cluster_id: str) -> None:
    try:
        remaining = leaked_namespaces.remaining(session, cluster_id)
    except RancherError as error:
        log.warning("warning: site %s is removed; whether its namespaces remain is unknown: %s", site, error)
        return
    if remaining:
        log.warning(
            "warning: site %s is removed, but %d of its namespaces remain on the server's cluster: %s. Each "
            "costs a pod subnet. If `pulumi refresh` reports them: %s",
            site,
            len(remaining),
            ", ".join(map(leaked_namespaces.name, remaining)),
            leaked_namespaces.remedy(remaining),
        )
