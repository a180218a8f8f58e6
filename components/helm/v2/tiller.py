"""``Tiller``: what Helm v2's releases go through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

from components.helm.v2 import permissions as tiller_rights
from components.helm.v2.records import NAMESPACE
from components.kubernetes import api as kube
from components.kubernetes.api import UnreachableError


@dataclass(frozen=True, kw_only=True)
class TillerArgs:
    """Which Helm v2, and where its Tiller is.

    Attributes:
        kubeconfig: Secret.
        mode: ``cluster``: a pod in kube-system, cluster-admin only while a release changes. ``local``: a
            process on this machine for the time of each call; nothing privileged is in the cluster.
        helm: Helm v2's CLI, a command or path.
        tiller: Tiller's binary, a command or path; for mode ``local``.
        image: Tiller's image in mode ``cluster``; empty: the one that the CLI chooses.
        timeout_minutes: Longest time until Tiller answers.
    """

    kubeconfig: pulumi.Input[str] = field(repr=False)
    mode: Literal["cluster", "local"] = "cluster"
    helm: str = "helm2"
    tiller: str = "tiller"
    image: str = ""
    timeout_minutes: int = 10


class Tiller(pulumi.ComponentResource):
    """Tiller (type ``rancher-on-pks:helm:Tiller``).

    In mode ``cluster`` it produces a ServiceAccount and a Command that runs ``helm init``; in mode ``local``
    nothing. The options must name the cluster's Kubernetes provider.

    Attributes:
        job: What the jobs of ``components.helm.v2.actions`` have in common.
        kubeconfig: Secret. Known once no rights are left over from a run that was killed.
        ready: Depend on it for a Tiller that answers.
    """

    job: dict[str, Any]
    kubeconfig: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: TillerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__("rancher-on-pks:helm:Tiller", name, None, opts)
        self.job = {"helm": args.helm, "tiller": args.tiller, "mode": args.mode}
        self.kubeconfig = pulumi.Output.secret(args.kubeconfig).apply(self._without_rights)
        self.ready = []
        if args.mode == "cluster":
            self.ready = [self._in_cluster(name, args, opts.deleted_with if opts else None)]
        self.register_outputs({})

    def _in_cluster(
        self, name: str, args: TillerArgs, deleted_with: pulumi.Resource | None
    ) -> pulumi.Resource:
        from components.helm.v2.runner import run  # noqa: PLC0415 - see HelmRelease

        child = pulumi.ResourceOptions(parent=self, deleted_with=deleted_with)
        account = pulumi.CustomResource(
            "kubernetes:core/v1:ServiceAccount",
            f"{name}-account",
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": tiller_rights.ACCOUNT, "namespace": NAMESPACE},
            },
            child,
        )
        return run(
            f"{name}-init",
            job={**self.job, "image": args.image, "timeout_minutes": args.timeout_minutes},
            secrets={"kubeconfig": self.kubeconfig},
            change="init",
            delete="reset",
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=account)),
        )

    async def _without_rights(self, kubeconfig: str) -> str:
        """The kubeconfig, when a run that was killed has left Tiller no rights."""
        if pulumi.runtime.is_dry_run():
            return kubeconfig

        def withdraw() -> list[str]:
            with kube.client(kubeconfig) as kubernetes:
                return tiller_rights.withdraw(kubernetes)

        try:
            for name in await asyncio.to_thread(withdraw):
                pulumi.log.warn(
                    f"removed cluster-admin binding {name} of Tiller, left by a run that was killed", self
                )
        except UnreachableError as error:
            pulumi.log.warn(f"whether Tiller has rights left in the cluster is not known: {error}", self)
        return kubeconfig
