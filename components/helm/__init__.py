"""Helm charts and releases."""

from components.helm.chart import HelmChart, HelmChartArgs
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.helm.tiller import Tiller, TillerArgs

__all__ = ["HelmChart", "HelmChartArgs", "HelmRelease", "HelmReleaseArgs", "Tiller", "TillerArgs"]
