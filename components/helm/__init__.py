"""Helm charts and releases."""

from components.helm.chart import HelmChart, HelmChartArgs
from components.helm.release import HelmRelease, HelmReleaseArgs

__all__ = ["HelmChart", "HelmChartArgs", "HelmRelease", "HelmReleaseArgs"]
