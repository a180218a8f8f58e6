"""Common parts of the lab's asyncio daemons."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress

from lab.cluster import spec
from lab.cluster.api import KubernetesApi, Object
from lab.cluster.spec import ClusterSpec
from lab.layout import Lab


def serve_cluster(what: str, work: Callable[[Lab, ClusterSpec], Coroutine[None, None, None]]) -> None:
    """The main program of a cluster's daemon: do ``work`` for the cluster of ``--uuid`` until stopped."""
    parser = argparse.ArgumentParser(description=f"{what} of one cluster")
    parser.add_argument("--uuid", required=True, help="UUID of the cluster")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.info("%s of cluster %s", what, arguments.uuid)
    lab = Lab.from_environment()
    asyncio.run(run(work(lab, spec.load(lab, arguments.uuid))))


async def run(work: Coroutine[None, None, None]) -> None:
    """Run ``work`` until it ends or the process gets SIGTERM or SIGINT, which cancels it."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def follow(
    tasks: asyncio.TaskGroup, api: KubernetesApi, path: str, store: dict[str, Object], changed: asyncio.Event
) -> asyncio.Future[None]:
    """Keep ``store`` equal to a collection from now on; ``changed`` is set after each change.

    The result is there once the store is complete: before, an object that is missing may yet come.
    """
    complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def listed() -> None:
        if not complete.done():
            complete.set_result(None)

    tasks.create_task(api.follow(path, store, lambda _: changed.set(), listed))
    return complete
