"""Repairs a release whose last change failed or was interrupted."""

from __future__ import annotations

from components.helm.v2 import history
from components.helm.v2.cli import Helm2Cli
from components.kubernetes.api import Kubernetes
from components.runtime.errors import log
from domain.helm_v2 import DEPLOYED, PENDING_ROLLBACK, last_complete


def repair(helm: Helm2Cli, kubernetes: Kubernetes, release: str) -> None:
    """Rolls the release back to its last complete revision, or deletes it when there is none.

    Tiller refuses to upgrade after an interrupted change. After a failed change it compares the next revision
    with the last deployed one instead of the running objects, so changes of the failed one would remain.
    """
    revisions = history.find(kubernetes, release)
    if not revisions or revisions[-1].status == DEPLOYED:
        return
    base = last_complete(revisions)
    if base is None:
        log.info("release %s was never installed completely: deleting it first", release)
        helm.run("delete", "--purge", release)
        return
    log.info("the last change of release %s is incomplete: rolling back to revision %d", release, base.number)
    while revisions[-1].status == PENDING_ROLLBACK and not revisions[-2].is_complete:
        # An interrupted rollback hides the incomplete revision before it, which lists what may exist.
        history.delete(kubernetes, revisions.pop())
    helm.run("rollback", release, str(base.number))
