"""The loss of one ESXi host costs one master and one worker at most."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from domain import type_tokens as kinds
from domain.placement import ROLES
from policy.reading import WrongTypeError, boolean, items, text


def missing_rules(resources: list[PolicyResource]) -> Iterator[str]:
    """Each role of a cluster has its own rule, and that rule is enabled."""
    if not any(resource.resource_type == kinds.CLUSTER for resource in resources):
        return
    rules = [resource for resource in resources if resource.resource_type == kinds.ANTI_AFFINITY_RULE]
    placed = [item for item in resources if item.resource_type == kinds.VIRTUAL_MACHINES]
    for role in ROLES:
        of_role = [rule for rule in rules if role in rule.name]
        # A role that placement spreads over vSphere clusters, one machine each, needs no rule.
        if not of_role and not any(_has_role(item, role) for item in placed):
            yield (
                f"no anti-affinity rule keeps the {role}s on different ESXi hosts. Turn placement on; or, "
                "without permission for that, set antiAffinity to false in the configuration of policy "
                "host-failure"
            )
        for rule in of_role:
            yield from _disabled(rule)


def too_few_hosts(resources: list[PolicyResource], hosts: int) -> Iterator[str]:
    """vCenter would not start some machines of a rule for more machines than there are hosts."""
    for rule in resources:
        if rule.resource_type != kinds.ANTI_AFFINITY_RULE:
            continue
        try:
            machines = items(rule.props, "virtualMachineIds")
        except WrongTypeError as error:
            yield f"{rule.name}: {error}"
            continue
        if isinstance(machines, list) and len(machines) > hosts:
            yield (
                f"the anti-affinity rule {rule.name} keeps {len(machines)} machines apart, but there are "
                f"only {hosts} hosts (hosts). Add hosts, or use fewer machines"
            )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Report what the two rules find."""
    config = args.get_config()
    if config["antiAffinity"]:
        for message in missing_rules(args.resources):
            report(message, None)
    if config["hosts"]:
        for message in too_few_hosts(args.resources, int(config["hosts"])):
            report(message, None)


def _has_role(machines: PolicyResource, role: str) -> bool:
    try:
        return text(machines.props, "role") == role
    except WrongTypeError:
        return False


def _disabled(rule: PolicyResource) -> Iterator[str]:
    try:
        if boolean(rule.props, "enabled") is False:
            yield f"the anti-affinity rule {rule.name} is not enabled. Set enabled to true"
    except WrongTypeError as error:
        yield f"{rule.name}: {error}"


HOST_FAILURE = StackValidationPolicy(
    name="host-failure",
    description="The loss of one ESXi host leaves a quorum of masters, and Rancher in service.",
    validate=validate,
    config_schema=PolicyConfigSchema(
        {
            "antiAffinity": {
                "type": "boolean",
                "default": True,
                "description": "Whether masters and workers each need a rule that keeps them apart.",
            },
            "hosts": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "ESXi hosts of the vSphere cluster; 0: not judged.",
            },
        }
    ),
    display_name="Loss of a host",
    severity=Severity.HIGH,
    tags=["high-availability", "vsphere"],
    remediation_steps="Declare an anti-affinity rule for each role, on a vSphere cluster with enough hosts.",
    url="https://techdocs.broadcom.com/us/en/vmware-cis/vsphere/vsphere/8-0/vsphere-resource-management-8-0/using-drs-clusters-to-manage-resources/using-drs-affinity-rules.html",
)
