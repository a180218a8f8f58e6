"""Namespaces that Rancher creates in the cluster it runs on, by version.

Sources: v2.15.0 was measured (community edition with Fleet 0.16.0 and webhook 0.11.0 on Kubernetes 1.36.3)
without its default chart of Turtles, which adds two. It creates ``cattle-tokens`` with the first ext token;
here it exists from the start. Older versions follow the source code of rancher/rancher and rancher/fleet at
the release tags: ``app/global_namespace.go``, ``pkg/data/management/global_namespace.go``,
``pkg/controllers/dashboard/fleetcharts``, ``pkg/data/dashboard/namespace.go``,
``pkg/impersonation/impersonation.go`` and ``pkg/fleet/const.go``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lab.rancher import identity
from lab.rancher.release import Release

NAMESPACE = "cattle-system"
"""Namespace in which the operator installs Rancher."""
SYSTEM_ANNOTATION = "management.cattle.io/system-namespace"
"""Set to "true" on the namespace of a cluster and of a project."""

_FLEET_LOCAL = f"cluster-fleet-local-local-{hashlib.sha256(b'fleet-local::local').hexdigest()[:12]}"
PROJECTS = ("Default", "System")
"""Projects created in each cluster."""


@dataclass(frozen=True)
class _Release:
    """A release line: the namespaces created on the first start, and once ``server-url`` is set."""

    since: tuple[int, int, int]
    start: tuple[str, ...]
    server_url: tuple[str, ...] = ()


_FLEET_IMPORT = ("cattle-fleet-local-system", _FLEET_LOCAL)
_FLEET = ("cattle-fleet-system", "cattle-fleet-clusters-system", "fleet-default", "fleet-local")
_SINCE_2_6 = ("cattle-global-data", "cattle-global-nt", "cattle-impersonation-system", *_FLEET)
_SINCE_2_7 = (*_SINCE_2_6, "cattle-provisioning-capi-system")
_SINCE_2_11 = (*_SINCE_2_7, "cattle-ui-plugin-system")
_RELEASES = (
    _Release((2, 2, 0), ("cattle-global-data",)),
    _Release((2, 4, 0), ("cattle-global-data", "cattle-global-nt")),
    _Release(
        (2, 5, 0),
        (
            "cattle-global-data",
            "cattle-global-nt",
            "fleet-system",
            "fleet-clusters-system",
            "fleet-default",
            "fleet-local",
            "rancher-operator-system",
        ),
        (_FLEET_LOCAL,),
    ),
    _Release((2, 6, 0), _SINCE_2_6, _FLEET_IMPORT),
    _Release((2, 7, 18), _SINCE_2_7, _FLEET_IMPORT),
    _Release((2, 11, 0), _SINCE_2_11, _FLEET_IMPORT),
    _Release((2, 12, 1), (*_SINCE_2_11, "cattle-tokens"), _FLEET_IMPORT),
    _Release(
        (2, 13, 0),
        (
            "cattle-global-data",
            "cattle-impersonation-system",
            "cattle-local-user-passwords",
            "cattle-tokens",
            "cattle-turtles-system",
            "cattle-capi-system",
            "cattle-ui-plugin-system",
            *_FLEET,
        ),
        _FLEET_IMPORT,
    ),
)


@dataclass(frozen=True)
class Namespace:
    """A namespace to create; ``system`` if it belongs to a cluster or a project."""

    name: str
    system: bool = False

    @property
    def manifest(self) -> dict[str, object]:
        """Returns the object to create."""
        annotations = {SYSTEM_ANNOTATION: "true"} if self.system else {}
        return {"metadata": {"name": self.name, "annotations": annotations}}


def created(version: str, seed: str, *, server_url: bool) -> Sequence[Namespace]:
    """Returns the namespaces that Rancher ``version`` has created, in order, besides cattle-system.

    Args:
        version: Such as ``v2.15.0``; a version between two known releases is treated as the older.
        seed: Identity of the cluster. Project namespaces have random names; derived from the seed, they stay
            the same after a restart of the simulator.
        server_url: Whether the setting ``server-url`` has a value, after which Fleet imports ``local``.

    Raises:
        ValueError: The version is not Rancher 2.2 or later.
    """
    release = _release(version)
    projects = [Namespace(name, system=True) for name in local_projects(seed).values()]
    plain = [*release.start, *(release.server_url if server_url else ())]
    return [Namespace("local", system=True), *projects, *map(Namespace, plain)]


def local_projects(seed: str) -> dict[str, str]:
    """Returns the projects of ``local`` and their namespaces."""
    return {project: identity.derived("p", f"{seed}/{project}") for project in PROJECTS}


def _release(version: str) -> _Release:
    wanted = Release(version).numbers
    known = [release for release in _RELEASES if release.since <= wanted]
    if not known:
        raise ValueError(f"Rancher version {version!r} is not 2.2.0 or later")
    return known[-1]
