"""DRS rules as vCenter has them."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

from pyVmomi import vim

from lab.foundation import vcenter
from lab.layout import Lab


def rules(lab: Lab) -> dict[str, set[str]]:
    """The names of the VMs of each rule, by vSphere cluster and name; ``!`` marks one that must hold."""
    with vcenter.session(lab) as content:
        return {
            f"{cluster.name}/{rule.name}{'!' if rule.mandatory else ''}": {str(vm.name) for vm in rule.vm}
            for cluster in vcenter.objects(content, vim.ClusterComputeResource)
            for rule in cluster.configurationEx.rule
        }
