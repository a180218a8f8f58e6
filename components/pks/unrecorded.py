"""What a killed update has ordered from PKS, and could not write into the state."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from components.pks.cli import Pks
from components.pks.deletion import delete
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from domain.cluster import just_ordered
from domain.network_profile import same_parameters

_CLUSTER, _PROFILE = "cluster", "network profile"
_DELETION_SECONDS = 5400.0


def free_names(pks: Pks, wanted: Properties) -> Iterator[str]:
    """Which of the names of cluster and network profile are free."""
    if pks.cluster(wanted["name"]) is None:
        yield f"{_CLUSTER} {wanted['name']}"
    profile = wanted["network_profile"]
    if profile and pks.network_profile(profile) is None:
        yield f"{_PROFILE} {profile}"


def remove(pks: Pks, known: Properties, vacant: Collection[str]) -> None:
    """Delete cluster and network profile if they are this stack's; called when the state has neither.

    Args:
        pks: The foundation.
        known: Properties of the cluster that the stack wanted.
        vacant: What ``free_names`` returned before the stack ordered anything.

    Raises:
        ProviderError: There is a cluster that need not be the stack's. The message says what to do.
    """
    name, profile = known["name"], known["network_profile"]
    live = pks.cluster(name)
    if live is not None:
        if f"{_CLUSTER} {name}" not in vacant or not just_ordered(live, known):
            raise ProviderError(
                f"cluster {name} ({live}) exists in PKS, and this stack's state does not know it. If this "
                f"stack ordered it, delete it with `{pks.name} delete-cluster {name}` and run `pulumi "
                "destroy` again. If it is another's, take this resource out of the state: `pulumi state "
                "delete` with its URN",
                "name",
            )
        log.info("cluster %s was ordered by an update that was cut off: it is deleted", name)
        delete(pks, live, _DELETION_SECONDS)
    if f"{_PROFILE} {profile}" in vacant:
        _remove_profile(pks, profile, known)


def _remove_profile(pks: Pks, name: str, known: Properties) -> None:
    found = pks.network_profile(name)
    if found is None or not same_parameters(
        found.get("parameters") or {}, known["network_profile_parameters"]
    ):
        return
    if not any(item.values().get("network_profile") == name for item in pks.clusters()):
        pks.delete_network_profile(name)
