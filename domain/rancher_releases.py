"""Which Rancher goes with which Kubernetes, and which values its chart knows.

Source: ``kubeVersion`` and values in ``chart/`` of rancher/rancher at every release tag. The charts set no
lower bound; those up to 2.4.12 and of the 2.5 line (except 2.5.5) set no upper one either.
"""

from __future__ import annotations

from domain.versions import Version, minor_satisfies

_NO_BOUND = ""
_BOUNDS = {
    Version(2, 0): _NO_BOUND,
    Version(2, 4, 13): "< 1.20.0-0",
    Version(2, 5): _NO_BOUND,
    Version(2, 5, 5): "< 1.20.0",
    Version(2, 5, 6): _NO_BOUND,
    Version(2, 6): "< 1.22.0-0",
    Version(2, 6, 3): "< 1.23.0-0",
    Version(2, 6, 4): "< 1.24.0-0",
    Version(2, 6, 7): "< 1.25.0-0",
    Version(2, 7, 2): "< 1.26.0-0",
    Version(2, 7, 5): "< 1.27.0-0",
    Version(2, 7, 11): "< 1.28.0-0",
    Version(2, 8, 3): "< 1.29.0-0",
    Version(2, 9): "< 1.31.0-0",
    Version(2, 10): "< 1.32.0-0",
    Version(2, 11): "< 1.33.0-0",
    Version(2, 12): "< 1.34.0-0",
    Version(2, 13): "< 1.35.0-0",
    Version(2, 14): "< 1.36.0-0",
    Version(2, 15): "< 1.37.0-0",
}
"""Chart version to the range of Kubernetes versions that it and the following ones accept."""

_AFTER = Version(2, 16)
"""First version that the table does not know; there the chart's own ``kubeVersion`` decides."""

_BETA_INGRESS_END = Version(1, 22)
"""First Kubernetes version without extensions/v1beta1, which the charts without a bound use."""

_INGRESS_SWITCH = Version(2, 5, 6)
_BOOTSTRAP_PASSWORD = Version(2, 6)


def problem(rancher_version: str, kubernetes_version: str) -> str | None:
    """Why Rancher cannot run on the cluster; None when it can, or when nothing is known against it.

    Args:
        rancher_version: Such as ``2.8.5``.
        kubernetes_version: ``major.minor``.

    Raises:
        ValueError: One of them is no version.
    """
    bound = _bound(_release(rancher_version))
    if not bound or minor_satisfies(kubernetes_version, bound):
        return None
    fitting = [str(line) for line in _lines() if _accepts(line, kubernetes_version)]
    remedy = f"choose one of the lines {', '.join(fitting)}" if fitting else "choose another version"
    return f"Rancher {rancher_version} is for Kubernetes {bound}, not {kubernetes_version}; {remedy}"


def doubt(rancher_version: str, kubernetes_version: str) -> str | None:
    """Why Rancher will hardly run on the cluster although its chart does not say so; else None."""
    old = not _bound(_release(rancher_version)) and _release(rancher_version) < _INGRESS_SWITCH
    if not old or Version.parse(kubernetes_version) < _BETA_INGRESS_END:
        return None
    return (
        f"Rancher {rancher_version} is of the time before Kubernetes {_BETA_INGRESS_END.major}."
        f"{_BETA_INGRESS_END.minor}, which does not know its chart's Ingress any more"
    )


def has_ingress_switch(rancher_version: str) -> bool:
    """Whether ``ingress.enabled=false`` keeps the chart from making its own Ingress."""
    return _release(rancher_version) >= _INGRESS_SWITCH


def has_bootstrap_password(rancher_version: str) -> bool:
    """Whether the chart knows ``bootstrapPassword``; before, the first login is admin/admin."""
    return _release(rancher_version) >= _BOOTSTRAP_PASSWORD


def _release(text: str) -> Version:
    """The version without its pre-release: a candidate's chart is like the release's."""
    version = Version.parse(text)
    return Version(version.major, version.minor, version.patch)


def _bound(version: Version) -> str:
    if version >= _AFTER:
        return _NO_BOUND
    return next((_BOUNDS[first] for first in sorted(_BOUNDS, reverse=True) if first <= version), _NO_BOUND)


def _lines() -> list[str]:
    """``2.6``, ``2.7``, ...: lines with a bound."""
    return list(dict.fromkeys(f"{first.major}.{first.minor}" for first in _BOUNDS if first >= Version(2, 6)))


def _accepts(line: str, kubernetes_version: str) -> bool:
    """Whether the last version of the line accepts the cluster."""
    first = Version.parse(line)
    return minor_satisfies(kubernetes_version, _bound(Version(first.major, first.minor, 999)))
