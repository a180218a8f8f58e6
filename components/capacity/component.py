"""``CapacityPlan``: the plan for the pod network, with the figures that it is judged by."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pulumi

from capacity.model import advice, figures
from capacity.model.assessment import assess
from capacity.model.figures_source import SourcedPlan, choose
from capacity.model.nsx.reading import Reading
from capacity.model.plan import CapacityError, Plan
from components.capacity import nsx_errors
from components.capacity.nsx_manager import NSX, read
from components.capacity.own_outputs import own_outputs
from components.capacity.pod_network import PodNetwork
from components.runtime.errors import ProviderError

_Reading = Awaitable[Reading | ProviderError | CapacityError]


@dataclass(frozen=True, kw_only=True)
class CapacityPlanArgs:
    """What is planned on the pod network.

    Attributes:
        plan: The clusters, and the network with its configured figures.
        pools: Ids of the floating IP pools to read.
        measured_at: Day of the configured figures (ISO 8601); empty when unknown.
        gate: Command that refuses a plan beyond the network; the warning about such a plan names it.
        find_cluster: Returns the UUID of the stack's cluster, or None. It is called while the stack has no
            outputs: an update that was cut off may have ordered the cluster.
    """

    plan: Plan
    pools: tuple[str, ...] = ()
    measured_at: str = ""
    gate: str = ""
    find_cluster: Callable[[], str | None] = lambda: None


class CapacityPlan(pulumi.ComponentResource):
    """The plan for the pod network (type ``rancher-on-pks:capacity:CapacityPlan``).

    Produces a PodNetwork. With credentials for NSX-T, which come from the config or the environment, what
    others use is read there while the resources that it depends on are checked, and judged after them.

    Attributes:
        summary: The stack's output ``podNetwork``.
        ready: Anything that must wait for the policies depends on it.
    """

    summary: pulumi.Output[Mapping[str, Any]]
    ready: pulumi.Resource

    def __init__(self, name: str, args: CapacityPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component."""
        reading = _start_reading(args)
        self._live = reading is not None
        super().__init__("rancher-on-pks:capacity:CapacityPlan", name, None, opts)
        found: pulumi.Output[SourcedPlan] = pulumi.Output.from_input(
            asyncio.ensure_future(self._chosen(args, reading))
        )
        self.ready = PodNetwork(
            f"{name}-figures",
            figures=found.apply(lambda chosen: figures.to_document(chosen.plan)),
            source=found.apply(lambda chosen: chosen.source),
            measured_at=args.measured_at,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.summary = found.apply(lambda chosen: figures.summary(chosen.plan))
        self.register_outputs({"summary": self.summary})

    async def _chosen(self, args: CapacityPlanArgs, reading: _Reading | None) -> SourcedPlan:
        """The figures to judge by, once what this component depends on is there."""
        await self.urn.future()
        answer = await reading if reading else None
        if isinstance(answer, CapacityError):  # the configured figures are known to be wrong now
            raise pulumi.RunError(f"pod network, as in NSX-T: {answer}")
        found = choose(args.plan, answer, args.measured_at, datetime.now(UTC).date())
        for note in found.notes:
            pulumi.log.info(note)
        for warning in filter(None, (*found.warnings, advice.warning(assess(found.plan), args.gate))):
            pulumi.log.warn(warning)
        return found

    def watch(self, kubeconfig: pulumi.Output[str]) -> None:
        """With credentials for NSX-T, warn at each preview of what NCP could not create for the cluster."""
        if self._live:
            self.watched: pulumi.Output[bool] = nsx_errors.watch(kubeconfig)


def _start_reading(args: CapacityPlanArgs) -> _Reading | None:
    """What NSX-T says, or why it cannot be read; None without credentials for it."""
    login = NSX.read(pulumi.Config().get, os.environ)
    if not login["manager"]:
        return None

    known = _own_cluster()

    def reading() -> Reading | ProviderError | CapacityError:
        try:
            cluster = known or args.find_cluster()
            return read(login, args.plan.network, cluster, args.pools)
        except (ProviderError, CapacityError) as error:
            return error

    return asyncio.get_event_loop().run_in_executor(None, reading)


def _own_cluster() -> str | None:
    """UUID of the stack's cluster as of the last update: known before PKS is asked for anything."""
    uuid = own_outputs().get("clusterUuid")
    return str(uuid) if uuid else None
