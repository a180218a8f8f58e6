"""Design decisions on availability and access that a change could undo by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from capacity.model.limits.virtual_servers import CAPACITIES, servers_for, smallest_size
from domain import type_tokens as kinds
from domain.ingress_values import INGRESS_CLASS
from policy import helm_release
from policy.reading import UNKNOWN, WrongTypeError, boolean, by_type, integer, items, mapping, text


def enough_masters(args: ResourceValidationArgs) -> Iterator[str]:
    """A cluster with fewer than three masters does not survive the loss of one."""
    minimum, masters = int(args.get_config()["minimumMasters"]), integer(args.props, "foundation", "masters")
    if isinstance(masters, int) and masters < minimum:
        plan = _shown(text(args.props, "foundation", "plan"))
        yield (
            f"plan {plan} has {masters} masters, at least {minimum} are needed. "
            f"Choose a plan with {minimum} masters (plan, planMasters)"
        )


def enough_replicas(args: ResourceValidationArgs) -> Iterator[str]:
    """Rancher has three replicas, which is also the default of its chart."""
    if not helm_release.is_rancher(args):
        return
    minimum, replicas = int(args.get_config()["minimumReplicas"]), integer(args.props, "values", "replicas")
    if isinstance(replicas, int) and replicas < minimum:
        yield (
            f"Rancher has {replicas} replicas, at least {minimum} are needed. Set rancherReplicas to "
            f"{minimum} (a negative number lets the chart choose fewer)"
        )


def chart_ingress_off(args: ResourceValidationArgs) -> Iterator[str]:
    """The program creates Rancher's Ingress; the chart's would be a second one, which NCP might serve."""
    if not helm_release.is_rancher(args):
        return
    enabled = boolean(args.props, "values", "ingress", "enabled")
    if enabled is True or (enabled is None and helm_release.has_ingress_switch(args)):
        yield (
            "Rancher's chart creates an Ingress besides the program's, so there are 2 instead of 1. Set its "
            "value ingress.enabled to false"
        )


def ingress_class(args: ResourceValidationArgs) -> Iterator[str]:
    """NCP ignores an Ingress only when it has another controller's class."""
    annotations = mapping(args.props, "metadata", "annotations")
    in_spec = text(args.props, "spec", "ingressClassName")
    if annotations is UNKNOWN or in_spec is UNKNOWN:
        return
    chosen = text(annotations or {}, kinds.INGRESS_CLASS_ANNOTATION) or in_spec
    if chosen != INGRESS_CLASS:
        yield (
            f"Ingress {args.name!r} has the class {chosen or 'none'}, not {INGRESS_CLASS}: NCP would serve "
            "it on the NSX-T load balancer, without the headers that Rancher needs. Set the annotation "
            f"{kinds.INGRESS_CLASS_ANNOTATION} to {INGRESS_CLASS}"
        )


def no_lasting_tiller(args: ResourceValidationArgs) -> Iterator[str]:
    """Anyone who reaches Tiller's port would be administrator of the cluster."""
    subjects = items(args.props, "subjects")
    if text(args.props, "roleRef", "name") != "cluster-admin" or not isinstance(subjects, list):
        return
    for item in subjects:
        if not isinstance(item, Mapping):
            raise WrongTypeError(("subjects",), "a list of objects", item)
    names = [str(item.get("name")) for item in subjects]
    tillers = [name for name in names if "tiller" in name]
    if tillers:
        yield (
            f"the service account {', '.join(tillers)} is bound to cluster-admin permanently. Use Helm 3, or "
            "Tiller on the machine that runs the program (tillerMode: local)"
        )


def load_balancer_size(args: ResourceValidationArgs) -> Iterator[str]:
    """The load balancer holds the virtual servers of the cluster."""
    services = int(args.get_config()["loadBalancerServices"])
    needed = servers_for(services)
    parameters = mapping(args.props, "parameters")
    size = text(parameters or {}, "lb_size") or "small" if parameters is not UNKNOWN else UNKNOWN
    capacity = next((number for name, number in CAPACITIES.items() if name == size), None)
    if capacity is None or capacity >= needed:
        return
    enough = smallest_size(needed)
    remedy = f"Set lb_size to {enough}" if enough else "Spread the Services over several clusters"
    yield (
        f"a {size} load balancer holds {capacity} virtual servers; the cluster with {services} Services of "
        f"type LoadBalancer needs {needed}. {remedy} (under another networkProfile name)"
    )


def cluster_protected(args: ResourceValidationArgs) -> Iterator[str]:
    """The cluster of a production stack is not deleted by accident."""
    if args.get_config()["protectCluster"] and not args.opts.protect:
        yield (
            f"cluster {args.name!r} is not protected: one `pulumi destroy`, or a "
            "changed plan, deletes it with everything in it. Set protectCluster to true"
        )


def _shown(name: object) -> str:
    return repr(name) if isinstance(name, str) else "(unknown)"


RANCHER_DESIGN = ResourceValidationPolicy(
    name="rancher-design",
    description="Cluster and Rancher keep the design's availability and access.",
    validate=by_type(
        {
            kinds.PREFLIGHT: [enough_masters],
            kinds.NETWORK_PROFILE: [load_balancer_size],
            kinds.CLUSTER: [cluster_protected],
            kinds.RELEASE: [enough_replicas, chart_ingress_off],
            **{kind: [ingress_class] for kind in kinds.INGRESSES},
            **{kind: [no_lasting_tiller] for kind in kinds.CLUSTER_ROLE_BINDINGS},
        }
    ),
    config_schema=PolicyConfigSchema(
        {
            "minimumReplicas": {
                "type": "integer",
                "minimum": 1,
                "default": 3,
                "description": "Replicas that Rancher must have.",
            },
            "minimumMasters": {
                "type": "integer",
                "minimum": 1,
                "default": 3,
                "description": "Masters that the cluster's plan must have.",
            },
            "loadBalancerServices": {
                "type": "integer",
                "minimum": 0,
                "default": 1,
                "description": "Services of type LoadBalancer that the cluster will have.",
            },
            "protectCluster": {
                "type": "boolean",
                "default": True,
                "description": "Whether the cluster must be protected against deletion.",
            },
        }
    ),
    display_name="Design decisions",
    severity=Severity.HIGH,
    tags=["high-availability"],
    remediation_steps="Revert the change, or set the environment's threshold in policy/config.<env>.json.",
    url="https://ranchermanager.docs.rancher.com/reference-guides/best-practices/rancher-server",
)
