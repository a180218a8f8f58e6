"""Common parts of a cluster's daemons."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

from lab.cluster import spec
from lab.cluster.api import KubernetesApi, Object
from lab.cluster.spec import ClusterSpec
from lab.daemon import run
from lab.layout import Lab


def serve_cluster(what: str, work: Callable[[Lab, ClusterSpec], Coroutine[None, None, None]]) -> None:
    """Main program of a cluster's daemon: runs ``work`` for the cluster of ``--uuid`` until stopped."""
    parser = argparse.ArgumentParser(description=f"{what} of one cluster")
    parser.add_argument("--uuid", required=True, help="UUID of the cluster")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.info("%s of cluster %s", what, arguments.uuid)
    lab = Lab.from_environment()
    asyncio.run(run(work(lab, spec.load(lab, arguments.uuid))))


async def follow(
    tasks: asyncio.TaskGroup,
    api: KubernetesApi,
    stores: Mapping[str, dict[str, Object]],
    changed: asyncio.Event,
) -> None:
    """Keeps each of ``stores`` in sync with its path's collection; sets ``changed`` after each change.

    Returns once all are complete.
    """
    complete = {path: asyncio.Event() for path in stores}
    for path, store in stores.items():
        tasks.create_task(api.follow(path, store, lambda _: changed.set(), complete[path].set))
    for listed in complete.values():
        await listed.wait()
