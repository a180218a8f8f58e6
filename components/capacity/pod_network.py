"""``PodNetwork``: the figures of the pod network and of the plan for it, as the policies judge them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult
from tenacity import retry, retry_if_exception_message, stop_after_attempt, wait_fixed

from capacity.model import figures
from capacity.model.assessment import POD_SUBNETS, assess
from capacity.model.plan import CapacityError, Plan
from components.capacity.choice import LIVE, choose
from components.capacity.nsx import Access, NsxError, Reading, read
from components.kubernetes import api as kube
from components.runtime.provider import Provider, changed, plain

_ERROR_KINDS = ("/apis/vmware.eng.com/v1/nsxerrors", "/apis/nsx.vmware.com/v1/nsxerrors")
"""NSXError objects: docs-pks ``nsxt-health`` has the first group, the manifest of NCP 2.5.1 the second."""
_SHOWN_ERRORS = 5


class PodNetworkProvider(Provider):
    """Keeps the figures. Nothing is made of them; policies see them before anything else is made."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        olds, news = plain(_olds), plain(_news)
        if olds.get("source") == news["source"] == LIVE:
            # What others use changes by itself: no reason to show a change at each preview.
            olds["figures"], news["figures"] = (_without_use(item["figures"]) for item in (olds, news))
        return DiffResult(changes=bool(changed(olds, news, ["figures", "source", "measured_at"])))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("pod-network", plain(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(plain(_news))


class PodNetwork(Resource, module="capacity", name="PodNetwork"):
    """The figures, type ``pulumi-python:dynamic/capacity:PodNetwork``. All inputs are known at preview."""

    def __init__(
        self,
        resource_name: str,
        *,
        figures: pulumi.Input[Mapping[str, Any]],
        source: str,
        measured_at: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            figures: Document of ``capacity.model.figures``.
            source: Where the figures of use are from: ``configured`` or ``nsx-t``.
            measured_at: Day of configured figures; empty when not told.
            opts: Everything that is to wait for the policies' judgement must depend on this.
        """
        props = {"figures": figures, "source": source, "measured_at": measured_at}
        super().__init__(PodNetworkProvider(), resource_name, props, opts)


def _without_use(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Figures without what others use, the part that is read live; unchanged if an old release wrote them."""
    try:
        plan = figures.from_document(document)
    except CapacityError:
        return document
    network = plan.network
    unused = replace(
        network,
        blocks=tuple(replace(block, subnets_used=0) for block in network.blocks),
        node_blocks=tuple(replace(block, subnets_used=0) for block in network.node_blocks),
        floating_ips_used=0,
        tier1_used=0,
        segments_used=0,
    )
    return figures.to_document(replace(plan, network=unused))


@dataclass(frozen=True, kw_only=True)
class CapacityPlanArgs:
    """What is planned on the pod network.

    Attributes:
        plan: The clusters, and the network with its configured figures.
        access: The NSX-T manager that tells what others use; None: the configured figures stand.
        pools: Ids of the floating IP pools to read.
        measured_at: Day on which the configured figures were right; empty when not told.
    """

    plan: Plan
    access: Access | None = None
    pools: tuple[str, ...] = ()
    measured_at: str = ""


class CapacityPlan(pulumi.ComponentResource):
    """The plan for the pod network (type ``rancher-on-pks:capacity:CapacityPlan``).

    Produces a PodNetwork, which whatever the policies' judgement shall precede must depend on.

    Attributes:
        summary: What the stack exports as ``podNetwork``.
        ready: Depend on it.
    """

    summary: Mapping[str, Any]
    ready: pulumi.Resource

    def __init__(self, name: str, args: CapacityPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it; reads the NSX-T manager if there is access to one."""
        choice = choose(args.plan, _reading(args), args.measured_at, datetime.now(UTC).date())
        super().__init__("rancher-on-pks:capacity:CapacityPlan", name, None, opts)
        for note in choice.notes:
            pulumi.log.info(note)
        for warning in choice.warnings:
            pulumi.log.warn(warning)
        self.ready = PodNetwork(
            f"{name}-figures",
            figures=figures.to_document(choice.plan),
            source=choice.source,
            measured_at=args.measured_at,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.summary = _summary(choice.plan)
        self._live = args.access is not None
        self.register_outputs({"summary": self.summary})

    def watch(self, kubeconfig: pulumi.Output[str]) -> None:
        """With access to NSX-T, tell at each preview what NCP could not realise in the cluster."""
        if self._live:
            self.watched: pulumi.Output[bool] = kubeconfig.apply(_told)


def _own_cluster() -> str | None:
    """UUID of the stack's cluster as of the last update: known before PKS is asked for anything.

    It is a call and no StackReference, whose recorded outputs each refresh would find changed.
    """
    uuid = _own_outputs().get("clusterUuid")
    return str(uuid) if uuid else None


@retry(
    # The engine writes the checkpoint while the program runs; in a file backend a reader may meet half of it.
    retry=retry_if_exception_message(match=".*failed to load checkpoint"),
    stop=stop_after_attempt(50),
    wait=wait_fixed(0.1),
    reraise=True,
)
def _own_outputs() -> Mapping[str, Any]:
    """The stack's outputs of the last update; empty before the first."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    found = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value
    outputs: Mapping[str, Any] = (found or {}).get("outputs", {})
    return outputs


def _reading(args: CapacityPlanArgs) -> Reading | NsxError | None:
    """What NSX-T says, why it says nothing, or None when there is nobody to ask."""
    if args.access is None:
        return None
    try:
        return read(args.access, args.plan.network, _own_cluster(), args.pools)
    except NsxError as error:
        return error
    except CapacityError as error:
        # Falling back would judge with figures that are known to be wrong.
        raise pulumi.RunError(f"podNetwork, against NSX-T manager {args.access.manager}: {error}") from None


def _summary(plan: Plan) -> dict[str, Any]:
    """The stack's output ``podNetwork``: figures of the pod subnets, and the document they come from."""
    assessment = assess(plan)
    subnets = assessment.limit(POD_SUBNETS)
    most = assessment.max_imports
    return {
        "blocks": [block.cidr for block in plan.network.blocks],
        "prefix": plan.network.subnet_prefix,
        "capacity": subnets.capacity,
        "used": subnets.used,
        "planned": subnets.planned,
        "headroom": subnets.headroom,
        "importedClusters": assessment.imported_clusters,
        "maxImportedClusters": most,
        "figures": figures.to_document(plan),
    }


async def _told(kubeconfig: str) -> bool:
    return await asyncio.to_thread(_tell_errors, kubeconfig)


def _tell_errors(kubeconfig: str) -> bool:
    """Warn of what NCP could not realise (``kubectl get nsxerrors``, from PKS 1.7 on); False: not known."""
    try:
        with kube.client(kubeconfig) as kubernetes:
            found = [item for path in _ERROR_KINDS for item in kubernetes.list(path)]
            namespaces = len(kubernetes.list("/api/v1/namespaces"))
    except kube.KubernetesError as error:
        pulumi.log.warn(f"pod network: the cluster's namespaces and NSXErrors are not known: {error}")
        return False
    pulumi.log.info(f"pod network: the cluster has {namespaces} namespaces now")
    for item in found[:_SHOWN_ERRORS]:
        pulumi.log.warn(_error_text(item.get("spec") or {}))
    if len(found) > _SHOWN_ERRORS:
        pulumi.log.warn(f"and {len(found) - _SHOWN_ERRORS} more NSXErrors: see `kubectl get nsxerrors`")
    return True


def _error_text(spec: Mapping[str, Any]) -> str:
    where = "/".join(filter(None, (spec.get("error-object-ns"), spec.get("error-object-name"))))
    messages = spec.get("message") or "no message"
    text = messages if isinstance(messages, str) else "; ".join(map(str, messages))
    return f"NSX-T does not realise {spec.get('error-object-type', 'object')} {where}: {text}"
