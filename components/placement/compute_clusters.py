"""The vSphere clusters that the config names: which ones they are, and whether the VMs run in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.placement.inventory import ComputeCluster, config_list, find, label, labels
from components.runtime.errors import ProviderError
from domain.finding import Finding
from domain.placement import ROLES

_KEY = "compute_clusters"


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


def names_by_id(
    role: str, used: Sequence[ComputeCluster], names: Sequence[str], live: Sequence[ComputeCluster]
) -> dict[str, str]:
    """The names of the vSphere clusters that the VMs of a role use, by managed object id.

    They are as configured, since the rules that a preview expects are named by them.

    Args:
        role: Role of the VMs.
        used: The clusters that the VMs run in.
        names: The configured names; empty: the VMs must all be in one cluster.
        live: All clusters.

    Raises:
        ProviderError: The configured names cannot be used, or are not all that are needed.
    """
    for finding in unusable_names(names, live):
        raise ProviderError(str(finding).removeprefix(f"{_KEY}: "), _KEY)
    configured = {find(name, live)[0].id: name for name in names}
    wanted = sorted({configured.get(cluster.id) or label(cluster, live) for cluster in used})
    if names and not {cluster.id for cluster in used} <= configured.keys():
        reason = f"the {ROLES[role]} run in {', '.join(wanted)}, not only in the configured vSphere clusters"
    elif not names and len(wanted) > 1:
        reason = f"the {ROLES[role]} run in several vSphere clusters"
    else:
        return {cluster.id: configured.get(cluster.id) or label(cluster, live) for cluster in used}
    raise ProviderError(
        f"{reason}. Set the vSphere clusters to {config_list(sorted({*wanted, *names}))}", _KEY
    )
