"""What a Rancher stores in its own cluster besides namespaces: role bindings and objects in etcd.

Measured on Rancher 2.15.0 (community edition, webhook 0.11.0, neither Fleet nor agents, Kubernetes 1.36.3)
with ten registered clusters, five users and five projects; other releases are taken to be like it. The
figures are averages. The keys of users and members are derived: their bindings, and the objects of Rancher
that lead to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one thing takes, or several together.

    Attributes:
        role_bindings: Objects of the kind RoleBinding.
        cluster_role_bindings: Objects of the kind ClusterRoleBinding.
        keys: Keys in etcd, those of its namespaces and bindings included.
    """

    role_bindings: Fraction
    cluster_role_bindings: Fraction
    keys: Fraction

    @property
    def etcd_mb(self) -> Fraction:
        """MB of etcd's file, before compaction."""
        return self.keys * _MB_PER_KEY


def _cost(role_bindings: str, cluster_role_bindings: str, keys: str) -> Cost:
    return Cost(
        role_bindings=Fraction(role_bindings),
        cluster_role_bindings=Fraction(cluster_role_bindings),
        keys=Fraction(keys),
    )


CLUSTER = _cost("12.8", "2", "52")
"""A registered cluster with its projects Default and System."""
PROJECT = _cost("5.2", "0", "15")
"""A further project."""
USER = _cost("2", "2", "6")
"""A user with a global role."""
CLUSTER_MEMBER = _cost("2", "1", "4")
"""A membership in a cluster."""
PROJECT_MEMBER = _cost("4", "0", "5")
"""A membership in a project."""
ROLE_BINDINGS_AT_START, CLUSTER_ROLE_BINDINGS_AT_START = 11, 58
"""Those of Kubernetes and of a Rancher that has no imported cluster."""
_MB_PER_KEY = Fraction("0.33") / CLUSTER.keys
"""etcd's file grows by 0.33 MB for a registered cluster."""

MOST_OF_ONE_KIND = 60_000
"""Objects of one kind above which SUSE reports trouble: rancher-docs
``tuning-and-best-practices-for-rancher-at-scale``."""
DEFAULT_ETCD_MB, MOST_ETCD_MB = 2048, 8192
"""etcd's ``quota-backend-bytes``, by default and at most: rancher-docs ``tune-etcd-for-large-installs``."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a Rancher has.

    Attributes:
        clusters: Imported clusters.
        projects: Projects besides Default and System of each cluster.
        users: Users besides the administrator of the first start.
        cluster_members: Memberships in clusters, of all users and groups together.
        project_members: Memberships in projects, of all users and groups together.
    """

    clusters: int = 0
    projects: int = 0
    users: int = 0
    cluster_members: int = 0
    project_members: int = 0

    @property
    def cost(self) -> Cost:
        """What all of it takes, beyond what is there at the start."""
        return Cost(
            role_bindings=self.total(lambda cost: cost.role_bindings),
            cluster_role_bindings=self.total(lambda cost: cost.cluster_role_bindings),
            keys=self.total(lambda cost: cost.keys),
        )

    def total(self, amount: Callable[[Cost], Fraction]) -> Fraction:
        """What all of it takes of one thing, beyond what is there at the start."""
        counted = (
            (self.clusters, CLUSTER),
            (self.projects, PROJECT),
            (self.users, USER),
            (self.cluster_members, CLUSTER_MEMBER),
            (self.project_members, PROJECT_MEMBER),
        )
        return sum((count * amount(cost) for count, cost in counted if count), Fraction(0))


def documented_minimum(
    *, clusters: int, users: int, cluster_members: int, projects: int, project_members: int
) -> int:
    """The least number of role bindings by rancher-docs: ``32 C + U + 2 Ua C + 8 P + 5 Pa``.

    Those in the imported clusters are among them, so Rancher's own cluster has fewer.

    Args:
        clusters: C, ``local`` included.
        users: U.
        cluster_members: Ua, members of a cluster on average.
        projects: P, with Default and System of each cluster.
        project_members: Pa, members of a project on average.
    """
    return 32 * clusters + users + 2 * cluster_members * clusters + 8 * projects + 5 * project_members
