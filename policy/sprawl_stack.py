"""Namespace sprawl, counted over the whole stack at the end of a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
from policy.demand import StackDemand, total
from policy.reading import UNKNOWN, WrongTypeError, plain, value
from policy.sprawl import RESERVE, URL


def judge(stack: StackDemand, assessment: Assessment) -> Iterator[str]:
    """Compare what the stack takes with the plan, and with what the network has room for."""
    demands = assessment.plan.demands
    with_rancher = [demand for demand in demands if demand.rancher_version is not None]
    administrators = len(with_rancher)  # the plan's users include them, and no resource creates them
    for what, taken, planned, key, besides in (
        (
            "namespaces",
            stack.namespaces,
            sum(item.applications for item in demands),
            "plannedApplications",
            0,
        ),
        ("projects", stack.projects, sum(item.projects for item in with_rancher), "plannedProjects", 0),
        ("users", stack.users, sum(item.users for item in with_rancher), "plannedUsers", administrators),
    ):
        left = max(planned - besides, 0)
        if taken > left:
            yield (
                f"the stack creates {taken} {what}, its plan has {left}: {taken - left} too many. Remove "
                f"them, or raise the plan ({key}) to {taken + besides}, which is then judged against the pod "
                "network"
            )
    most = assessment.max_imports
    if most is not None and stack.imports > most:
        first = assessment.first_limit
        name = first.name if first else "pod network"
        yield (
            f"the stack imports {stack.imports} clusters, but only {most} fit: {stack.imports - most} too "
            f"many for the {name}, with the reserve kept. Import {most} at most; or enlarge the network: "
            f"`python -m capacity advise --clusters {stack.imports}` says how"
        )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Find the figures, in the stack or in the policy's configuration, and compare the stack with them."""
    stack, messages = total((item.resource_type, item.name, item.props) for item in args.resources)
    for message in (*messages, *_judgement(stack, args)):
        report(message, None)


def _judgement(stack: StackDemand, args: StackValidationArgs) -> Iterator[str]:
    config = args.get_config()
    declared = [_figures(item) for item in args.resources if item.resource_type == kinds.POD_NETWORK]
    try:
        documents = declared or _configured(config)
        beyond_clusters = stack.namespaces or stack.imports or stack.projects or stack.users
        if not documents and (beyond_clusters or (stack.clusters and config["requireFigures"])):
            yield (
                f"the stack creates {_words(stack)}, but the figures of the pod network are missing. Set "
                "podNetwork in its config; or, for a stack of another program, `figures` or `figuresFile` in "
                "the configuration of policy pod-network-stack"
            )
        for document in documents:
            if document is not UNKNOWN:
                assessment = plan.assessed(document, config["reservePercent"])
                if not declared:
                    yield from plan.problems(assessment)
                yield from judge(stack, assessment)
    except CapacityError as error:
        if not declared:  # policy pod-network judges those of the stack
            yield f"the figures of the pod network are invalid: {error}"


def _figures(resource: PolicyResource) -> Any:
    try:
        return plain(value(resource.props, "figures"))
    except WrongTypeError:
        return UNKNOWN


def _words(stack: StackDemand) -> str:
    counts = {
        "clusters": stack.clusters,
        "namespaces": stack.namespaces,
        "imported clusters": stack.imports,
        "projects": stack.projects,
        "users": stack.users,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _configured(config: Mapping[str, Any]) -> list[Any]:
    """The figures in the policy's configuration, or in the file that it names; none, or one."""
    if config["figures"]:
        return [plain(config["figures"])]
    if not config["figuresFile"]:
        return []
    file = Path(config["figuresFile"])
    try:
        return [json.loads(file.read_bytes())]
    except (OSError, ValueError, RecursionError) as error:
        raise CapacityError(
            f"figuresFile {file} cannot be read ({error}). Write it with `pulumi stack output podNetwork "
            "--json` of the stack that owns the cluster"
        ) from None


POD_NETWORK_STACK = StackValidationPolicy(
    name="pod-network-stack",
    description="A stack creates and imports no more than its plan and network allow.",
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
        "Plan the namespaces in plannedApplications and the imported clusters in plannedImportedClusters, or "
        "create fewer; `python -m capacity report` shows what is left."
    ),
    url=URL,
)
