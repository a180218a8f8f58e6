"""``HelmRelease``: a chart installed in the cluster, kept so, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import kube
from components.helm import records
from components.helm.chart import HelmChart
from components.helm.rollout import Rollout

_HISTORY = 10
"""Revisions that Helm keeps (its CLI's default; the plugin's is all of them, each a Secret in etcd)."""


@dataclass(frozen=True, kw_only=True)
class HelmReleaseArgs:
    """What is installed.

    Attributes:
        chart: The chart; looked up before.
        release: Name of the release.
        namespace: Namespace that exists; none is made on the side.
        kubeconfig: Secret; for what the Kubernetes provider does not do (recovery, waiting).
        values: The chart's values.
        timeout_minutes: Longest time until all that the chart installs is ready.
    """

    chart: HelmChart
    release: str
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    values: Mapping[str, Any]
    timeout_minutes: int


class HelmRelease(pulumi.ComponentResource):
    """A Helm release (type ``rancher-on-pks:helm:HelmRelease``).

    Produces a ``kubernetes:helm.sh/v3:Release`` that does not wait, and a Rollout that does. The component's
    options must name the cluster's Kubernetes provider; their ``deleted_with`` holds for the children too.

    Attributes:
        revision: Number of the release's revision; unknown at the preview of a change.
        installed: The release, with objects that may not be ready yet.
        ready: Depend on it for a release that is.
    """

    revision: pulumi.Output[int]
    installed: pulumi.Resource
    ready: pulumi.Resource

    def __init__(self, name: str, args: HelmReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the release."""
        super().__init__("rancher-on-pks:helm:HelmRelease", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        release = _Release(
            f"{name}-release",
            {
                "chart": args.chart.locator,
                "version": args.chart.version,
                "repositoryOpts": args.chart.repository_options,
                "name": args.release,
                "namespace": args.namespace,
                "values": args.values,
                "skipAwait": True,
                "createNamespace": False,
                "maxHistory": _HISTORY,
            },
            pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(hooks=_recovery(args), delete_before_replace=True)
            ),
        )
        self.installed = release
        self.revision = release.status.apply(lambda status: int(status["revision"]))
        self.ready = Rollout(
            f"{name}-rollout",
            release=args.release,
            namespace=args.namespace,
            revision=self.revision,
            kubeconfig=args.kubeconfig,
            timeout_minutes=args.timeout_minutes,
            opts=child,
        )
        self.register_outputs({"revision": self.revision})


class _Release(pulumi.CustomResource):
    """The plugin's Helm release. Its typed class in the SDK adds nothing but 0.1 s of import."""

    status: pulumi.Output[Mapping[str, Any]]
    """What Helm says: ``revision``, ``status``, ``appVersion`` and more."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("kubernetes:helm.sh/v3:Release", name, {**inputs, "status": None}, opts)


def _recovery(args: HelmReleaseArgs) -> pulumi.ResourceHookBinding | None:
    """Hooks that run in this program right before the engine changes the release, and at no other time.

    None at preview, when no hook would run: just to offer them costs 60 ms.
    """
    if pulumi.runtime.is_dry_run():
        return None
    kubeconfig = pulumi.Output.secret(args.kubeconfig)
    namespace = pulumi.Output.from_input(args.namespace)
    chart = args.chart.chart_name

    async def run(act: Callable[[kube.Kubernetes, str, str], list[str]]) -> None:
        text, where, name = [str(await value.future()) for value in (kubeconfig, namespace, chart)]

        def acted() -> list[str]:
            with kube.client(text) as kubernetes:
                return act(kubernetes, where, name)

        for line in await asyncio.to_thread(acted):
            pulumi.log.info(f"Helm recovery: {line}")

    async def before_create(_args: pulumi.ResourceHookArgs) -> None:
        await run(lambda api, where, name: records.prepare_create(api, where, args.release, name))

    async def before_update(_args: pulumi.ResourceHookArgs) -> None:
        await run(lambda api, where, _name: records.prepare_update(api, where, args.release))

    return pulumi.ResourceHookBinding(before_create=[before_create], before_update=[before_update])
