"""``python -m components.helm.v2.actions ACTION``: what the stack's commands run for Helm v2.

Actions: ``init`` and ``reset`` for Tiller in the cluster, ``apply`` and ``delete`` for a release. The job is
JSON in the variable ``HELM2_JOB``, shown at preview; what must not be shown is JSON on standard input
(``kubeconfig``, ``password``). ``apply`` prints ``{"revision": ..., "digest": ...}``; progress goes to
standard error. Values go to Helm's standard input, the password into a private file that ends with the call.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from components.helm import ownership, records, workloads
from components.helm.v2 import permissions as tiller_rights
from components.helm.v2 import records as tiller_records
from components.helm.v2.child_process import in_child
from components.helm.v2.cli import HISTORY, REPOSITORY, Helm2, local_tiller, private_home
from components.helm.v2.records import NAMESPACE, Storage, TillerRecord
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError, log
from components.runtime.provider import wait

JOB, PREVIOUS = "HELM2_JOB", "PULUMI_COMMAND_STDOUT"
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/tiller-deploy"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done. ``mode`` is where Tiller is: in the ``cluster``, or ``local`` for the call."""

    helm: str
    tiller: str
    mode: str
    image: str = ""
    release: str = ""
    namespace: str = ""
    chart: str = ""
    version: str = ""
    repository: str = ""
    ca_file: str = ""
    username: str = ""
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout_minutes: float = 10

    @property
    def storage(self) -> Storage:
        """Where this Tiller keeps its records: ``helm init`` makes one that keeps them in ConfigMaps."""
        return "configmaps" if self.mode == "cluster" else "secrets"

    @property
    def call_seconds(self) -> float:
        """Deadline of each call of Helm: that of the release, but never one that is only a slow machine's."""
        return max(self.timeout_minutes * 60, 60)

    @property
    def digest(self) -> str:
        """Of what a release is made of: a job with the same one has nothing to change."""
        wanted = {name: value for name, value in asdict(self).items() if name not in _HOW}
        return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


_HOW = {"helm", "tiller", "mode", "image", "ca_file", "username", "timeout_minutes"}


@dataclass(frozen=True)
class Secrets:
    """What is not shown."""

    kubeconfig: str = field(repr=False)
    password: str = field(default="", repr=False)


def init(job: Job, secrets: Secrets) -> None:
    """Put Tiller into the cluster and wait until it answers in the client's version."""
    with kube.client(secrets.kubeconfig) as kubernetes, private_home(secrets.kubeconfig) as home:
        helm = Helm2(job.helm, home, job.call_seconds)
        image = ["--tiller-image", job.image] if job.image else []
        account = ["--service-account", tiller_rights.ACCOUNT]
        helm.run("init", *account, "--upgrade", "--skip-refresh", "--history-max", str(HISTORY), *image)

        def poll() -> tuple[str, bool | None]:
            problem = helm.server_problem()
            return problem, None if problem else True

        resume = "Mend the cause and run pulumi up again: it goes on from here"
        try:
            wait("Tiller", poll, timeout=job.timeout_minutes * 60, first=0.5, cap=10, resume=resume)
        except ProviderError as error:
            found = kubernetes.get(_DEPLOYMENT)
            running = [workloads.Workload("Deployment", found)] if found else []
            raise ProviderError(
                "\n".join([str(error), *workloads.diagnose(kubernetes, NAMESPACE, running)])
            ) from error


def reset(job: Job, secrets: Secrets) -> None:
    """Remove Tiller from the cluster, and what rights it may have left."""
    with kube.client(secrets.kubeconfig) as kubernetes, private_home(secrets.kubeconfig) as home:
        tiller_rights.withdraw(kubernetes)
        if kubernetes.get(_DEPLOYMENT):
            # Releases are gone by now, or Helm 3's; without --force Tiller is asked, who may do nothing.
            Helm2(job.helm, home, job.call_seconds).run("reset", "--force")


def apply(job: Job, secrets: Secrets) -> dict[str, object]:
    """Install the release, or bring it to what the job says; returns its revision and the job's digest."""
    with kube.client(secrets.kubeconfig) as kubernetes:
        if records.exist(kubernetes, job.namespace, job.release):
            raise ProviderError(
                f"release {job.release!r} in namespace {job.namespace!r} is Helm 3's, and Helm 2 cannot take "
                "it over. Go on with Helm 3: pulumi config set helmEngine v3"
            )
        known = tiller_records.find(kubernetes, job.release)
        before = json.loads(os.environ.get(PREVIOUS) or "{}")
        unchanged = (
            known and known[-1].status == tiller_records.DEPLOYED and before.get("digest") == job.digest
        )
        if unchanged and known[-1].revision == before["revision"]:
            log.info("release %s is as wanted", job.release)
            return {**before}
        _check_name(job, known)
        with _tiller(job, secrets, kubernetes) as helm:
            _mend(helm, kubernetes, job.release)
            _upgrade(helm, job, secrets.password)
            if helm.status_code(job.release) != 1:
                raise ProviderError(f"release {job.release} is not deployed; see helm status {job.release}")
        current = tiller_records.intact(tiller_records.find(kubernetes, job.release))
        if current is None:
            raise ProviderError(f"Tiller left no record of release {job.release} in {NAMESPACE}")
        ownership.annotate(kubernetes, current.content.manifest, job.namespace, job.release)
        return {"revision": current.revision, "digest": job.digest}


def delete(job: Job, secrets: Secrets) -> None:
    """Remove the release and its objects; if Helm 3 has it now, only what Helm v2 knew of it."""
    with kube.client(secrets.kubeconfig) as kubernetes:
        if records.exist(kubernetes, job.namespace, job.release):
            tiller_records.remove(kubernetes, job.release)
            log.info("release %s is Helm 3's now: it stays", job.release)
            return
        if not tiller_records.find(kubernetes, job.release):
            return
        with _tiller(job, secrets, kubernetes) as helm:
            helm.run("delete", "--purge", job.release)


ACTIONS: dict[str, Callable[[Job, Secrets], dict[str, object] | None]] = {
    "init": init,
    "reset": reset,
    "apply": apply,
    "delete": delete,
}


def main() -> int:
    """Run the action that the command line names; returns the exit code."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return in_child(_act)


def _act() -> int:
    try:
        job, secrets = Job(**json.loads(os.environ[JOB])), Secrets(**json.loads(sys.stdin.read()))
        result = ACTIONS[sys.argv[1]](job, secrets)
    except ProviderError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result or {}))
    return 0


@contextmanager
def _tiller(job: Job, secrets: Secrets, kubernetes: Kubernetes) -> Iterator[Helm2]:
    """Helm with a Tiller that may change the release and finds its records; only in the body."""
    tiller_records.move(kubernetes, job.release, job.storage)
    timeout = job.call_seconds
    with private_home(secrets.kubeconfig) as home:
        if job.mode == "local":
            with local_tiller(job.tiller, home) as address:
                yield _agreeing(Helm2(job.helm, home, timeout, address))
        else:
            helm = _agreeing(Helm2(job.helm, home, timeout))
            with tiller_rights.granted(kubernetes, job.release):
                yield helm


def _agreeing(helm: Helm2) -> Helm2:
    if problem := helm.server_problem():
        raise ProviderError(problem)
    return helm


def _check_name(job: Job, known: list[TillerRecord]) -> None:
    """Helm v2 has one release of a name in the whole cluster."""
    if not known:
        return
    found = known[-1].content
    if (found.namespace, found.chart) != (job.namespace, _chart_name(job, found.chart)):
        raise ProviderError(
            f"a release named {job.release} already exists: chart {found.chart} in namespace "
            f"{found.namespace} (names are the whole cluster's in Helm v2). Remove it "
            f"(helm delete --purge {job.release}), or use another cluster"
        )


def _chart_name(job: Job, otherwise: str) -> str:
    return job.chart if job.repository else otherwise


def _mend(helm: Helm2, kubernetes: Kubernetes, release: str) -> None:
    """Undo a last change that failed or was cut off.

    Tiller refuses every upgrade after one that was cut off. After one that failed it compares the next
    revision with the last that was deployed and not with what runs, so what the failed one had changed stays.
    """
    known = tiller_records.find(kubernetes, release)
    if not known or known[-1].status == tiller_records.DEPLOYED:
        return
    base = tiller_records.intact(known)
    if base is None:
        log.info("release %s was never installed completely: it is removed first", release)
        helm.run("delete", "--purge", release)
        return
    log.info("the last change of %s did not end well: back to revision %d", release, base.revision)
    while known[-1].status == tiller_records.PENDING_ROLLBACK and not tiller_records.complete(known[-2]):
        # Half an undoing of the revision before, which alone tells what may be there.
        kubernetes.delete(known.pop().path)
    helm.run("rollback", release, str(base.revision))


def _upgrade(helm: Helm2, job: Job, password: str) -> None:
    chart = job.chart
    if job.repository:
        helm.add_repository(job.repository, job.ca_file, job.username, password)
        chart = f"{REPOSITORY}/{job.chart}"
    arguments = ["upgrade", job.release, chart, "--install", "--version", job.version]
    arguments += ["--namespace", job.namespace, "--values", "-"]
    helm.run(*arguments, stdin=json.dumps(job.values))


if __name__ == "__main__":
    sys.exit(main())
