"""Recovery of a release that an interrupted run left incomplete in Helm's own storage.

Before Helm acts, it stores the revision as ``pending-install`` or ``pending-upgrade``. If Helm is killed, the
revision stays pending and Helm refuses every further operation ("another operation (install/upgrade/rollback)
is in progress"). It also refuses to install under a name that has a history ("cannot re-use a name that is
still in use").
"""

from __future__ import annotations

from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError
from domain import helm_history
from domain.helm_history import Revision


def prepare_create(kubernetes: Kubernetes, namespace: str, release: str, chart: str) -> list[str]:
    """Deletes the history of a release that is not in the stack's state, so that it can be installed.

    A run that was killed before the engine saved the release leaves such a history. The objects of the
    release stay; Helm adopts them because their annotations name the release.

    Returns:
        A log of what was done.

    Raises:
        ProviderError: The name is in use by a release of another chart.
    """
    revisions = find(kubernetes, namespace, release)
    for revision in revisions:
        if revision.chart != chart:
            raise ProviderError(
                f"Helm release {release!r} in namespace {namespace!r} already exists with chart "
                f"{revision.chart!r} instead of {chart!r}. Remove it (helm uninstall {release} -n "
                f"{namespace}) or use another cluster"
            )
    done = []
    for revision in revisions:
        kubernetes.delete(f"{_secrets(namespace)}/{revision.name}")
        done.append(
            f"deleted revision {revision.number} ({revision.status}) of release {release} from the history"
        )
    return done


def prepare_update(kubernetes: Kubernetes, namespace: str, release: str) -> list[str]:
    """Marks pending revisions of an interrupted operation as failed, so that the release can be upgraded.

    Returns:
        A log of what was done.
    """
    done = []
    for revision in find(kubernetes, namespace, release):
        if revision.is_pending:
            kubernetes.replace(f"{_secrets(namespace)}/{revision.name}", revision.marked_failed())
            done.append(
                f"marked revision {revision.number} ({revision.status}) of release {release} as failed"
            )
    return done


def find(kubernetes: Kubernetes, namespace: str, release: str) -> list[Revision]:
    """Returns every revision, oldest first.

    Raises:
        ProviderError: One is damaged.
    """
    labels = f"owner=helm,name={release}"
    try:
        return helm_history.read(kubernetes.list(_secrets(namespace), labelSelector=labels))
    except ValueError as error:
        raise ProviderError(
            f"the history of Helm release {release!r} in namespace {namespace!r} is damaged ({error}). "
            f"Inspect it: kubectl get secret -n {namespace} -l {labels}"
        ) from None


def _secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"
