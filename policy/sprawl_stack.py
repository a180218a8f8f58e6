"""Namespace sprawl, counted over the whole stack at the end of a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from capacity.model.assessment import Assessment
from capacity.model.plan import CapacityError
from domain import type_tokens as kinds
from policy import plan
from policy.reading import UNKNOWN, plain, value
from policy.sprawl import RESERVE, URL


@dataclass(frozen=True)
class Count:
    """What in a stack takes from a pod network.

    Attributes:
        clusters: Clusters of PKS.
        namespaces: Namespaces beyond Rancher's own.
        sites: Clusters that Rancher imports.
    """

    clusters: int
    namespaces: int
    sites: int

    @classmethod
    def of(cls, resources: list[PolicyResource]) -> Count:
        """Count by type; only a Namespace's name is read."""
        kind = [resource.resource_type for resource in resources]
        own = sum(
            resource.resource_type == kinds.NAMESPACE and _name(resource) == kinds.CATTLE_SYSTEM
            for resource in resources
        )
        return cls(kind.count(kinds.CLUSTER), kind.count(kinds.NAMESPACE) - own, kind.count(kinds.SITE))


def _name(resource: PolicyResource) -> object:
    """Its name; that of the resource before the namespace is made, when its outputs are not known."""
    name = value(resource.props, "metadata", "name")
    return resource.name if name is UNKNOWN or name is None else name


def judge(count: Count, assessment: Assessment) -> Iterator[str]:
    """Set what the stack makes against the plan and what it leaves."""
    budget = sum(demand.applications for demand in assessment.plan.demands)
    if count.namespaces > budget:
        yield (
            f"the stack makes {count.namespaces} namespaces of its own, its plan has {budget}: "
            f"{count.namespaces - budget} too many. Remove them, or raise the plan's applications "
            f"(plannedApplications) to {count.namespaces}, which is then judged against the pod network"
        )
    most = assessment.max_imports
    if most is not None and count.sites > most:
        first = assessment.first_limit
        name = first.name if first else "pod network"
        yield (
            f"the stack imports {count.sites} clusters, {most} imported clusters fit: {count.sites - most} "
            f"too many for the {name}, with the reserve kept. Import at most {most}; or enlarge the network: "
            f"`python -m capacity advise --clusters {count.sites}` says how"
        )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Find the figures, in the stack or in the policy's configuration, and set the stack against them."""
    config = args.get_config()
    documents = [
        plain(value(r.props, "figures")) for r in args.resources if r.resource_type == kinds.POD_NETWORK
    ]
    in_stack = bool(documents)
    count = Count.of(args.resources)
    try:
        if not in_stack:
            documents = _configured(config)
        if not documents and any(
            (count.clusters and config["requireFigures"], count.namespaces, count.sites)
        ):
            report(
                f"the stack makes {count.clusters} clusters, {count.namespaces} namespaces and {count.sites} "
                "imported clusters, and nothing tells what pod network they are on. Set podNetwork in its "
                "config; or, for a stack of another program, `figures` or `figuresFile` in the configuration "
                "of policy pod-network-stack",
                None,
            )
        for document in documents:
            if document is not UNKNOWN:
                assessment = plan.assessed(document, config["reservePercent"])
                for message in [*([] if in_stack else plan.problems(assessment)), *judge(count, assessment)]:
                    report(message, None)
    except CapacityError as error:
        if not in_stack:  # those in the stack are judged as its resource
            report(f"the figures of the pod network cannot be right: {error}", None)


def _configured(config: Mapping[str, Any]) -> list[Any]:
    """The figures that the policy's configuration gives or points at; none, or one."""
    if config["figures"]:
        return [plain(config["figures"])]
    if not config["figuresFile"]:
        return []
    file = Path(config["figuresFile"])
    try:
        return [json.loads(file.read_text())]
    except (OSError, ValueError) as error:
        raise CapacityError(
            f"figuresFile {file} does not give them ({error}); write it with "
            "`pulumi stack output podNetwork --json` of the stack that owns the cluster"
        ) from None


POD_NETWORK_STACK = StackValidationPolicy(
    name="pod-network-stack",
    description="A stack makes no more namespaces and imports no more clusters than plan and network hold.",
    validate=validate,
    config_schema=PolicyConfigSchema(
        {
            "reservePercent": RESERVE,
            "figures": {
                "type": "object",
                "default": {},
                "description": (
                    "Figures for a stack that declares none: the output podNetwork of the stack that owns "
                    "the cluster, or its figures."
                ),
            },
            "figuresFile": {
                "type": "string",
                "default": "",
                "description": "JSON file with these figures; absolute, or relative to the pack's directory.",
            },
            "requireFigures": {
                "type": "boolean",
                "default": True,
                "description": "Whether a stack with a cluster needs figures of its pod network.",
            },
        }
    ),
    display_name="Namespace budget",
    severity=Severity.CRITICAL,
    tags=["nsx-t", "capacity"],
    remediation_steps=(
        "Count namespaces in plannedApplications and imported clusters in plannedImportedClusters, or make "
        "fewer; `python -m capacity report` shows what is left."
    ),
    url=URL,
)
