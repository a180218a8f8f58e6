"""Namespace sprawl, judged for each resource before it is created."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from capacity.model.plan import DEFAULT_RESERVE, CapacityError
from domain import type_tokens as kinds
from policy import plan
from policy.demand import chart_namespaces
from policy.reading import UNKNOWN, boolean, by_type, plain, text, value
from policy.unseen import remember_chart

RESERVE = {
    "type": "integer",
    "minimum": 0,
    "maximum": 90,
    "default": DEFAULT_RESERVE,
    "description": "Percent of each limit that a plan must leave free, where namespaces take from the limit.",
}
URL = "https://network.pivotal.io/products/pivotal-container-service"


def plan_fits(args: ResourceValidationArgs) -> Iterator[str]:
    """The plan that the stack declares must fit the pod network."""
    document = plain(value(args.props, "figures"))
    if document is UNKNOWN:
        yield (
            "the figures of the pod network are unknown at preview, so they cannot be judged before anything "
            "is created. Give plain values: from the config, or from another stack's output"
        )
        return
    try:
        yield from plan.problems(plan.assessed(document, args.get_config()["reservePercent"]))
    except CapacityError as error:
        yield f"the figures of the pod network are invalid: {error}"


def namespace_declared(args: ResourceValidationArgs) -> Iterator[str]:
    """A stack creates declared namespaces only: each takes a subnet, and more, for as long as it exists."""
    name = text(args.props, "metadata", "name")
    if name is UNKNOWN:
        return  # judged during the update; the number of namespaces is judged at preview
    if name is None or not _is_declared(name, args):
        shown = repr(name) if name is not None else f"of resource {args.name!r}, which has no metadata.name,"
        yield _undeclared(f"namespace {shown}", args)


def patched_namespace_declared(args: ResourceValidationArgs) -> Iterator[str]:
    """A patch creates a namespace that does not exist; those of every cluster do."""
    if text(args.props, "metadata", "name") not in kinds.CLUSTER_NAMESPACES:
        yield from namespace_declared(args)


def chart_remembered(args: ResourceValidationArgs) -> Iterator[str]:
    """The budget of the stack needs the name of the chart; it finds nothing wrong itself."""
    remember_chart(args.urn, args.props)
    yield from ()


def chart_namespaces_declared(args: ResourceValidationArgs) -> Iterator[str]:
    """A Helm release creates declared namespaces only, and none through ``createNamespace``."""
    if boolean(args.props, "createNamespace") is True:
        namespace = value(args.props, "namespace")  # of any type: the rule must still report
        shown = f" {namespace!r}" if isinstance(namespace, str) else ""
        yield (
            f"release {args.name!r} creates namespace{shown} itself (createNamespace: true), which no count "
            "includes. Declare the namespace as a resource and set createNamespace to false"
        )
    for name in chart_namespaces(args.props) or ():
        if not _is_declared(name, args):
            yield _undeclared(f"namespace {name!r}, which the chart of release {args.name!r} creates,", args)


def _is_declared(name: str, args: ResourceValidationArgs) -> bool:
    return any(fnmatchcase(name, str(pattern)) for pattern in args.get_config()["namespaces"])


def _undeclared(subject: str, args: ResourceValidationArgs) -> str:
    declared = ", ".join(map(str, args.get_config()["namespaces"])) or "none"
    return (
        f"{subject} is not declared (declared: {declared}). Each namespace takes a pod subnet. Use a "
        "declared one; or add it to `namespaces` in the configuration of policy pod-network and count it in "
        "the plan's applications (plannedApplications)"
    )


POD_NETWORK = ResourceValidationPolicy(
    name="pod-network",
    description="Each namespace takes NSX-T objects, so namespaces are planned and declared.",
    validate=by_type(
        {
            kinds.POD_NETWORK: [plan_fits],
            kinds.NAMESPACE: [namespace_declared],
            kinds.CUSTOM_NAMESPACE: [namespace_declared],
            kinds.NAMESPACE_PATCH: [patched_namespace_declared],
            **{kind: [chart_remembered, chart_namespaces_declared] for kind in kinds.RELEASES},
        }
    ),
    config_schema=PolicyConfigSchema(
        {
            "reservePercent": RESERVE,
            "namespaces": {
                "type": "array",
                "items": {"type": "string"},
                "default": [kinds.CATTLE_SYSTEM],
                "description": "Names, or patterns of names (*, ?), of the namespaces that a stack may "
                "create.",
            },
        }
    ),
    display_name="Namespace sprawl",
    severity=Severity.CRITICAL,
    tags=["nsx-t", "capacity"],
    remediation_steps=(
        "`python -m capacity advise` lists changes that make the plan fit: a longer pod_subnet_prefix before "
        "the cluster is created, a further pod IP block later, or fewer imported clusters."
    ),
    url=URL,
)
