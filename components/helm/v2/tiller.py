"""``Tiller``: the server component of Helm v2."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm.v2 import permissions
from components.helm.v2.runner import run
from components.helm.v2.task import TillerMode
from components.kubernetes import api as kube
from components.kubernetes.api import UnreachableError
from domain.helm_v2 import ACCOUNT, NAMESPACE


@dataclass(frozen=True, kw_only=True)
class TillerArgs:
    """Arguments of :class:`Tiller`.

    Attributes:
        kubeconfig: Secret.
        mode: Where Tiller runs. In the cluster it is cluster-admin only while a release changes; on this
            machine it uses the kubeconfig, and nothing privileged is in the cluster.
        helm: Helm's CLI, a command or path.
        tiller: Tiller's binary, a command or path; for mode ``local``.
        image: Tiller's image for mode ``cluster``; empty: the CLI's default.
        pull_secrets: ``imagePullSecrets`` of its ServiceAccount, for mode ``cluster``.
        timeout_minutes: Deadline for Tiller to answer.
    """

    kubeconfig: pulumi.Input[str] = field(repr=False)
    mode: TillerMode = "cluster"
    helm: str = "helm2"
    tiller: str = "tiller"
    image: str = ""
    pull_secrets: Sequence[Mapping[str, pulumi.Input[str]]] = ()
    timeout_minutes: int = 10


class Tiller(pulumi.ComponentResource):
    """Tiller (type ``rancher-on-pks:helm:Tiller``).

    In mode ``cluster`` it produces a ServiceAccount and a Command that runs ``helm init``; in mode ``local``
    nothing. The options must name the cluster's Kubernetes provider.

    Attributes:
        task: The fields of ``HelmTask`` that all tasks share.
        kubeconfig: Secret; known once permissions that a killed run left behind are revoked.
        ready: A Tiller that answers.
    """

    task: dict[str, Any]
    kubeconfig: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: TillerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__("rancher-on-pks:helm:Tiller", name, None, opts)
        self.task = {"helm": args.helm, "tiller": args.tiller, "mode": args.mode}
        self.kubeconfig = pulumi.Output.secret(args.kubeconfig).apply(self._after_cleanup)
        self.ready = []
        if args.mode == "cluster":
            self.ready = [self._in_cluster(name, args, opts.deleted_with if opts else None)]
        self.register_outputs({})

    def _in_cluster(
        self, name: str, args: TillerArgs, deleted_with: pulumi.Resource | None
    ) -> pulumi.Resource:
        child = pulumi.ResourceOptions(parent=self, deleted_with=deleted_with)
        account = pulumi.CustomResource(
            "kubernetes:core/v1:ServiceAccount",
            f"{name}-account",
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": ACCOUNT, "namespace": NAMESPACE},
                **({"imagePullSecrets": args.pull_secrets} if args.pull_secrets else {}),
            },
            child,
        )
        return run(
            f"{name}-init",
            task={**self.task, "image": args.image, "timeout_minutes": args.timeout_minutes},
            credentials={"kubeconfig": self.kubeconfig},
            change="init",
            delete="reset",
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=account)),
        )

    async def _after_cleanup(self, kubeconfig: str) -> str:
        """The kubeconfig, after permissions that a killed run left behind are revoked."""
        if pulumi.runtime.is_dry_run():
            return kubeconfig

        def revoke() -> list[str]:
            with kube.client(kubeconfig) as kubernetes:
                return permissions.revoke_all(kubernetes)

        try:
            for name in await asyncio.to_thread(revoke):
                pulumi.log.warn(f"deleted ClusterRoleBinding {name} of Tiller, left by a killed run", self)
        except UnreachableError as error:
            pulumi.log.warn(f"whether Tiller still has permissions in the cluster is unknown: {error}", self)
        return kubeconfig
