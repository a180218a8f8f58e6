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
from policy.budget import (
    SHARES_SCHEMA,
    excess,
    fleet_shares,
    read_shares,
    stack_budget,
    total_share,
    whole_plan,
)
from policy.demand import total
from policy.reading import UNKNOWN, WrongTypeError, plain, value
from policy.sprawl import RESERVE, URL
from policy.stack_demand import StackDemand
from policy.unseen import UNSEEN_SCHEMA, unseen

_KEYS = {"namespaces": "plannedApplications", "projects": "plannedProjects", "users": "plannedUsers"}
_CONFIGURATION = "configuration of policy pod-network-stack"


def judge(stack: StackDemand, budget: StackDemand, assessment: Assessment) -> Iterator[str]:
    """Compare what the stack takes with its budget."""
    first = assessment.first_limit
    for what, taken, most in excess(stack, budget):
        if what in _KEYS:
            yield (
                f"the stack creates {taken} {what}, its plan has {most}: {taken - most} too many. Remove "
                f"them, or raise the plan ({_KEYS[what]}), which is then judged against the pod network"
            )
        else:
            yield (
                f"the stack imports {taken} clusters, but only {most} fit: {taken - most} too many for the "
                f"{first.name if first else 'pod network'}, with the reserve and the shares of other stacks "
                f"kept. Import {most} at most; or enlarge the network: `python -m capacity advise --clusters "
                f"{taken}` says how"
            )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Find the figures, in the stack or in the policy's configuration, and compare the stack with them."""
    stack, messages = total((item.resource_type, item.name, item.props) for item in args.resources)
    try:
        for count, message in unseen(args.resources, plain(args.get_config()["unseenNamespaces"])):
            stack += StackDemand(namespaces=count)
            messages += [message] if message else []
    except WrongTypeError as error:
        messages.append(f"{_CONFIGURATION}: {error}")
    for message in dict.fromkeys([*messages, *_judgement(stack, args)]):
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
                yield from _compared(stack, assessment, args, foreign=not declared)
    except CapacityError as error:
        if not declared:  # policy pod-network judges those of the stack
            yield f"the figures of the pod network are invalid: {error}"
    except WrongTypeError as error:
        yield f"{_CONFIGURATION}: {error}"


def _compared(
    stack: StackDemand, assessment: Assessment, args: StackValidationArgs, *, foreign: bool
) -> Iterator[str]:
    """The stack against its budget, and the shares of all stacks against the plan."""
    shares = fleet_shares(assessment) | read_shares(plain(args.get_config()["shares"]))
    whole, name = whole_plan(assessment), _stack_name(args)
    for what, taken, most in excess(total_share(shares), whole):
        yield (
            f"the shares of all stacks add up to {taken} {what}, but the plan has room for {most}. Reduce "
            f"`shares` in the {_CONFIGURATION} or the server's fleetShares, or raise the plan"
        )
    budget = stack_budget(whole, shares, name, owner=stack.clusters > 0, foreign=foreign)
    if budget is None and stack:
        yield (
            f"stack {name} takes {_words(stack)} and has no share of the plan. Add it to `shares` in the "
            f'{_CONFIGURATION}: {{"{name}": {{"applications": {stack.namespaces}, "importedClusters": '
            f"{stack.imports}}}}}; for a fleet, to fleetShares in the server's settings"
        )
    elif budget is not None:
        yield from judge(stack, budget, assessment)


def _stack_name(args: StackValidationArgs) -> str:
    """``<project>/<stack>``, from the resources' URNs."""
    for resource in args.resources:
        _, _, stack, _, project, *_ = [*resource.urn.split(":"), "", "", "", "", ""]
        return f"{project}/{stack}"
    return ""


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
            "shares": SHARES_SCHEMA,
            "unseenNamespaces": UNSEEN_SCHEMA,
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
