"""``python -m components.helm.v2.actions ACTION``: what the stack's commands run for Helm v2.

Actions: ``init`` and ``reset`` for Tiller in the cluster, ``apply`` and ``delete`` for a release. The task is
JSON in the variable ``HELM2_TASK``, its credentials are JSON on standard input. ``apply`` prints
``{"revision": ..., "digest": ...}``; progress goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from components.helm import history as helm3_history
from components.helm import workloads
from components.helm.rollout import RESUME
from components.helm.v2 import history, ownership, permissions
from components.helm.v2.child_process import run_in_child
from components.helm.v2.cli import HISTORY, REPOSITORY, Helm2Cli, private_home
from components.helm.v2.local_tiller import local_tiller
from components.helm.v2.repair import repair
from components.helm.v2.task import VARIABLE, HelmTask, TaskCredentials
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError, log, start_log
from components.runtime.waiting import STEADY, wait
from domain.helm_v2 import ACCOUNT, DEPLOYED, NAMESPACE, TillerRevision, last_complete
from domain.urls import query_values
from domain.workloads import Workload

_PREVIOUS = "PULUMI_COMMAND_STDOUT"
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/tiller-deploy"


def init(task: HelmTask, credentials: TaskCredentials) -> None:
    """Install Tiller in the cluster and wait until it answers with the client's version."""
    kubeconfig = credentials.kubeconfig
    with kube.client(kubeconfig) as kubernetes, private_home(kubeconfig) as home:
        helm = Helm2Cli(task.helm, home, task.call_seconds)
        image = ["--tiller-image", task.image] if task.image else []
        account = ["--service-account", ACCOUNT]
        helm.run("init", *account, "--upgrade", "--skip-refresh", "--history-max", str(HISTORY), *image)

        def poll() -> tuple[str, bool | None]:
            problem = helm.server_problem()
            return problem, None if problem else True

        try:
            wait("Tiller", poll, timeout=task.timeout_minutes * 60, pace=STEADY, resume=RESUME)
        except ProviderError as error:
            found = kubernetes.get(_DEPLOYMENT)
            running = [Workload("Deployment", found)] if found else []
            lines = [str(error), *workloads.diagnose(kubernetes, NAMESPACE, running)]
            raise ProviderError("\n".join(lines)) from error


def reset(task: HelmTask, credentials: TaskCredentials) -> None:
    """Remove Tiller from the cluster, and permissions that it may still have."""
    kubeconfig = credentials.kubeconfig
    with kube.client(kubeconfig) as kubernetes, private_home(kubeconfig) as home:
        permissions.revoke_all(kubernetes)
        if kubernetes.get(_DEPLOYMENT):
            # The releases are deleted or managed by Helm 3. Without --force, Helm asks Tiller, which has no
            # permissions.
            Helm2Cli(task.helm, home, task.call_seconds).run("reset", "--force")


def apply(task: HelmTask, credentials: TaskCredentials) -> dict[str, object]:
    """Install or upgrade the release; returns its revision and the task's digest."""
    with kube.client(credentials.kubeconfig) as kubernetes:
        if helm3_history.find(kubernetes, task.namespace, task.release):
            raise ProviderError(
                f"Helm 3 manages release {task.release!r} in namespace {task.namespace!r}, which Helm v2 "
                "cannot take over. Set the engine back to Helm 3"
            )
        revisions = history.find(kubernetes, task.release)
        before = json.loads(os.environ.get(_PREVIOUS) or "{}")
        if _is_current(revisions, before, task):
            log.info("release %s is up to date", task.release)
            return {**before}
        _check_name(task, revisions)
        with _tiller(task, credentials, kubernetes) as helm:
            repair(helm, kubernetes, task.release)
            _upgrade(helm, task, credentials.password)
            if helm.status_code(task.release) != 1:
                raise ProviderError(
                    f"release {task.release} is not deployed. Run `helm status {task.release}` for the reason"
                )
        current = last_complete(history.find(kubernetes, task.release))
        if current is None:
            raise ProviderError(
                f"Tiller stored no revision of release {task.release} in {NAMESPACE}. Check Tiller's log"
            )
        ownership.annotate(kubernetes, history.content(current).manifest, task.namespace, task.release)
        return {"revision": current.number, "digest": task.digest}


def delete(task: HelmTask, credentials: TaskCredentials) -> None:
    """Delete the release; when Helm 3 has taken it over, only its history in Helm v2."""
    with kube.client(credentials.kubeconfig) as kubernetes:
        if helm3_history.find(kubernetes, task.namespace, task.release):
            history.remove(kubernetes, task.release)
            log.info("release %s is managed by Helm 3: it stays", task.release)
            return
        if not history.find(kubernetes, task.release):
            return
        with _tiller(task, credentials, kubernetes) as helm:
            helm.run("delete", "--purge", task.release)


ACTIONS: dict[str, Callable[[HelmTask, TaskCredentials], dict[str, object] | None]] = {
    "init": init,
    "reset": reset,
    "apply": apply,
    "delete": delete,
}


def main() -> int:
    """Run the action that the command line names; returns the exit code."""
    start_log()
    return run_in_child(_act)


def _act() -> int:
    try:
        task = HelmTask(**json.loads(os.environ[VARIABLE]))
        result = ACTIONS[sys.argv[1]](task, TaskCredentials(**json.loads(sys.stdin.read())))
    except ProviderError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result or {}))
    return 0


@contextmanager
def _tiller(task: HelmTask, credentials: TaskCredentials, kubernetes: Kubernetes) -> Iterator[Helm2Cli]:
    """Helm with a Tiller that has permissions and finds the release, during the body."""
    history.move(kubernetes, task.release, task.storage)
    with private_home(credentials.kubeconfig) as home:
        secrets = (credentials.password, *query_values(task.repository))
        helm = Helm2Cli(task.helm, home, task.call_seconds, secrets=tuple(filter(None, secrets)))
        if task.mode == "local":
            with local_tiller(task.tiller, home) as address:
                yield _checked(replace(helm, host=address))
        else:
            _checked(helm)
            with permissions.granted(kubernetes, task.release):
                yield helm


def _checked(helm: Helm2Cli) -> Helm2Cli:
    if problem := helm.server_problem():
        raise ProviderError(problem)
    return helm


def _is_current(revisions: Sequence[TillerRevision], before: dict[str, object], task: HelmTask) -> bool:
    """Whether the last command deployed the same content, and nothing has changed the release since."""
    if not revisions or revisions[-1].status != DEPLOYED:
        return False
    return (before.get("revision"), before.get("digest")) == (revisions[-1].number, task.digest)


def _check_name(task: HelmTask, revisions: Sequence[TillerRevision]) -> None:
    """Release names are unique in the whole cluster in Helm v2."""
    if not revisions:
        return
    found = history.content(revisions[-1])
    chart = task.chart if task.repository else found.chart
    if (found.namespace, found.chart) != (task.namespace, chart):
        raise ProviderError(
            f"release {task.release} already exists with chart {found.chart} in namespace {found.namespace} "
            f"(names are unique in the cluster in Helm v2). Delete it (helm delete --purge {task.release}), "
            "or use another cluster"
        )


def _upgrade(helm: Helm2Cli, task: HelmTask, password: str) -> None:
    chart = task.chart
    if task.repository:
        helm.add_repository(task.repository, ca_file=task.ca_file, username=task.username, password=password)
        chart = f"{REPOSITORY}/{task.chart}"
    arguments = ["upgrade", task.release, chart, "--install", "--version", task.version]
    arguments += ["--namespace", task.namespace, "--values", "-"]
    helm.run(*arguments, stdin=json.dumps(task.values))


if __name__ == "__main__":
    sys.exit(main())
