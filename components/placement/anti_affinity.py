"""``AntiAffinity``: DRS rules that keep masters, and workers, on different ESXi hosts.

Names follow chipzoller/Optimize-VMwarePKS, whose rule for masters is ``<cluster> PKS cluster``. Unlike there,
sets of VMs are compared, not numbers: a VM that BOSH has made anew is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.placement import adoption as takeover
from components.placement.credentials import VSPHERE
from components.placement.preflight import ROLES, Placement
from components.placement.virtual_machines import VirtualMachines
from components.placement.vm_cids import VmCids
from components.placement.vsphere_objects import AntiAffinityRule, VsphereProvider
from components.runtime.provider import unknown

_RULE_NAMES = {"master": "{cluster} PKS cluster", "worker": "{cluster} PKS cluster workers"}


@dataclass(frozen=True, kw_only=True)
class AntiAffinityArgs:
    """The cluster, and how its VMs are to be placed.

    Attributes:
        placement: What the rules are to hold.
        cluster_name: The cluster's name in PKS.
        cluster_uuid: Its UUID, which BOSH's deployment is named by.
        server: vCenter, ``host`` or ``host:port``; None: the environment tells it, as user and password.
        user: User of vCenter.
        password: Secret.
        triggers: Values whose change makes BOSH and vCenter be asked again.
    """

    placement: Placement
    cluster_name: str
    cluster_uuid: pulumi.Input[str]
    server: str | None = None
    user: str | None = None
    password: pulumi.Input[str] | None = field(default=None, repr=False)
    triggers: Sequence[pulumi.Input[Any]] = ()


class AntiAffinity(pulumi.ComponentResource):
    """DRS rules of one PKS cluster (type ``rancher-on-pks:placement:AntiAffinity``).

    Produces VmCids (with the source ``bosh``), VirtualMachines for masters and for workers, and for each role
    a rule in each vSphere cluster that has two or more of its VMs.

    Attributes:
        rules: Names of the rules by vSphere cluster, such as ``{"compute-1": ["rancher PKS cluster"]}``.
    """

    rules: pulumi.Output[Mapping[str, Sequence[str]]]

    def __init__(self, name: str, args: AntiAffinityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__("rancher-on-pks:placement:AntiAffinity", name, None, opts)
        self._name, self._args = name, args
        self._children = pulumi.ResourceOptions(parent=self)
        placement = args.placement
        self._provider = VsphereProvider(f"{name}-vcenter", _settings(args), self._children)
        self._takeover = takeover.hooks(args.placement.datacenter, args.server, args.user, args.password)
        deployment = pulumi.Output.concat("service-instance_", args.cluster_uuid)
        counts: tuple[pulumi.Input[Any], ...] = (placement.masters, placement.workers, *args.triggers)
        names: dict[str, pulumi.Output[list[str]]] = {}
        if placement.source == "bosh":
            cids = VmCids(
                f"{name}-cids",
                deployment=deployment,
                executable=placement.bosh_cli,
                triggers=counts,
                opts=self._children,
            )
            names = {"master": cids.masters, "worker": cids.workers}
        self._machines = {
            role: VirtualMachines(
                f"{name}-{plural}",
                role=role,
                deployment=deployment,
                names=names.get(role),
                datacenter=placement.datacenter,
                compute_clusters=placement.compute_clusters,
                mode=placement.mode,
                # What BOSH tells changes by itself with these; without BOSH they are all there is.
                triggers=() if names else counts,
                opts=self._children,
            )
            for role, plural in ROLES.items()
        }
        # How many rules there are is known with the VMs. While they are not (at a preview), those are
        # declared that the config lets expect: otherwise a preview would show that rules are deleted.
        found = pulumi.Output.all(**{role: machines.machines for role, machines in self._machines.items()})
        self.rules = found.apply(self._declare, run_with_unknowns=True)
        self.register_outputs({"rules": self.rules})

    def _declare(self, found: Mapping[str, Any]) -> dict[str, list[str]]:
        """Declare the rules of both roles; returns the names of those of each vSphere cluster.

        Each waits for the one before: the plugin waits for all of vCenter's tasks with one property collector
        (WaitEx of terraform-provider-vsphere), and of two at a time one may never see the end of its own.
        """
        rules: dict[str, list[str]] = {}
        before: list[pulumi.Resource] = []
        for role, machines in self._machines.items():
            rule = _RULE_NAMES[role].format(cluster=self._args.cluster_name)
            for cluster, (identity, uuids) in self._groups(role, found[role]):
                # Its values tell the engine no dependency; without one it would go after the cluster, whose
                # VMs take their rules with them.
                opts = pulumi.ResourceOptions(
                    parent=self,
                    provider=self._provider,
                    depends_on=[machines, *before],
                    hooks=self._takeover,
                )
                made = AntiAffinityRule(
                    self._resource_name(role, cluster),
                    name=rule,
                    compute_cluster_id=identity,
                    virtual_machine_ids=uuids,
                    mandatory=self._args.placement.mode == "must",
                    opts=opts,
                )
                before = [made]
                rules.setdefault(cluster, []).append(rule)
        return rules

    def _groups(self, role: str, found: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        return self._expected(role) if unknown(found) or found is None else _groups(found)

    def _expected(self, role: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
        """The rules that there will be as far as the config tells; what they hold is not known yet."""
        placement = self._args.placement
        clusters = placement.compute_clusters or ("",)
        number = placement.masters if role == "master" else placement.workers
        if number > len(clusters):  # at least one vSphere cluster gets two
            for cluster in clusters:
                yield cluster, (_not_known(), _not_known())

    def _resource_name(self, role: str, cluster: str) -> str:
        several = len(self._args.placement.compute_clusters) > 1
        return f"{self._name}-{ROLES[role]}-rule" + (f"-{cluster}" if several else "")


def _groups(machines: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Each vSphere cluster with two or more of the VMs: its id and their UUIDs."""
    clusters = {machine["cluster"]: machine["cluster_id"] for machine in machines if machine["cluster_id"]}
    for cluster, identity in sorted(clusters.items()):
        uuids = sorted(machine["uuid"] for machine in machines if machine["cluster"] == cluster)
        if len(uuids) > 1:
            yield cluster, (identity, uuids)


def _not_known() -> pulumi.Output[Any]:
    return pulumi.Output.from_input(pulumi.UNKNOWN)


def _settings(args: AntiAffinityArgs) -> dict[str, pulumi.Input[str] | None]:
    """What the environment has stays out of the state: the plugin reads it, and it wins."""
    given: dict[str, pulumi.Input[str] | None] = {
        "vsphereServer": args.server,
        "user": args.user,
        "password": None if args.password is None else pulumi.Output.secret(args.password),
    }
    return {
        key: None if os.environ.get(variable) else value
        for (key, value), variable in zip(given.items(), VSPHERE.values(), strict=True)
    }
