"""``CapacityPlan``: the plan for the pod network, with the figures that it is judged by."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pulumi

from capacity.model import figures
from capacity.model.assessment import assess
from capacity.model.limits import POD_SUBNETS
from capacity.model.plan import CapacityError, Plan
from components.capacity import nsx_errors
from components.capacity.figures_source import choose
from components.capacity.nsx.access import NSX
from components.capacity.nsx.reading import Reading, read
from components.capacity.own_outputs import own_outputs
from components.capacity.pod_network import PodNetwork
from components.runtime.credentials import Login
from components.runtime.errors import ProviderError


@dataclass(frozen=True, kw_only=True)
class CapacityPlanArgs:
    """What is planned on the pod network.

    Attributes:
        plan: The clusters, and the network with its configured figures.
        pools: Ids of the floating IP pools to read.
        measured_at: Day of the configured figures (ISO 8601); empty when unknown.
        find_cluster: Returns the UUID of the stack's cluster, or None. It is called while the stack has no
            outputs: an update that was cut off may have ordered the cluster.
    """

    plan: Plan
    pools: tuple[str, ...] = ()
    measured_at: str = ""
    find_cluster: Callable[[], str | None] = lambda: None


class CapacityPlan(pulumi.ComponentResource):
    """The plan for the pod network (type ``rancher-on-pks:capacity:CapacityPlan``).

    Produces a PodNetwork. With credentials for NSX-T, which come from the config or the environment, what
    others use is read there when the component is declared.

    Attributes:
        summary: The stack's output ``podNetwork``.
        ready: Anything that must wait for the policies depends on it.
    """

    summary: Mapping[str, Any]
    ready: pulumi.Resource

    def __init__(self, name: str, args: CapacityPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component."""
        login = NSX.read(pulumi.Config().get, os.environ)
        self._live = bool(login["manager"])
        reading = _reading(login, args) if self._live else None
        found = choose(args.plan, reading, args.measured_at, datetime.now(UTC).date())
        super().__init__("rancher-on-pks:capacity:CapacityPlan", name, None, opts)
        for note in found.notes:
            pulumi.log.info(note)
        for warning in found.warnings:
            pulumi.log.warn(warning)
        self.ready = PodNetwork(
            f"{name}-figures",
            figures=figures.to_document(found.plan),
            source=found.source,
            measured_at=args.measured_at,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.summary = _summary(found.plan)
        self.register_outputs({"summary": self.summary})

    def watch(self, kubeconfig: pulumi.Output[str]) -> None:
        """With credentials for NSX-T, warn at each preview of what NCP could not create for the cluster."""
        if self._live:
            self.watched: pulumi.Output[bool] = nsx_errors.watch(kubeconfig)


def _reading(login: Login, args: CapacityPlanArgs) -> Reading | ProviderError:
    """What NSX-T says, or why it cannot be read."""
    try:
        return read(login, args.plan.network, _own_cluster() or args.find_cluster(), args.pools)
    except ProviderError as error:
        return error
    except CapacityError as error:
        # The configured figures are known to be wrong now.
        raise pulumi.RunError(f"pod network, as in NSX-T manager {login['manager']}: {error}") from None


def _own_cluster() -> str | None:
    """UUID of the stack's cluster as of the last update: known before PKS is asked for anything."""
    uuid = own_outputs().get("clusterUuid")
    return str(uuid) if uuid else None


def _summary(plan: Plan) -> dict[str, Any]:
    """Figures of the pod subnets, and the document that they come from."""
    assessment = assess(plan)
    subnets = assessment.limit(POD_SUBNETS.name)
    return {
        "blocks": [block.cidr for block in plan.network.blocks],
        "prefix": plan.network.subnet_prefix,
        "capacity": subnets.capacity,
        "used": subnets.used,
        "planned": subnets.planned,
        "headroom": subnets.headroom,
        "importedClusters": assessment.imported_clusters,
        "maxImportedClusters": assessment.max_imports,
        "figures": figures.to_document(plan),
    }
