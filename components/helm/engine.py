"""``HelmEngine``: the strategy that installs releases. The program chooses one for a stack."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.helm.chart import HelmChart


@dataclass(frozen=True, kw_only=True)
class ReleaseSpec:
    """What an engine installs.

    Attributes:
        chart: The chart.
        release: Name of the release.
        namespace: Namespace that exists.
        values: The chart's values.
        timeout_minutes: Deadline of a change, and of its rollout.
    """

    chart: HelmChart
    release: str
    namespace: pulumi.Input[str]
    values: Mapping[str, Any]
    timeout_minutes: int


class HelmEngine(ABC):
    """A version of Helm."""

    @abstractmethod
    def install(
        self, name: str, spec: ReleaseSpec, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.CustomResource, pulumi.Output[Any]]:
        """Declares a release that does not wait for its workloads.

        Args:
            name: Name of the resource in the stack.
            spec: What to install.
            opts: Options; their parent has the cluster's Kubernetes provider.

        Returns:
            The resource, and a value that changes with each revision of the release, whichever engine
            installs it.
        """
