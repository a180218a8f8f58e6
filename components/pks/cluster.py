"""``Cluster``: a PKS cluster, created, adopted, changed and deleted (docs-pks 1.5 `create-cluster`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.pks.cli import PksError
from components.pks.deletion import delete, poll
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError, TransientError, log
from components.runtime.provider import Properties
from components.runtime.waiting import LONG, wait
from domain import cluster
from domain.cluster import ClusterSpec, LiveCluster, adoption_findings, failure_advice, node_pools, properties
from domain.finding import Finding

_STALE_POLLS = 3
"""After an order the API may show the state before it for a few polls (terraform-provider-pks)."""


class ClusterProvider(PksProvider):
    """Orders changes through the CLI, which never waits, and polls the state."""

    replaces = cluster.names("replaces")
    updates = (*cluster.names("updates"), "timeout_minutes")
    observed = (*properties(), "timeout_minutes")
    delete_before_replace = True
    """Name and hostname are unique in a foundation."""

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if not before or self.changed(before, wanted, self.replaces):
            return
        for name, declared in properties().items():
            if declared.emptied == "refused" and before.get(name) and not wanted.get(name):
                yield Finding(name, f"PKS cannot remove the {declared.title} of a cluster", "Keep it")

    def identity(self, properties: Properties) -> str:
        return str(properties["uuid"])

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        if before:
            return self._change(wanted, self.changed(before, wanted, cluster.names("updates")))
        spec = ClusterSpec.of(wanted)
        taken_over = self._order(spec)
        live = self._await(wanted, "CREATE")
        if not taken_over:
            return self._outputs(live, spec)
        shown = live.values()
        return self._change(wanted, [n for n in cluster.names("updates") if wanted[n] or n in shown])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        live = self.pks.cluster(known["name"])
        return None if live is None or live.uuid != id_ else self._outputs(live, ClusterSpec.of(known))

    def remove(self, id_: str, known: Properties) -> None:
        live = self.pks.cluster(known["name"])
        if live is not None and live.uuid == id_:
            delete(self.pks, live, _timeout(known))
        elif live is not None:
            raise ProviderError(
                f"cluster {live.name} has the UUID {live.uuid}, not {id_}: somebody deleted it and "
                "created it again. To delete that one too, run `pulumi refresh`, which drops the old one "
                "from the state, and `pulumi destroy` again",
                "name",
            )

    def _order(self, spec: ClusterSpec) -> bool:
        """Order the cluster; True if there is one already that matches."""
        try:
            self.pks.create_cluster(spec.name, spec.creation_flags(pools=self._pooled(spec)))
        except (PksError, TransientError) as error:
            live = self.pks.cluster(spec.name)
            if live is None:
                raise
            found = list(adoption_findings(live, spec.inputs(), self.pks.name))
            if found:
                text = ". ".join(f"{item.problem}. {item.remedy}" for item in found)
                raise ProviderError(f"{error}. {text}", *dict.fromkeys(item.key for item in found)) from None
            log.info("cluster %s exists (%s) and matches: taken over", spec.name, live)
            return True
        return False

    def _change(self, wanted: Properties, names: Iterable[str]) -> Properties:
        """Order what differs of these properties."""
        spec = ClusterSpec.of(wanted)
        live = self.pks.cluster(spec.name)
        if live is None:
            raise ProviderError(
                f"cluster {spec.name} does not exist any more. Run `pulumi refresh`, then `pulumi up` "
                "creates it again",
                "name",
            )
        if live.busy:
            live = self._await(wanted, live.action)
        shown = live.values()
        needed = [name for name in names if live.failed or shown.get(name) != wanted[name]]
        flags = spec.flags(needed, pools=self._pooled(spec, live))
        if flags:
            self.pks.update_cluster(spec.name, flags)
            live = self._await(wanted, "UPDATE", stale=_STALE_POLLS)
        return self._outputs(live, spec)

    def _pooled(self, spec: ClusterSpec, live: LiveCluster | None = None) -> bool:
        """Whether the workers are in node pools of a compute profile: their number is the pools' then.

        TKGI accepts another number and ignores it (docs-pks 1.20 `compute-profiles-use`).
        """
        name = spec.compute_profile or (live.values().get("compute_profile") if live else "")
        if spec.node_pool_instances or not name:
            return bool(spec.node_pool_instances)
        shown = live.compute_profile_document if live else None
        if shown is not None and live is not None and live.values().get("compute_profile") == name:
            return bool(node_pools(shown))
        try:
            profile = self.pks.compute_profile(name)
        except TransientError:
            raise
        except PksError:  # a CLI without this command: such a cluster cannot be resized (docs-pks 1.5)
            profile = None
        return profile is None or bool(node_pools(profile.get("parameters") or {}))

    def _outputs(self, live: LiveCluster, spec: ClusterSpec) -> Properties:
        """Live values of the resource's properties, as far as PKS shows them."""
        values = live.values()
        if self._pooled(spec, live):
            values.pop("workers", None)
        return {
            **values,
            "uuid": live.uuid,
            "master_ips": live.master_ips,
            "kubernetes_version": live.kubernetes_version,
        }

    def _await(self, wanted: Properties, action: str, stale: int = 0) -> LiveCluster:
        """Wait until the running action has succeeded; up to ``stale`` states may be of the action before."""
        name = wanted["name"]
        doubts, absences = stale, _STALE_POLLS

        def done() -> tuple[str, LiveCluster | None]:
            nonlocal doubts, absences
            live = poll(self.pks, name)
            if isinstance(live, str):
                return live, None
            if live is None:
                absences -= 1
                if absences < 0:
                    raise ProviderError(f"cluster {name} vanished during {action}. Run `pulumi up` again")
                return "not listed yet", None
            if live.failed and not doubts:
                raise ProviderError(f"PKS failed: cluster {name} ({live}). {self._advice(live)}")
            if live.busy:
                doubts = 0
            elif doubts:
                doubts -= 1
            elif live.master_ips:
                return str(live), live
            return str(live), None

        return wait(
            f"{action} of cluster {name}",
            done,
            timeout=_timeout(wanted),
            pace=LONG,
            resume="Run `pulumi up` again: it continues to wait. Give it more time if that is not enough",
        )

    def _advice(self, live: LiveCluster) -> str:
        return failure_advice(live, self.pks.name)


class Cluster(Resource, module="pks", name="Cluster"):
    """A cluster of the foundation, type ``pulumi-python:dynamic/pks:Cluster``; its id is the PKS UUID."""

    uuid: pulumi.Output[str]
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        spec: ClusterSpec,
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            spec: The cluster that is wanted.
            timeout_minutes: Deadline of each action.
            opts: Must depend on the network profile.
        """
        outputs = dict.fromkeys(("uuid", "master_ips", "kubernetes_version"))
        props: dict[str, Any] = {**spec.inputs(), "timeout_minutes": timeout_minutes, **outputs}
        super().__init__(ClusterProvider(), resource_name, props, opts)


def _timeout(wanted: Properties) -> float:
    return float(wanted["timeout_minutes"]) * 60
