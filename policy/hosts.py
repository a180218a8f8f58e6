"""The loss of one ESXi host costs one master and one worker at most (article, step 6)."""

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
from policy.reading import UNKNOWN, plain, value


def missing_roles(resources: list[PolicyResource]) -> Iterator[str]:
    """Each role of a cluster has a rule of its own that is in force."""
    if not any(resource.resource_type == kinds.CLUSTER for resource in resources):
        return
    rules = [resource for resource in resources if resource.resource_type == kinds.ANTI_AFFINITY_RULE]
    placed = [
        value(resource.props, "role")
        for resource in resources
        if resource.resource_type == kinds.VIRTUAL_MACHINES
    ]
    for role in ROLES:
        of_role = [rule for rule in rules if role in rule.name]
        # A role that placement spreads over vSphere clusters, one machine each, needs no rule.
        if not of_role and role not in placed:
            yield (
                f"0 anti-affinity rules keep the {role}s on different ESXi hosts, 1 is needed. Turn "
                "placement on; or, where nobody may, set antiAffinity to false in the configuration of "
                "policy host-failure"
            )
        for rule in of_role:
            if value(rule.props, "enabled") is False:
                yield f"the anti-affinity rule {rule.name} is there but not enabled. Set enabled to true"


def too_few_hosts(resources: list[PolicyResource], hosts: int) -> Iterator[str]:
    """A rule for more machines than there are hosts cannot be kept: vCenter would not start some of them."""
    for rule in resources:
        if rule.resource_type != kinds.ANTI_AFFINITY_RULE:
            continue
        machines = plain(value(rule.props, "virtualMachineIds"))
        if machines is UNKNOWN or not isinstance(machines, list):
            continue
        if len(machines) > hosts:
            yield (
                f"the anti-affinity rule {rule.name} keeps {len(machines)} machines apart, and there are "
                f"{hosts} hosts (hosts): {len(machines) - hosts} too few. Add hosts, or take fewer machines"
            )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Report what the two rules find."""
    config = args.get_config()
    if config["antiAffinity"]:
        for message in missing_roles(args.resources):
            report(message, None)
    if config["hosts"]:
        for message in too_few_hosts(args.resources, int(config["hosts"])):
            report(message, None)


HOST_FAILURE = StackValidationPolicy(
    name="host-failure",
    description="The loss of one ESXi host leaves a quorum of masters and a Rancher.",
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
    remediation_steps="Declare an anti-affinity rule for each role, on a vSphere cluster with hosts enough.",
    url="https://techdocs.broadcom.com/us/en/vmware-cis/vsphere/vsphere/8-0/vsphere-resource-management-8-0/using-drs-clusters-to-manage-resources/using-drs-affinity-rules.html",
)
