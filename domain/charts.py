"""Whether a chart suits the Helm engine and the cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from domain import versions
from domain.finding import Finding


def findings(
    chart: str, api_version: str, constraint: str, *, supported: Collection[str], kubernetes: str
) -> Iterator[Finding]:
    """Why it does not. The keys are ``version``, ``api_versions`` and ``kubernetes_version``.

    Args:
        chart: Name and version, for messages.
        api_version: The chart's ``apiVersion``; empty in very old charts.
        constraint: Its ``kubeVersion``; empty: any.
        supported: Values of ``apiVersion`` that the Helm engine supports.
        kubernetes: ``major.minor`` of the cluster.
    """
    if api_version and api_version not in supported:
        yield Finding(
            "version,api_versions",
            f"chart {chart} has apiVersion {api_version}, which this version of Helm does not support",
            f"Choose a version of the chart with apiVersion {' or '.join(supported)}",
        )
    try:
        fits = not constraint or versions.minor_satisfies(kubernetes, constraint)
    except ValueError as error:
        problem = f"chart {chart} has an invalid kubeVersion: {error}"
        yield Finding("version", problem, "Choose another version")
        return
    if not fits:
        yield Finding(
            "version,kubernetes_version",
            f"chart {chart} requires Kubernetes {constraint}, but the cluster has {kubernetes}",
            "Choose another version of the chart",
        )
