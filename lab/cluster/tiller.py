"""Runs Tiller, Helm v2's server, in place of the pod that ``helm init`` creates.

The process has the pod's arguments and environment, and a token of its ServiceAccount that is valid as long
as the pod: what it may do is what the cluster's RBAC grants. ``helm`` reaches it by a port-forward to the
pod, which KWOK serves (``ClusterPortForward`` in ``stages.yaml``).
"""

from __future__ import annotations

import asyncio
import logging

import aiohttp

from lab import process
from lab.cluster.api import ApiError, KubernetesApi, Object
from lab.cluster.daemon import follow
from lab.cluster.kubeconfig import kubeconfig
from lab.cluster.objects import is_ready
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.daemon import wait
from lab.pki import write_private

PORT = 44134
"""Port of Tiller; KWOK forwards that of the pod to it."""

_NAMESPACE = "kube-system"
_PODS = f"/api/v1/namespaces/{_NAMESPACE}/pods?labelSelector=app%3Dhelm,name%3Dtiller"
_DAEMON = "tiller"
_TOKEN_SECONDS = 365 * 24 * 3600
_CHECK_SECONDS = 1.0
_log = logging.getLogger(__name__)


async def run(files: ClusterFiles, spec: ClusterSpec) -> None:
    """Runs Tiller whenever its pod is ready, until cancelled."""
    pods: dict[str, Object] = {}
    changed = asyncio.Event()
    async with KubernetesApi(files.kubeconfig("admin")) as api, asyncio.TaskGroup() as tasks:
        await follow(tasks, api, {_PODS: pods}, changed)
        served = ""
        while True:
            changed.clear()
            pod = next(filter(_serves, pods.values()), None)
            wanted = pod["metadata"]["uid"] if pod else ""
            if wanted != served:
                await asyncio.to_thread(process.stop, files.lab, files.daemon(_DAEMON), force=True)
                served = wanted
            try:
                if pod and files.daemon(_DAEMON) not in process.running(files.lab, files.daemon(_DAEMON)):
                    await _start(api, files, spec, pod)
            except (ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("Tiller does not start: %s", error or type(error).__name__)
            # It may have exited, as the container of a pod that is restarted.
            await wait(changed, _CHECK_SECONDS if pod else None)


async def _start(api: KubernetesApi, files: ClusterFiles, spec: ClusterSpec, pod: Object) -> None:
    metadata = pod["metadata"]
    account = pod["spec"].get("serviceAccountName", "default")
    bound = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
    answer = await api.request(
        "POST",
        f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts/{account}/token",
        {"spec": {"expirationSeconds": _TOKEN_SECONDS, "boundObjectRef": bound}},
    )
    text = kubeconfig(spec, files.ca.read_text(), spec.server, account, answer["status"]["token"])
    write_private(files.kubeconfig(_DAEMON), text.encode())
    container = pod["spec"]["containers"][0]
    address = files.lab.control_plane(spec.slot)
    command = [str(files.lab.home / "bin" / "tiller"), *container.get("args", [])]
    command += [f"--listen={address}:{PORT}", f"--probe-listen={address}:{PORT + 1}"]
    env = {item["name"]: item.get("value", "") for item in container.get("env", [])}
    env["KUBECONFIG"] = str(files.kubeconfig(_DAEMON))
    _log.info("Tiller as %s for pod %s", account, metadata["name"])
    await asyncio.to_thread(process.start, files.lab, files.daemon(_DAEMON), command, env)


def _serves(pod: Object) -> bool:
    return is_ready(pod) and "deletionTimestamp" not in pod["metadata"]
