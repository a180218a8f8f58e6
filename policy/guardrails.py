"""The article's decisions on availability and access that somebody might undo by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from capacity.model.plan import VIRTUAL_SERVERS
from domain import type_tokens as kinds
from policy import helm_release as rancher_release
from policy.reading import UNKNOWN, by_type, integer, plain, value

_INGRESS_CLASS = "nginx"
_CLUSTER_SERVERS, _SERVICE_SERVERS = 3, 2
"""Virtual servers of a cluster, and of a Service with two ports (docs-pks `network-profiles-lb-size`)."""


def enough_masters(args: ResourceValidationArgs) -> Iterator[str]:
    """A cluster with fewer than three masters does not survive the loss of one."""
    least, masters = int(args.get_config()["minimumMasters"]), integer(value(args.props, "masters"))
    if masters is not None and masters < least:
        yield (
            f"plan {value(args.props, 'plan')!r} gives {masters} masters, at least {least} are needed. "
            f"Choose a plan with {least} masters (plan, planMasters)"
        )


def enough_replicas(args: ResourceValidationArgs) -> Iterator[str]:
    """Three replicas of Rancher; its chart makes three when the values say nothing."""
    if not rancher_release.is_rancher(args):
        return
    least, replicas = (
        int(args.get_config()["minimumReplicas"]),
        integer(value(args.props, "values", "replicas")),
    )
    if replicas is not None and replicas < least:
        yield (
            f"Rancher has {replicas} replicas, at least {least} are needed. Set rancherReplicas to {least} "
            "(a negative number lets the chart choose fewer)"
        )


def chart_ingress_off(args: ResourceValidationArgs) -> Iterator[str]:
    """The Ingress is the program's; that of Rancher's chart would be a second one, and NCP might take it."""
    if not rancher_release.is_rancher(args):
        return
    enabled = value(args.props, "values", "ingress", "enabled")
    release = rancher_release.version(args)
    by_default = enabled is None and release is not None and release.has_ingress_switch
    if by_default or (enabled is not UNKNOWN and str(enabled).lower() == "true"):
        yield (
            "Rancher's chart makes an Ingress beside the program's: 2, where 1 is right. Set its value "
            "ingress.enabled to false"
        )


def ingress_class(args: ResourceValidationArgs) -> Iterator[str]:
    """NCP leaves an Ingress alone only when its class is another's."""
    annotations = plain(value(args.props, "metadata", "annotations"))
    of_spec = value(args.props, "spec", "ingressClassName")
    if annotations is UNKNOWN or of_spec is UNKNOWN:
        return
    chosen = (annotations or {}).get(kinds.INGRESS_CLASS_ANNOTATION) or of_spec
    if chosen != _INGRESS_CLASS:
        yield (
            f"Ingress {args.name!r} has the class {chosen or 'none'}, not {_INGRESS_CLASS}: NCP would serve "
            "it on the NSX-T load balancer, without the headers that Rancher needs. Set the annotation "
            f"{kinds.INGRESS_CLASS_ANNOTATION} to {_INGRESS_CLASS}"
        )


def no_lasting_tiller(args: ResourceValidationArgs) -> Iterator[str]:
    """Whoever reaches Tiller's port is then administrator of the cluster."""
    subjects = plain(value(args.props, "subjects"))
    if value(args.props, "roleRef", "name") != "cluster-admin" or not isinstance(subjects, list):
        return
    tillers = [str(item.get("name")) for item in subjects if isinstance(item, Mapping)]
    tillers = [name for name in tillers if "tiller" in name]
    if tillers:
        yield (
            f"{len(tillers)} account ({', '.join(tillers)}) is bound to cluster-admin for good, where 0 may "
            "be. Use Helm 3, or Tiller on the machine that runs the program (tillerMode: local)"
        )


def load_balancer_size(args: ResourceValidationArgs) -> Iterator[str]:
    """The load balancer of the cluster holds the virtual servers that the cluster needs."""
    services = int(args.get_config()["loadBalancerServices"])
    needed = _CLUSTER_SERVERS + _SERVICE_SERVERS * services
    size = value(args.props, "parameters", "lb_size") or "small"
    if size is UNKNOWN or size not in VIRTUAL_SERVERS or VIRTUAL_SERVERS[size] >= needed:
        return
    enough = next((name for name, holds in VIRTUAL_SERVERS.items() if holds >= needed), None)
    remedy = f"Set lb_size to {enough}" if enough else "Put Services on several clusters"
    yield (
        f"a {size} load balancer holds {VIRTUAL_SERVERS[size]} virtual servers; the cluster with {services} "
        f"Services of type LoadBalancer needs {needed}. {remedy} (under another networkProfile name)"
    )


def cluster_protected(args: ResourceValidationArgs) -> Iterator[str]:
    """The cluster of a production stack is not deleted by accident."""
    if args.get_config()["protectCluster"] and not args.opts.protect:
        yield (
            f"cluster {value(args.props, 'name')!r} is not protected: one `pulumi destroy`, or a changed "
            "plan, deletes it with all in it. Set protectCluster to true"
        )


RANCHER_DESIGN = ResourceValidationPolicy(
    name="rancher-design",
    description="Cluster and Rancher are as the design needs them.",
    validate=by_type(
        {
            kinds.FOUNDATION_PREFLIGHT: [enough_masters],
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
                "description": "Masters that the cluster's plan must give.",
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
                "description": "Whether the cluster has to be protected against deletion.",
            },
        }
    ),
    display_name="Design of the article",
    severity=Severity.HIGH,
    tags=["high-availability"],
    remediation_steps="Take the change back, or set the environment's threshold in policy/config.<env>.json.",
    url="https://ranchermanager.docs.rancher.com/reference-guides/best-practices/rancher-server",
)
