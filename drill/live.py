"""The live environment: what is seen of it, what a drill does to it, and how its services are asked."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, Object
from components.rancher.https_probe import ask
from components.runtime.errors import ProviderError
from domain.placement import is_windows_pool, role_of
from drill.environment import Environment
from drill.view import Machine, Pod, View

if TYPE_CHECKING:
    from components.placement.vcenter import VCenter

_NAMESPACE, _RANCHER = "cattle-system", "rancher"
_PODS = "/api/v1/namespaces/{}/pods"
_COMMAND_SECONDS = 600.0


class Live:
    """One environment."""

    def __init__(self, environment: Environment) -> None:
        """Nothing is asked yet."""
        self._environment = environment

    def look(self) -> View:
        """What vCenter and Kubernetes say now.

        Raises:
            ProviderError: vCenter does not answer.
        """
        machines = self._machines()
        try:
            with kube.client(self._environment.kubeconfig) as api:
                return _view(api, self._environment.rancher.address, machines)
        except ProviderError as error:
            return View(machines, trouble=str(error))

    def ask_rancher(self) -> None:
        """One request to Rancher, on a new connection, to be answered well.

        Raises:
            ProviderError, ProbeError: It is not.
        """
        answer = ask(self._environment.rancher)
        if answer.status != 200 or answer.body.strip() != "pong":
            raise ProviderError(f"HTTP: status {answer.status}")

    def ask_kubernetes(self) -> None:
        """One request to the Kubernetes API, on a new connection, that etcd has to answer.

        Raises:
            ProviderError: It is not.
        """
        with kube.client(self._environment.kubeconfig) as api:
            api.get("/api/v1/namespaces/default")

    def delete_pod(self, name: str) -> None:
        """Delete a pod of Rancher."""
        with kube.client(self._environment.kubeconfig) as api:
            api.delete(f"{_PODS.format(_NAMESPACE)}/{name}")

    def power(self, names: Sequence[str], *, on: bool) -> None:
        """Switch VMs on or off, without their guests' consent.

        Raises:
            ProviderError: vCenter could not.
        """
        with self._vcenter() as session:
            session.power(names, on=on)

    def run(self, command: str) -> None:
        """Run a command of the operator's, without a shell.

        Raises:
            ProviderError: It failed.
        """
        what = shlex.split(command)
        try:
            done = subprocess.run(what, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProviderError(f"command {what[0]}: {error}") from None
        if done.returncode:
            told = (done.stderr or done.stdout).strip().rpartition("\n")[2]
            raise ProviderError(f"command {what[0]} failed with exit code {done.returncode}: {told}")

    def _machines(self) -> tuple[Machine, ...]:
        if self._environment.vcenter is None:
            return ()
        with self._vcenter() as session:
            found = [
                Machine(item.name, role_of(job) or job, item.host, item.running)
                for item in session.machines()
                if item.attributes.get("deployment") == self._environment.deployment
                and (role_of(job := item.attributes.get("job", "")) or is_windows_pool(job))
            ]
        return tuple(sorted(found, key=lambda item: item.name))

    def _vcenter(self) -> AbstractContextManager[VCenter]:
        from components.placement import vcenter  # noqa: PLC0415 - a pod needs none

        if self._environment.vcenter is None:
            raise ProviderError("the drill was begun without access to vCenter")
        return vcenter.session(self._environment.vcenter, self._environment.datacenter)


def _view(api: Kubernetes, vip: str, machines: tuple[Machine, ...]) -> View:
    deployment = api.get(f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments/{_RANCHER}") or {}
    return View(
        machines,
        nodes={item["metadata"]["name"]: _ready(item) for item in api.list("/api/v1/nodes")},
        ranchers=_pods(api, _NAMESPACE, {"app": _RANCHER}),
        replicas=deployment.get("spec", {}).get("replicas", 0),
        controllers=tuple(
            pod
            for service in api.list("/api/v1/services")
            if _leads_from(service, vip)
            for pod in _pods(api, service["metadata"]["namespace"], service["spec"]["selector"])
        ),
    )


def _pods(api: Kubernetes, namespace: str, labels: dict[str, str]) -> tuple[Pod, ...]:
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    return tuple(
        Pod(item["metadata"]["name"], item["metadata"]["uid"], _ready(item))
        for item in api.list(_PODS.format(namespace), labelSelector=selector)
        if "deletionTimestamp" not in item["metadata"]
    )


def _leads_from(service: Object, vip: str) -> bool:
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return bool(service["spec"].get("selector")) and any(entry.get("ip") == vip for entry in given)


def _ready(item: Object) -> bool:
    conditions = (item.get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
