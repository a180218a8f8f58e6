"""Namespace sprawl, judged for each resource before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from capacity.model.plan import CapacityError
from domain import type_tokens as kinds
from policy import plan
from policy.reading import UNKNOWN, by_type, plain, value

RESERVE = {
    "type": "integer",
    "minimum": 0,
    "maximum": 90,
    "default": 10,
    "description": "Share of what namespaces use up that a plan has to leave free, in percent.",
}
URL = "https://network.pivotal.io/products/pivotal-container-service"


def plan_fits(args: ResourceValidationArgs) -> Iterator[str]:
    """The plan that the stack declares has to fit the pod network."""
    document = plain(value(args.props, "figures"))
    if document is UNKNOWN:
        yield (
            "the figures of the pod network are not known at preview, so nothing could be judged before it "
            "is made. Give them as plain values: from the config, or from another stack's output"
        )
        return
    try:
        yield from plan.problems(plan.assessed(document, args.get_config()["reservePercent"]))
    except CapacityError as error:
        yield f"the figures of the pod network cannot be right: {error}"


def namespace_declared(args: ResourceValidationArgs) -> Iterator[str]:
    """A stack makes only namespaces that are declared: each costs a subnet, and more, for its whole life."""
    declared = list(args.get_config()["namespaces"])
    name = value(args.props, "metadata", "name")
    if name is UNKNOWN:
        return  # judged during the update, when it is known; the number is judged at preview all the same
    named = repr(name) if name is not None else f"of resource {args.name!r}, which has no metadata.name,"
    if name is None or not any(fnmatchcase(name, pattern) for pattern in declared):
        yield (
            f"namespace {named} is not declared ({len(declared)} are: {', '.join(declared)}). Each costs a "
            "pod subnet. Use one of these; or add it to `namespaces` in the configuration of policy "
            "pod-network and count it in the plan (plannedApplications)"
        )


def no_namespace_on_the_side(args: ResourceValidationArgs) -> Iterator[str]:
    """A Helm release that makes its namespace hides it from every count."""
    if value(args.props, "createNamespace") is True:
        namespace = value(args.props, "namespace")
        named = f" {namespace!r}" if isinstance(namespace, str) else ""
        yield (
            f"release {args.name!r} makes namespace{named} on the side (createNamespace: true), where 0 are "
            "allowed. Declare the namespace as a resource and set createNamespace to false"
        )


POD_NETWORK = ResourceValidationPolicy(
    name="pod-network",
    description="Each namespace costs NSX-T objects: they are planned and declared before anything is made.",
    validate=by_type(
        {
            kinds.POD_NETWORK: [plan_fits],
            kinds.NAMESPACE: [namespace_declared],
            kinds.RELEASE: [no_namespace_on_the_side],
        }
    ),
    config_schema=PolicyConfigSchema(
        {
            "reservePercent": RESERVE,
            "namespaces": {
                "type": "array",
                "items": {"type": "string"},
                "default": [kinds.CATTLE_SYSTEM],
                "description": "Names, or patterns of names (*, ?), of the namespaces that a stack may make.",
            },
        }
    ),
    display_name="Namespace sprawl",
    severity=Severity.CRITICAL,
    tags=["nsx-t", "capacity"],
    remediation_steps=(
        "`python -m capacity advise` says what makes the plan fit: a longer pod_subnet_prefix before the "
        "cluster is created, a further pod IP block later, or fewer imported clusters."
    ),
    url=URL,
)
