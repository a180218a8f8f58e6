"""Deletes a cluster and waits for it; a deletion that was cut off is continued."""

from __future__ import annotations

from components.pks.cli import Pks, PksError
from components.runtime.errors import ProviderError, TransientError
from components.runtime.waiting import LONG, wait
from domain.cluster import LiveCluster, failure_advice


def delete(pks: Pks, cluster: LiveCluster, timeout: float) -> None:
    """Delete the cluster; returns when PKS does not list it any more.

    Args:
        pks: The foundation.
        cluster: The cluster, as it is now; another of that name stays.
        timeout: Deadline in seconds.

    Raises:
        ProviderError: PKS refuses, fails, or needs longer.
    """
    name = cluster.name
    if not cluster.deleting:
        _order(pks, cluster, timeout)

    def gone() -> tuple[str, bool | None]:
        live = poll(pks, name)
        if isinstance(live, str):
            return live, None
        if live is None or live.uuid != cluster.uuid:
            return "gone", True
        if live.action == "DELETE" and live.failed:
            advice = failure_advice(live, pks.name)
            raise ProviderError(f"PKS failed to delete cluster {name} ({live}). {advice}")
        return str(live), None

    wait(
        f"deletion of cluster {name}",
        gone,
        timeout=timeout,
        pace=LONG,
        resume="Run the command again: it continues to wait",
    )


def poll(pks: Pks, name: str) -> LiveCluster | str | None:
    """The cluster, or the reason why the API does not answer: one failed poll ends no wait."""
    try:
        return pks.cluster(name)
    except TransientError as error:
        return str(error)


def _order(pks: Pks, cluster: LiveCluster, timeout: float) -> None:
    """Wait until no other action runs, since PKS would refuse, and order the deletion."""
    name = cluster.name

    def idle() -> tuple[str, bool | None]:
        live = poll(pks, name)
        if isinstance(live, str):
            return live, None
        return ("gone", True) if live is None else (str(live), not live.busy or None)

    if cluster.busy:
        wait(f"cluster {name}", idle, timeout=timeout, pace=LONG, resume="Run the command again")
    try:
        pks.delete_cluster(name)
    except (PksError, TransientError):
        now = pks.cluster(name)
        if now is not None and not now.deleting:
            raise
