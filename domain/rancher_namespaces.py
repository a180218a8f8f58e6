"""Namespaces that Rancher creates in its own cluster, by release line, each with its source.

2.15 was measured (community edition, Fleet 0.16.0, webhook 0.11.0) without the chart of Turtles, which is on
by default and adds two. The rest is read from rancher/rancher, rancher/fleet and rancher/turtles at the
release tags. ``cattle-tokens`` is counted from the start, although 2.15 creates it with the first ext token.
Not counted: the three namespaces of Prime.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.versions import Version


@dataclass(frozen=True, kw_only=True)
class Namespaces:
    """What a release line creates.

    Attributes:
        since: First version of the line.
        names: Namespaces of Rancher itself, ``cattle-system`` and the two projects of ``local`` included.
        registered: More for each imported cluster that is registered: its own and its two projects.
        connected: More once its agent has connected (Fleet's).
        evidence: Where the numbers are from.
    """

    since: Version
    names: tuple[str, ...]
    registered: int = 3
    connected: int = 1
    evidence: str

    @property
    def fixed(self) -> int:
        """How many Rancher creates for itself."""
        return len(self.names)


NO_RANCHER = Namespaces(since=Version(0, 0), names=(), registered=0, connected=0, evidence="")
"""Of a cluster without Rancher."""

# Its own and that of cluster `local`, with the projects Default and System of that cluster:
# rancher/rancher pkg/controllers/management/auth/project_cluster_handler.go, app/global_namespace.go.
_CORE = ("cattle-system", "cattle-global-data", "local", "p-default", "p-system")
_NODE_TEMPLATES = "cattle-global-nt"
_FLEET_LOCAL = "cluster-fleet-local-local-1a3d67d0a899"
# rancher/fleet controllers/resources/data.go, rancher/rancher pkg/fleet/const.go
_FLEET = (
    *("fleet-default", "fleet-local", "cattle-fleet-system", "cattle-fleet-clusters-system"),
    *("cattle-fleet-local-system", _FLEET_LOCAL),
)
_IMPERSONATION = "cattle-impersonation-system"
_SINCE_2_6 = (*_CORE, _NODE_TEMPLATES, *_FLEET, _IMPERSONATION)
_SINCE_2_7_18 = (*_SINCE_2_6, "cattle-provisioning-capi-system")
_SINCE_2_11 = (*_SINCE_2_7_18, "cattle-ui-plugin-system")
# Of the token store for ext.cattle.io: pkg/ext/stores/tokens of v2.12.1.
_EXT_TOKENS = "cattle-tokens"
# Of the chart rancher-turtles, which the feature "turtles" installs by default.
_TURTLES = ("cattle-turtles-system", "cattle-capi-system")
_MEASURED = (*_CORE, *_FLEET, _IMPERSONATION, "cattle-ui-plugin-system", "cattle-local-user-passwords")

LINES = (
    Namespaces(
        since=Version(2, 2),
        names=_CORE,
        connected=0,
        evidence="source of v2.2.8: app/global_namespace.go, project_cluster_handler.go",
    ),
    Namespaces(
        since=Version(2, 4),
        names=(*_CORE, _NODE_TEMPLATES),
        connected=0,
        evidence="source of v2.4.18: global_namespace.go",
    ),
    Namespaces(
        since=Version(2, 5),
        names=(
            *(
                *_CORE,
                _NODE_TEMPLATES,
                "fleet-system",
                "fleet-clusters-system",
                "fleet-default",
                "fleet-local",
            ),
            *(_FLEET_LOCAL, "rancher-operator-system"),
        ),
        evidence="source of v2.5: pkg/controllers/dashboard/fleetcharts, systemcharts",
    ),
    Namespaces(
        since=Version(2, 6),
        names=_SINCE_2_6,
        evidence="source of v2.6: pkg/fleet/const.go, pkg/impersonation/impersonation.go",
    ),
    Namespaces(
        since=Version(2, 7, 18),
        names=_SINCE_2_7_18,
        evidence="source of v2.7.18 and v2.8.0: systemcharts, features",
    ),
    Namespaces(
        since=Version(2, 11),
        names=_SINCE_2_11,
        evidence="source of v2.11.3: data/dashboard/namespace.go",
    ),
    Namespaces(
        since=Version(2, 12, 1),
        names=(*_SINCE_2_11, _EXT_TOKENS),
        evidence="source of v2.12.1: pkg/ext/stores/tokens",
    ),
    Namespaces(
        since=Version(2, 13),
        names=(*_MEASURED, _EXT_TOKENS, *_TURTLES),
        evidence="source of v2.13.0: pkg/rancher/rancher.go, pkg/ext/stores/tokens, systemcharts, features; "
        "measured on v2.15.0, but for cattle-tokens and Turtles",
    ),
)
"""The known lines; a version between two of them counts as the older."""

_UNKNOWN_FROM = Version(2, 16)
"""First line that the table does not know."""


def namespaces_of(version: Version) -> Namespaces:
    """What a version of Rancher creates.

    Raises:
        ValueError: It is older than 2.2, or newer than the table.
    """
    known = [line for line in LINES if line.since <= version]
    if not known or version >= _UNKNOWN_FROM:
        raise ValueError(
            f"the namespaces of Rancher {version.major}.{version.minor}.{version.patch} are unknown (known: "
            f"2.2 to 2.{_UNKNOWN_FROM.minor - 1}). Import a cluster into a Rancher of that version, and "
            "`python -m capacity measure --kubeconfig FILE` prints the line to add to "
            "domain/rancher_namespaces.py"
        )
    return known[-1]
