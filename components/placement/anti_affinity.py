"""``AntiAffinity``: DRS rules that keep masters, and workers, on different ESXi hosts.

Names follow chipzoller/Optimize-VMwarePKS, whose rule for masters is ``<cluster> PKS cluster``. Unlike there,
the rules compare sets of VMs, not numbers: a VM that BOSH has recreated is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any

import pulumi

from components.placement.existing_rules import replacement_hook
from components.placement.sources import SOURCES
from components.placement.virtual_machines import VirtualMachines
from components.placement.vsphere_objects import AntiAffinityRule, VsphereProvider
from components.runtime.provider import unknown
from domain.placement import ROLES, Placement
from domain.rule_members import groups

_RULE_NAMES = {"master": "{cluster} PKS cluster", "worker": "{cluster} PKS cluster workers"}


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
        """Declare the component; ``deleted_with`` in ``opts``, the cluster, applies to the rules."""
        super().__init__("rancher-on-pks:placement:AntiAffinity", name, None, opts)
        self._name, self._args = name, args
        self._deleted_with = opts.deleted_with if opts else None
        self._children = pulumi.ResourceOptions(parent=self)
        login = {"server": args.server, "user": args.user, "password": args.password}
        self._provider = VsphereProvider(f"{name}-vcenter", login, self._children)
        self._hook = replacement_hook(args.placement.datacenter, login)
        self._machines = self._find_machines()
        # The number of rules is known with the VMs. While the VMs are unknown (at a preview), the rules that
        # the config suggests are declared: otherwise the preview would show that rules are deleted.
        found = pulumi.Output.all(
            cluster=args.cluster_uuid, **{role: item.machines for role, item in self._machines.items()}
        )
        declared = found.apply(self._declare_rules, run_with_unknowns=True)
        # Of unknown VMs the vSphere cluster is unknown, too.
        self.rules = pulumi.Output.all(declared, found).apply(lambda both: both[0])
        self.register_outputs({"rules": self.rules})

    def _find_machines(self) -> dict[str, VirtualMachines]:
        placement = self._args.placement
        deployment = pulumi.Output.concat("service-instance_", self._args.cluster_uuid)
        counts = (placement.masters, placement.workers, *self._args.triggers)
        names = SOURCES[placement.source].names(self._name, placement, deployment, counts, self._children)
        return {
            role: VirtualMachines(
                f"{self._name}-{plural}",
                role=role,
                deployment=deployment,
                placement=placement,
                names=names.get(role),
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
                    opts=self._rule_options(machines, before, self._kept(role, group, found)),
                )
                before = [rule]
                rules.setdefault(group.compute_cluster, []).append(name)
        return rules

    def _rule_options(
        self,
        machines: VirtualMachines,
        before: list[pulumi.Resource],
        kept: list[str],
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._provider,
            # vCenter refuses to delete a rule that is gone, and the plugin does not look first (Delete in
            # terraform-provider-vsphere resource_vsphere_compute_cluster_vm_anti_affinity_rule.go). VMs take
            # their rules with them, so a rule that goes with the cluster is not deleted for itself.
            deleted_with=self._deleted_with,
            depends_on=[machines, *before],  # the values carry no dependency
            hooks=self._hook,
            ignore_changes=kept,
        )

    def _kept(self, role: str, group: _Group, found: Mapping[str, Any]) -> list[str]:
        """Properties of a rule that a preview shows unchanged while the VMs are unknown.

        An unknown vSphere cluster would show as a replacement. The number of masters is the plan's, and
        another plan means another cluster, so as long as it is the same cluster they stay.
        """
        if not isinstance(group.compute_cluster_id, pulumi.Output):
            return []
        same = role == "master" and not unknown(found["cluster"])
        return ["computeClusterId", *(["virtualMachineIds"] if same else [])]

    def _groups(self, role: str, found: Any) -> Iterator[_Group]:
        return self._expected(role) if unknown(found) or found is None else starmap(_Group, groups(found))

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


def _unknown() -> pulumi.Output[Any]:
    return pulumi.Output.from_input(pulumi.UNKNOWN)
