"""The vSphere clusters that the config names: which ones they are, and whether the VMs run in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from domain.finding import Finding
from domain.placement import ROLES
from domain.vsphere import ComputeCluster, config_list, find, label, labels

_KEY = "compute_clusters"
"""The property of the resources that have the names."""


def unusable_names(names: Sequence[str], live: Sequence[ComputeCluster]) -> Iterator[Finding]:
    """Configured names that mean no vSphere cluster, more than one, or one that another name means."""
    meant: dict[str, str] = {}
    for name in names:
        found = find(name, live)
        if not found:
            known = ", ".join(labels(live, live)) or "none that this user may see"
            yield Finding(_KEY, f"vCenter has no vSphere cluster {name!r}; it has {known}")
        elif len(found) > 1:
            yield Finding(
                _KEY,
                f"vCenter has {len(found)} vSphere clusters {name!r}",
                f"Use one of {', '.join(labels(found, live))}",
            )
        elif first := meant.get(found[0].id):
            yield Finding(_KEY, f"{first!r} and {name!r} are the same vSphere cluster", "Name it once")
        else:
            meant[found[0].id] = name


def unfit_names(
    role: str, used: Sequence[ComputeCluster], names: Sequence[str], live: Sequence[ComputeCluster]
) -> Finding | None:
    """Checks that the configured names can be used, and are all that are needed.

    Args:
        role: Role of the VMs.
        used: The clusters that the VMs run in.
        names: The configured names; empty: the VMs must all be in one cluster.
        live: All clusters.
    """
    if finding := next(unusable_names(names, live), None):
        return finding
    wanted = sorted(set(names_by_id(used, names, live).values()))
    if names and not set(wanted) <= set(names):
        reason = f"the {ROLES[role]} run in {', '.join(wanted)}, not only in the configured vSphere clusters"
    elif not names and len(wanted) > 1:
        reason = f"the {ROLES[role]} run in several vSphere clusters"
    else:
        return None
    return Finding(_KEY, reason, f"Set the vSphere clusters to {config_list(sorted({*wanted, *names}))}")


def names_by_id(
    used: Iterable[ComputeCluster], names: Sequence[str], live: Sequence[ComputeCluster]
) -> dict[str, str]:
    """The names of vSphere clusters by managed object id.

    They are as configured, since the rules that a preview expects are named by them.
    """
    configured = {cluster.id: name for name in names for cluster in find(name, live)}
    return {cluster.id: configured.get(cluster.id) or label(cluster, live) for cluster in used}
