"""``Helm3``: installs releases with Helm 3, through the Kubernetes plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pulumi

from components.helm import history
from components.helm.engine import HelmEngine, ReleaseSpec
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes

_HISTORY = 10
"""Revisions that Helm keeps (the default of its CLI; the plugin keeps all, each a Secret in etcd)."""


class Predecessor(Protocol):
    """What managed a release before Helm 3."""

    def hand_over(
        self, kubernetes: Kubernetes, namespace: str, release: str, chart: str, version: str
    ) -> list[str]:
        """Prepares the objects of a release for Helm 3; returns a log of what it did."""

    def forget(self, kubernetes: Kubernetes, release: str) -> list[str]:
        """Removes its record of a release that Helm 3 manages now; returns a log of what it did."""


class Helm3(HelmEngine):
    """Helm 3, in the Kubernetes plugin.

    Resource hooks repair the history of a release before the engine changes it.
    """

    def __init__(self, kubeconfig: pulumi.Input[str], predecessors: Sequence[Predecessor] = ()) -> None:
        """Make the engine.

        Args:
            kubeconfig: Secret.
            predecessors: What may have managed the releases before.
        """
        self._kubeconfig = pulumi.Output.secret(kubeconfig)
        self._predecessors = predecessors

    def install(
        self, name: str, spec: ReleaseSpec, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.CustomResource, pulumi.Output[Any]]:
        resource = _Release(
            name,
            {
                "chart": spec.chart.locator,
                "version": spec.chart.version,
                "repositoryOpts": spec.chart.repository_options,
                "name": spec.release,
                "namespace": spec.namespace,
                "values": spec.values,
                "skipAwait": True,
                "createNamespace": False,
                "maxHistory": _HISTORY,
            },
            pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(hooks=self._hooks(spec), delete_before_replace=True)
            ),
        )
        return resource, resource.status.apply(lambda status: int(status["revision"]))

    def _hooks(self, spec: ReleaseSpec) -> pulumi.ResourceHookBinding | None:
        """Hooks that run in this program right before and after the engine changes the release.

        None at preview, which runs no hooks: registering them costs 60 ms.
        """
        if pulumi.runtime.is_dry_run():
            return None
        release, version, predecessors = spec.release, spec.chart.version, self._predecessors
        namespace = pulumi.Output.from_input(spec.namespace)

        async def run(act: Callable[[Kubernetes, str, str], list[str]]) -> None:
            kubeconfig, where = [str(await value.future()) for value in (self._kubeconfig, namespace)]

            def acted() -> list[str]:
                with kube.client(kubeconfig) as kubernetes:
                    return act(kubernetes, where, spec.chart.name)

            for line in await asyncio.to_thread(acted):
                pulumi.log.info(f"Helm recovery: {line}")

        async def before_create(_args: pulumi.ResourceHookArgs) -> None:
            def prepare(api: Kubernetes, where: str, chart: str) -> list[str]:
                lines = history.prepare_create(api, where, release, chart)
                for item in predecessors:
                    lines += item.hand_over(api, where, release, chart, version)
                return lines

            await run(prepare)

        async def after_create(_args: pulumi.ResourceHookArgs) -> None:
            await run(
                lambda api, _w, _c: [line for item in predecessors for line in item.forget(api, release)]
            )

        async def before_update(_args: pulumi.ResourceHookArgs) -> None:
            await run(lambda api, where, _chart: history.prepare_update(api, where, release))

        return pulumi.ResourceHookBinding(
            before_create=[before_create], after_create=[after_create], before_update=[before_update]
        )


class _Release(pulumi.CustomResource):
    """The plugin's Helm release. The typed class of the SDK adds nothing but 0.1 s of import."""

    status: pulumi.Output[Mapping[str, Any]]
    """As reported by Helm: ``revision``, ``status``, ``appVersion`` and more."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("kubernetes:helm.sh/v3:Release", name, {**inputs, "status": None}, opts)
