"""``AntiAffinity``: DRS rules that keep masters, and workers, on different ESXi hosts.

Names follow chipzoller/Optimize-VMwarePKS, whose rule for masters is ``<cluster> PKS cluster``. Unlike there,
the rules compare sets of VMs, not numbers: a VM that BOSH has recreated is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.placement.credentials import VSPHERE
from components.placement.existing_rules import replacement_hook
from components.placement.sources import SOURCES
from components.placement.virtual_machines import VirtualMachines
from components.placement.vsphere_objects import AntiAffinityRule, VsphereProvider
from components.runtime.provider import unknown
from domain.placement import ROLES, Placement

_RULE_NAMES = {"master": "{cluster} PKS cluster", "worker": "{cluster} PKS cluster workers"}
_PROVIDER_INPUTS = {"server": "vsphereServer", "user": "user", "password": "password"}
"""Field of the credentials -> input of the vSphere plugin's provider."""


@dataclass(frozen=True, kw_only=True)
class AntiAffinityArgs:
    """The cluster, and how its VMs are placed.

    Attributes:
        placement: What the rules must hold.
        cluster_name: The cluster's name in PKS.
        cluster_uuid: Its UUID, which is in the name of its BOSH deployment.
        server: vCenter, ``host`` or ``host:port``; None: the environment has it, as user and password.
        user: User of vCenter.
        password: Secret.
        triggers: Values whose change makes BOSH and vCenter be read again.
    """

    placement: Placement
    cluster_name: str
    cluster_uuid: pulumi.Input[str]
    server: str | None = None
    user: str | None = None
    password: pulumi.Input[str] | None = field(default=None, repr=False)
    triggers: Sequence[pulumi.Input[Any]] = ()


@dataclass(frozen=True)
class _Group:
    """VMs of one role in one vSphere cluster. Managed object id and UUIDs are unknown at some previews."""

    compute_cluster: str
    compute_cluster_id: Any
    uuids: Any


class AntiAffinity(pulumi.ComponentResource):
    """DRS rules of one PKS cluster (type ``rancher-on-pks:placement:AntiAffinity``).

    Produces VmCids (with the source ``bosh``), VirtualMachines for each role, and for each role a rule in
    each vSphere cluster that has two or more of its VMs.

    Attributes:
        rules: Names of the rules by vSphere cluster, such as ``{"compute-1": ["rancher PKS cluster"]}``.
    """

    rules: pulumi.Output[Mapping[str, Sequence[str]]]

    def __init__(self, name: str, args: AntiAffinityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component."""
        super().__init__("rancher-on-pks:placement:AntiAffinity", name, None, opts)
        self._name, self._args = name, args
        self._children = pulumi.ResourceOptions(parent=self)
        self._provider = VsphereProvider(f"{name}-vcenter", _provider_inputs(args), self._children)
        self._hook = replacement_hook(args.placement.datacenter, args.server, args.user, args.password)
        self._machines = self._find_machines()
        # The number of rules is known with the VMs. While the VMs are unknown (at a preview), the rules that
        # the config suggests are declared: otherwise the preview would show that rules are deleted.
        found = pulumi.Output.all(**{role: machines.machines for role, machines in self._machines.items()})
        declared = found.apply(self._declare_rules, run_with_unknowns=True)
        # Of unknown VMs the vSphere cluster is unknown, too.
        self.rules = pulumi.Output.all(declared, found).apply(lambda both: both[0])
        self.register_outputs({"rules": self.rules})

    def _find_machines(self) -> dict[str, VirtualMachines]:
        placement = self._args.placement
        deployment = pulumi.Output.concat("service-instance_", self._args.cluster_uuid)
        counts = (placement.masters, placement.workers, *self._args.triggers)
        source = SOURCES[placement.source]
        names = source.names(self._name, placement, deployment, counts, self._children)
        return {
            role: VirtualMachines(
                f"{self._name}-{plural}",
                role=role,
                deployment=deployment,
                source=placement.source,
                names=names.get(role),
                datacenter=placement.datacenter,
                compute_clusters=placement.compute_clusters,
                mode=placement.mode,
                triggers=() if names else counts,  # names change with the counts
                opts=self._children,
            )
            for role, plural in ROLES.items()
        }

    def _declare_rules(self, found: Mapping[str, Any]) -> dict[str, list[str]]:
        """Declare the rules of all roles; returns their names by vSphere cluster.

        Each waits for the one before: the plugin waits for all of vCenter's tasks with one property collector
        (WaitEx of terraform-provider-vsphere), and of two at a time one may never see the end of its own.
        """
        rules: dict[str, list[str]] = {}
        before: list[pulumi.Resource] = []
        for role, machines in self._machines.items():
            name = _RULE_NAMES[role].format(cluster=self._args.cluster_name)
            for group in self._groups(role, found[role]):
                rule = AntiAffinityRule(
                    self._resource_name(role, group.compute_cluster),
                    name=name,
                    compute_cluster_id=group.compute_cluster_id,
                    virtual_machine_ids=group.uuids,
                    mandatory=self._args.placement.mode == "must",
                    opts=self._rule_options(group, machines, before),
                )
                before = [rule]
                rules.setdefault(group.compute_cluster, []).append(name)
        return rules

    def _rule_options(
        self, group: _Group, machines: VirtualMachines, before: list[pulumi.Resource]
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._provider,
            # The values carry no dependency. Without one, a rule would be deleted after the cluster, whose
            # VMs take their rules with them.
            depends_on=[machines, *before],
            hooks=self._hook,
            # An unknown vSphere cluster would show as a replacement: the preview keeps the known one.
            ignore_changes=["computeClusterId"]
            if isinstance(group.compute_cluster_id, pulumi.Output)
            else None,
        )

    def _groups(self, role: str, found: Any) -> Iterator[_Group]:
        return self._expected(role) if unknown(found) or found is None else _groups(found)

    def _expected(self, role: str) -> Iterator[_Group]:
        """The groups that the config suggests, with unknown VMs."""
        placement = self._args.placement
        clusters = placement.compute_clusters or ("",)
        if getattr(placement, ROLES[role]) > len(clusters):  # at least one vSphere cluster gets two
            for cluster in clusters:
                yield _Group(cluster, _unknown(), _unknown())

    def _resource_name(self, role: str, cluster: str) -> str:
        several = len(self._args.placement.compute_clusters) > 1
        return f"{self._name}-{ROLES[role]}-rule" + (f"-{cluster}" if several else "")


def _groups(machines: Sequence[Mapping[str, str]]) -> Iterator[_Group]:
    """Each vSphere cluster with two or more of the VMs."""
    names = {machine["cluster_id"]: machine["cluster"] for machine in machines}
    for cluster_id, name in sorted(names.items(), key=lambda item: item[1]):
        uuids = sorted(machine["uuid"] for machine in machines if machine["cluster_id"] == cluster_id)
        if len(uuids) > 1:
            yield _Group(name, cluster_id, uuids)


def _unknown() -> pulumi.Output[Any]:
    return pulumi.Output.from_input(pulumi.UNKNOWN)


def _provider_inputs(args: AntiAffinityArgs) -> dict[str, pulumi.Input[str] | None]:
    """Values that the environment has stay out of the state: the plugin reads them there, and they win."""
    config: dict[str, pulumi.Input[str] | None] = {
        "server": args.server,
        "user": args.user,
        "password": None if args.password is None else pulumi.Output.secret(args.password),
    }
    return {
        _PROVIDER_INPUTS[field]: None if os.environ.get(VSPHERE.variable(field)) else value
        for field, value in config.items()
    }
