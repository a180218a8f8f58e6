"""Helm charts and releases."""

from components.helm.chart import HelmChart, HelmChartArgs
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.helm.v2.preflight import Helm2Commands
from components.helm.v2.tiller import Tiller, TillerArgs

__all__ = [
    "Helm2Commands",
    "HelmChart",
    "HelmChartArgs",
    "HelmRelease",
    "HelmReleaseArgs",
    "Tiller",
    "TillerArgs",
]
