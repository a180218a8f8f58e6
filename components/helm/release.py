"""``HelmRelease``: a chart installed in the cluster, kept so, and waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm import v3
from components.helm.chart import HelmChart
from components.helm.content import Content
from components.helm.rollout import Rollout
from components.helm.v2.tiller import Tiller


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
        tiller: Helm v2 installs it through this Tiller; None: Helm 3 does.
    """

    chart: HelmChart
    release: str
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    values: Mapping[str, Any]
    timeout_minutes: int
    tiller: Tiller | None = None


class HelmRelease(pulumi.ComponentResource):
    """A Helm release (type ``rancher-on-pks:helm:HelmRelease``).

    Produces a ``kubernetes:helm.sh/v3:Release`` (Helm 3) or a ``command:local:Command`` (Helm v2) that does
    not wait, and a Rollout that does. The component's options must name the cluster's Kubernetes provider;
    their ``deleted_with`` holds for the children too. A stack moves from Helm v2 to Helm 3 by leaving
    ``tiller`` out: what runs stays.

    Attributes:
        revision: Another one after each change of the release, with Helm 3 its number; unknown at the preview
            of a change.
        installed: The release, with objects that may not be ready yet.
        ready: Depend on it for a release that is.
    """

    revision: pulumi.Output[Any]
    installed: pulumi.Resource
    ready: pulumi.Resource

    def __init__(self, name: str, args: HelmReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the release."""
        super().__init__("rancher-on-pks:helm:HelmRelease", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        content = Content(args.chart, args.release, args.namespace, args.values)
        if args.tiller:
            from components.helm.v2 import release as v2  # noqa: PLC0415 - pulumi_command costs 0.4 s, and most need none

            self.installed, self.revision = v2.install(
                f"{name}-release", content, args.tiller, args.timeout_minutes, child
            )
        else:
            self.installed, self.revision = v3.install(f"{name}-release", content, args.kubeconfig, child)
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
