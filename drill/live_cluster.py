"""The live cluster: its state, what a drill does to it, and single requests to its services."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, Object
from components.rancher.https_probe import get
from components.runtime.command import Command
from components.runtime.errors import ProviderError
from domain.placement import is_windows_pool, role_of
from domain.rancher_answers import is_pong
from drill.drills import Arguments
from drill.environment import Environment
from drill.snapshot import ClusterVm, Pod, Snapshot

if TYPE_CHECKING:
    from components.placement.vcenter import VCenter

_NAMESPACE, _RANCHER = "cattle-system", "rancher"
_PODS = "/api/v1/namespaces/{}/pods"
_COMMAND_SECONDS = 600.0


class LiveCluster:
    """The cluster of one environment."""

    def __init__(self, environment: Environment) -> None:
        """Make it; no request is sent."""
        self._environment = environment

    def snapshot(self) -> Snapshot:
        """What vCenter and Kubernetes report now.

        Raises:
            ProviderError: vCenter does not answer.
        """
        vms = self._vms()
        try:
            with kube.client(self._environment.kubeconfig) as api:
                return _snapshot(api, self._environment.endpoint.address, vms)
        except ProviderError as error:
            return Snapshot(vms, kubernetes_error=str(error))

    def check_rancher(self) -> None:
        """One request to Rancher's health page, on a new connection.

        Raises:
            ProviderError: It is not answered, or not by Rancher.
        """
        answer = get(self._environment.endpoint, "/ping")
        if not is_pong(answer.status, answer.text):
            raise ProviderError(f"HTTP: status {answer.status}")

    def check_kubernetes(self) -> None:
        """One request to the Kubernetes API that etcd must answer, on a new connection.

        Raises:
            ProviderError: It is not answered.
        """
        with kube.client(self._environment.kubeconfig) as api:
            api.get("/api/v1/namespaces/default")

    def delete_pod(self, name: str) -> None:
        """Delete a pod of Rancher."""
        with kube.client(self._environment.kubeconfig) as api:
            api.delete(f"{_PODS.format(_NAMESPACE)}/{name}")

    def power(self, names: Sequence[str], *, on: bool) -> None:
        """Power VMs on, or off without a shutdown.

        Raises:
            ProviderError: vCenter could not.
        """
        with self._vcenter() as session:
            session.power(names, on=on)

    def run(self, command: Arguments) -> None:
        """Run a command of the operator, without a shell, with the operator's environment.

        Raises:
            ProviderError: It failed.
        """
        login = self._environment.vcenter
        tool = Command(command[0], os.environ, login.secrets if login else ())
        done = tool.run(*command[1:], timeout=_COMMAND_SECONDS)
        if done.exit_code:
            last = done.text.rpartition("\n")[2]
            raise ProviderError(f"command {command[0]} failed with exit code {done.exit_code}: {last}")

    def _vms(self) -> tuple[ClusterVm, ...]:
        if self._environment.vcenter is None:
            return ()
        with self._vcenter() as session:
            found = [
                ClusterVm(item.name, role_of(job) or job, item.host, item.running)
                for item in session.machines()
                if item.attributes.get("deployment") == self._environment.deployment
                and (role_of(job := item.attributes.get("job", "")) or is_windows_pool(job))
            ]
        return tuple(sorted(found, key=lambda item: item.name))

    def _vcenter(self) -> AbstractContextManager[VCenter]:
        from components.placement import vcenter  # noqa: PLC0415 - a pod needs none

        if self._environment.vcenter is None:
            raise ProviderError("this drill needs vCenter, but was started without a login to it")
        return vcenter.session(self._environment.vcenter, self._environment.datacenter)


def _snapshot(api: Kubernetes, vip: str, vms: tuple[ClusterVm, ...]) -> Snapshot:
    deployment = api.get(f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments/{_RANCHER}") or {}
    return Snapshot(
        vms,
        nodes={item["metadata"]["name"]: _ready(item) for item in api.list("/api/v1/nodes")},
        ranchers=_pods(api, _NAMESPACE, {"app": _RANCHER}),
        replicas=deployment.get("spec", {}).get("replicas", 0),
        controllers=tuple(
            pod
            for service in api.list("/api/v1/services")
            if _has_address(service, vip)
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


def _has_address(service: Object, vip: str) -> bool:
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return bool(service["spec"].get("selector")) and any(entry.get("ip") == vip for entry in given)


def _ready(item: Object) -> bool:
    conditions = (item.get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
