"""What a site needs: its cluster in Rancher, the agent in its cluster, its projects and members."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.rancher.api import Json
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from console import LOG_LEVEL_VARIABLE
from domain.kubeconfig import Kubeconfig
from fleet import edge, members, quotas, registration
from fleet.session import Session

MARKS = {"labels": "cluster_labels", "annotations": "cluster_annotations"}
"""Marks of a cluster in Rancher, and the inputs of a Site with them."""
_NOTHING: Mapping[str, Any] = {
    "cluster_id": "",
    "objects": [],
    "command": "",
    "command_expires": "",
    "project_ids": {},
    "binding_ids": {},
    "limited": quotas.NONE,
}
"""Outputs of a Site: the cluster's id in Rancher, paths of the agent's objects, the import command and its
end, ids of projects and bindings, projects that its quota allows."""


@dataclass
class SiteImport:
    """Brings one site to what is wanted. Idempotent, and can be interrupted anywhere.

    Attributes:
        session: Login to Rancher.
        wanted: Inputs of the Site.
        before: Its last state; empty at creation.
        reapply: Whether the agent or its import command is to be renewed.
        kubeconfig: Returns the kubeconfig of a reachable site.
        made: Outputs so far, also after an error.
    """

    session: Session
    wanted: Properties
    before: Properties
    reapply: bool
    kubeconfig: Callable[[], Kubeconfig]
    made: Properties = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what the last run made."""
        self.made = outputs(self.before)

    def run(self) -> None:
        """Imports the site.

        Raises:
            ProviderError: One step failed; ``made`` has the results of those before it.
        """
        cluster = self._cluster()
        cluster_id = str(cluster["id"])
        fresh = cluster_id != self.made["cluster_id"]
        if fresh:
            self.made = {**outputs({}), "cluster_id": cluster_id}
            self.reapply = True
        limit = int(self.wanted["project_limit"])
        if limit != quotas.NONE and self.made["limited"] == quotas.NONE:
            # Until Kubernetes counts, a new quota denies projects, those that Rancher itself creates too.
            registration.await_set_up(self.session, cluster_id)
        self.made["limited"] = quotas.reconcile(self.session, cluster_id, limit, self.made["limited"])
        self._connect(cluster, fresh=fresh)
        self.made |= members.reconcile(self.session, cluster_id, self.wanted, self.made)

    def _cluster(self) -> Json:
        """The site's cluster in Rancher, with its labels and annotations."""
        marks = {kind: self.wanted[name] for kind, name in MARKS.items()}
        known_id = self.before.get("cluster_id")
        known = registration.find(self.session, known_id) if known_id else None
        if known is None:
            return registration.register(
                self.session, self.wanted["name"], self.wanted["owner"], marks, self.wanted["adopt"]
            )
        before = {kind: self.before[name] for kind, name in MARKS.items()}
        marks["annotations"] = {**marks["annotations"], registration.OWNER: self.wanted["owner"]}
        return registration.mark(self.session, known, before, marks)

    def _connect(self, cluster: Json, *, fresh: bool) -> None:
        """Applies the agent to a reachable cluster, or provides the import command of another one."""
        if self.wanted["fingerprint"]:
            if self.reapply or not self.made["objects"]:
                objects = self._apply_agent(cluster["id"], fresh)
                self.made |= {"objects": objects, "command": "", "command_expires": ""}
        elif cluster.get("state") == "active" and not self.reapply:
            self.made |= {"command": "", "command_expires": ""}  # the agent has connected
        elif self.reapply or not self.made["command"] or command_expired(self.made):
            token = registration.token_for(self.session, cluster["id"], fresh=fresh)
            expires = str(token.get("expiresAt") or "")
            self.made |= {"objects": [], "command": token["command"], "command_expires": expires}

    def _apply_agent(self, cluster_id: str, fresh: bool) -> list[str]:
        token = registration.token_for(self.session, cluster_id, fresh=fresh)
        manifest = registration.manifest(self.session, token)
        try:
            return edge.apply(
                self.kubeconfig(), manifest, cluster_id, self.session.url, adopt=self.wanted["adopt"]
            )
        except Exception as error:  # kubeconfig, cluster and manifest are input of others
            raise ProviderError(
                f"the agent is not applied to its cluster: {failure(error)}. The cluster is registered in "
                "Rancher; fix the cause and run `pulumi up` again"
            ) from None


def failure(error: Exception) -> str:
    """An error in words. The text of an unexpected one may quote secrets, so it is not shown."""
    if isinstance(error, ProviderError):
        return str(error)
    log.debug("".join(traceback.format_tb(error.__traceback__)))
    return f"unexpected failure ({type(error).__name__}); set {LOG_LEVEL_VARIABLE}=DEBUG for details"


def outputs(known: Mapping[str, Any]) -> Properties:
    """Outputs of a Site without a problem, as far as they are known."""
    given = {name: value for name, value in known.items() if value is not None}
    return {name: given.get(name, default) for name, default in _NOTHING.items()} | {"problem": ""}


def command_expired(known: Mapping[str, Any]) -> bool:
    """Whether a site's import command is not valid any more."""
    return bool(known.get("command")) and registration.expired(known.get("command_expires"))
