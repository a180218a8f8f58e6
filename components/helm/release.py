"""``HelmRelease``: a chart installed in the cluster, with workloads that are ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm.chart import HelmChart
from components.helm.engine import HelmEngine, ReleaseSpec
from components.helm.rollout import Rollout


@dataclass(frozen=True, kw_only=True)
class HelmReleaseArgs:
    """Arguments of :class:`HelmRelease`.

    Attributes:
        engine: Installs the release.
        chart: The chart.
        release: Name of the release.
        namespace: Namespace that exists; the release creates none.
        kubeconfig: Secret; for the rollout.
        values: The chart's values.
        timeout_minutes: Deadline for the workloads to become ready.
    """

    engine: HelmEngine
    chart: HelmChart
    release: str
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    values: Mapping[str, Any]
    timeout_minutes: int


class HelmRelease(pulumi.ComponentResource):
    """A Helm release (type ``rancher-on-pks:helm:HelmRelease``).

    Produces the engine's resource, which does not wait, and a Rollout, which does. The options must name the
    cluster's Kubernetes provider; their ``deleted_with`` applies to the children too.

    Attributes:
        revision: Changes with each revision of the release; unknown when a preview shows a change.
        installed: The release; its workloads may not be ready.
        ready: The release with ready workloads.
    """

    revision: pulumi.Output[Any]
    installed: pulumi.Resource
    ready: pulumi.Resource

    def __init__(self, name: str, args: HelmReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the release."""
        super().__init__("rancher-on-pks:helm:HelmRelease", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        spec = ReleaseSpec(
            chart=args.chart,
            release=args.release,
            namespace=args.namespace,
            values=args.values,
            timeout_minutes=args.timeout_minutes,
        )
        self.installed, self.revision = args.engine.install(f"{name}-release", spec, child)
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
