"""Worker nodes of a cluster: Node objects that KWOK keeps alive."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.cluster.api import KubernetesApi, Object
from lab.cluster.objects import is_ready, path_of
from lab.cluster.spec import Worker

KUBELET_PORT = 10250
_NODES = "/api/v1/nodes"
POWERED = "lab/powered"
"""Label of a node whose VM runs; KWOK plays the kubelet of these nodes (value ``on``)."""
_RESOURCES = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "32Gi", "pods": "110"}


async def match(api: KubernetesApi, cluster_name: str, workers: Sequence[Worker], kubelet: str) -> None:
    """Adds missing nodes; drains and removes nodes that are not workers any more.

    ``kubelet`` is the address where KWOK answers for all kubelets.
    """
    wanted = {worker.name: worker for worker in workers}
    present = {item["metadata"]["name"] for item in (await api.request("GET", _NODES))["items"]}
    for name, worker in wanted.items():
        if name not in present:
            await api.create(_NODES, _node(cluster_name, worker, kubelet))
    for name in present - wanted.keys():
        await _remove(api, name)


async def settled(api: KubernetesApi, workers: Sequence[Worker], down: Collection[str] = ()) -> bool:
    """Whether exactly these workers are nodes, those that are up are Ready, and removed nodes have no pods.

    Deletes such pods, which the controllers would notice only after a minute.
    """
    nodes = (await api.request("GET", _NODES))["items"]
    ready = {node["metadata"]["name"] for node in nodes if is_ready(node)}
    names = {node["metadata"]["name"] for node in nodes}
    pods = (await api.request("GET", "/api/v1/pods"))["items"]
    orphans = [pod for pod in pods if pod["spec"].get("nodeName", "") not in {"", *names}]
    for pod in orphans:
        await api.delete(f"{path_of(pod)}?gracePeriodSeconds=0")
    return not orphans and names == {worker.name for worker in workers} and names.difference(down) <= ready


async def power(api: KubernetesApi, down: Collection[str]) -> None:
    """Lets KWOK play the kubelets of all nodes except those that are down, which stop sending heartbeats."""
    for node in (await api.request("GET", _NODES))["items"]:
        name, labels = node["metadata"]["name"], node["metadata"]["labels"]
        wanted = None if name in down else "on"
        if labels.get(POWERED) != wanted:
            await api.patch(f"{_NODES}/{name}", {"metadata": {"labels": {POWERED: wanted}}})


async def _remove(api: KubernetesApi, name: str) -> None:
    """Cordons and drains the node as BOSH does, except for pods of DaemonSets, then deletes it."""
    await api.patch(f"{_NODES}/{name}", {"spec": {"unschedulable": True}})
    pods = await api.request("GET", f"/api/v1/pods?fieldSelector=spec.nodeName={name}")
    for pod in pods["items"]:
        owners = pod["metadata"].get("ownerReferences", [])
        if not any(owner["kind"] == "DaemonSet" for owner in owners):
            await api.delete(path_of(pod))
    await api.delete(f"{_NODES}/{name}")


def _node(cluster_name: str, worker: Worker, kubelet: str) -> Object:
    """Returns a Node as created by PKS; labels ``bosh.*``, ``pks-system/*``, ``spec.ip`` name its VM."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "bosh.id": worker.name,
        "bosh.zone": worker.zone,
        "failure-domain.beta.kubernetes.io/zone": worker.zone,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": worker.name,
        "kubernetes.io/os": "linux",
        POWERED: "on",
        "pks-system/cluster.name": cluster_name,
        "spec.ip": worker.ip,
        "topology.kubernetes.io/zone": worker.zone,
    }
    return {
        "metadata": {"name": worker.name, "labels": labels},
        "spec": {"providerID": f"vsphere://{worker.vm_cid.removeprefix('vm-')}"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": worker.ip},
                {"type": "Hostname", "address": worker.name},
                {"type": "InternalDNS", "address": kubelet},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
            "allocatable": _RESOURCES,
            "capacity": _RESOURCES,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "5.15.0-stemcell",
                "kubeProxyVersion": "v1.36.3",
                "kubeletVersion": "v1.36.3",
                "machineID": worker.name.replace("-", ""),
                "operatingSystem": "linux",
                "osImage": "Ubuntu 22.04 (BOSH stemcell)",
                "systemUUID": worker.name,
            },
        },
    }
