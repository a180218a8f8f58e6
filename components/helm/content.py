"""What both Helm engines install."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.helm.chart import HelmChart


@dataclass(frozen=True)
class Content:
    """A chart with its values, under a name, in a namespace that exists."""

    chart: HelmChart
    release: str
    namespace: pulumi.Input[str]
    values: Mapping[str, Any]
