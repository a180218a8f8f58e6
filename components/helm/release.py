"""``HelmRelease``: a chart installed in the cluster, with workloads that are ready."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm.engine import HelmEngine, ReleaseSpec
from components.helm.rollout import Rollout


@dataclass(frozen=True, kw_only=True)
class HelmReleaseArgs(ReleaseSpec):
    """Arguments of :class:`HelmRelease`; the namespace exists, and the release creates none.

    Attributes:
        engine: Installs the release.
        kubeconfig: Secret; for the rollout.
    """

    engine: HelmEngine
    kubeconfig: pulumi.Input[str] = field(repr=False)


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
        self.installed, self.revision = args.engine.install(f"{name}-release", args, child)
        self.ready = Rollout(f"{name}-rollout", args, self.revision, args.kubeconfig, child)
        self.register_outputs({"revision": self.revision})
