"""Releases by Helm 3, through the Kubernetes plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.helm import records
from components.helm.content import Content
from components.helm.v2 import migration
from components.kubernetes import api as kube

_HISTORY = 10
"""Revisions that Helm keeps (its CLI's default; the plugin's is all of them, each a Secret in etcd)."""


def install(
    name: str, content: Content, kubeconfig: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> tuple[pulumi.CustomResource, pulumi.Output[int]]:
    """Declare the release; also returns the number of its revision."""
    resource = _Release(
        name,
        {
            "chart": content.chart.locator,
            "version": content.chart.version,
            "repositoryOpts": content.chart.repository_options,
            "name": content.release,
            "namespace": content.namespace,
            "values": content.values,
            "skipAwait": True,
            "createNamespace": False,
            "maxHistory": _HISTORY,
        },
        pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(hooks=_recovery(content, kubeconfig), delete_before_replace=True),
        ),
    )
    return resource, resource.status.apply(lambda status: int(status["revision"]))


class _Release(pulumi.CustomResource):
    """The plugin's Helm release. Its typed class in the SDK adds nothing but 0.1 s of import."""

    status: pulumi.Output[Mapping[str, Any]]
    """What Helm says: ``revision``, ``status``, ``appVersion`` and more."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("kubernetes:helm.sh/v3:Release", name, {**inputs, "status": None}, opts)


def _recovery(content: Content, kubeconfig: pulumi.Input[str]) -> pulumi.ResourceHookBinding | None:
    """Hooks that run in this program right before and after the engine changes the release, and only then.

    None at preview, when no hook would run: just to offer them costs 60 ms.
    """
    if pulumi.runtime.is_dry_run():
        return None
    secret = pulumi.Output.secret(kubeconfig)
    namespace = pulumi.Output.from_input(content.namespace)
    chart, release = content.chart, content.release

    async def run(act: Callable[[kube.Kubernetes, str, str], list[str]]) -> None:
        text, where, own = [str(await value.future()) for value in (secret, namespace, chart.chart_name)]

        def acted() -> list[str]:
            with kube.client(text) as kubernetes:
                return act(kubernetes, where, own)

        for line in await asyncio.to_thread(acted):
            pulumi.log.info(f"Helm recovery: {line}")

    async def before_create(_args: pulumi.ResourceHookArgs) -> None:
        await run(lambda api, where, own: records.prepare_create(api, where, release, own))
        await run(lambda api, where, own: migration.adopt(api, where, release, own, chart.args.version))

    async def after_create(_args: pulumi.ResourceHookArgs) -> None:
        await run(lambda api, _where, _own: migration.forget(api, release))

    async def before_update(_args: pulumi.ResourceHookArgs) -> None:
        await run(lambda api, where, _own: records.prepare_update(api, where, release))

    return pulumi.ResourceHookBinding(
        before_create=[before_create], after_create=[after_create], before_update=[before_update]
    )
