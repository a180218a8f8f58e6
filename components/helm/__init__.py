"""Helm charts, releases, and the engine that installs them."""

from components.helm.chart import HelmChart, HelmChartArgs
from components.helm.engine import HelmEngine
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.helm.v3 import Helm3

__all__ = ["Helm3", "HelmChart", "HelmChartArgs", "HelmEngine", "HelmRelease", "HelmReleaseArgs"]
