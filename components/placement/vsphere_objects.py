"""The vSphere plugin's provider and rule without the typed SDK, whose import takes 0.7 s.

They have the SDK's type tokens and inputs, so the engine, the plugin and policies see no difference
(``pulumi_vsphere`` 4.18; it stays a dependency, because the engine reads the plugin's version from it).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import pulumi

from components.placement.credentials import VSPHERE

_INPUTS = {"server": "vsphereServer", "user": "user", "password": "password"}
"""Field of the credentials -> input of the provider."""
RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"


class VsphereProvider(pulumi.ProviderResource):
    """The vSphere plugin's provider. It also logs in at each preview."""

    def __init__(
        self,
        name: str,
        login: Mapping[str, pulumi.Input[str] | None],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the provider.

        Args:
            name: The resource's name in the stack.
            login: Values for the fields of ``VSPHERE``. Those that the environment has stay out of the
                state: the plugin reads them there, and they win.
            opts: Options.
        """
        given: dict[str, pulumi.Input[str]] = {
            _INPUTS[field]: pulumi.Output.secret(value) if field == "password" else value
            for field, value in login.items()
            if value is not None and not os.environ.get(VSPHERE.variable(field))
        }
        # The plugin has no setting for a CA: it trusts the system's, SSL_CERT_FILE and SSL_CERT_DIR.
        super().__init__("vsphere", name, {**given, "allowUnverifiedSsl": "false"}, opts)


class AntiAffinityRule(pulumi.CustomResource):
    """A DRS rule: these VMs run on different hosts."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        compute_cluster_id: pulumi.Input[str],
        virtual_machine_ids: pulumi.Input[Sequence[str]],
        mandatory: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the rule.

        Args:
            resource_name: Name in the stack.
            name: Name in vCenter, unique among all rules of the vSphere cluster.
            compute_cluster_id: Managed object id of the vSphere cluster; a change replaces the rule.
            virtual_machine_ids: BIOS UUIDs; their order does not matter.
            mandatory: Whether vSphere would rather leave a VM off than start it on a host with another.
            opts: Must have the provider.
        """
        properties = {
            "name": name,
            "computeClusterId": compute_cluster_id,
            "virtualMachineIds": virtual_machine_ids,
            "mandatory": mandatory,
            "enabled": True,
        }
        super().__init__(RULE, resource_name, properties, opts)
