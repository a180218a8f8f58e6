"""The part of the kubelets that pulls images.

KWOK starts pods without images. In a lab with an image registry it starts a pod only with the annotation
``lab/pulled``, which this sets once the registry has all of the pod's images and a login in the pod's
``imagePullSecrets`` may pull them. Otherwise the containers wait with ErrImagePull, then ImagePullBackOff, as
on a node. Images of other registries are pulled without a question, except with the fault
``{"nodes": {"offline": true}}``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp

from domain.chart_urls import basic
from domain.finding import FindingError
from domain.images import Image
from lab.cluster.api import ApiError, KubernetesApi, Object, annotations_of
from lab.cluster.daemon import follow
from lab.cluster.objects import path_of, report, show_waiting, waiting
from lab.faults import fault
from lab.images import INDEX, MANIFEST
from lab.layout import Lab

PULLED = "lab/pulled"
_PODS = "/api/v1/pods"
_BACK_OFF_SECONDS = 2.0
"""Time between two tries (10 s to 5 min on a node)."""
_WAITING = {"ContainerCreating", "ErrImagePull", "ImagePullBackOff"}
_log = logging.getLogger(__name__)


class PullError(Exception):
    """An image that cannot be pulled; the message is that of the container runtime."""


async def pull(lab: Lab, kubeconfig: Path) -> None:
    """Pulls the images of all pods until cancelled."""
    pods: dict[str, Object] = {}
    changed = asyncio.Event()
    trust = ssl.create_default_context(cafile=lab.ca_certificate)
    async with (
        KubernetesApi(kubeconfig) as api,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as registry,
        asyncio.TaskGroup() as tasks,
    ):
        await follow(tasks, api, {_PODS: pods}, changed)
        while True:
            changed.clear()
            due = [pod for pod in pods.values() if _is_due(pod)]
            for pod in due:
                try:
                    await _pull(lab, api, registry, pod)
                except (ApiError, aiohttp.ClientError, TimeoutError) as error:
                    _log.warning("%s; retrying", error or type(error).__name__)
            if due:
                await asyncio.sleep(_BACK_OFF_SECONDS if all(map(_has_failed, due)) else 0.2)
            else:
                await changed.wait()


async def _pull(lab: Lab, api: KubernetesApi, registry: aiohttp.ClientSession, pod: Object) -> None:
    """Lets the pod start, or shows why it cannot."""
    try:
        for name in _images(pod):
            await _resolve(lab, api, registry, pod, name)
    except PullError as error:
        shown = waiting(pod) != "ContainerCreating"
        await show_waiting(api, pod, "ImagePullBackOff" if shown else "ErrImagePull", str(error))
        if await report(api, pod, f"{pod['metadata']['uid'][:8]}-pull", "Failed", str(error)):
            _log.warning("pod %s: %s", pod["metadata"]["name"], error)
        return
    if _has_failed(pod):
        await show_waiting(api, pod, "ContainerCreating")
    # The uid prevents a replacement pod of the same name from starting without its images.
    change = {"uid": pod["metadata"]["uid"], "annotations": {PULLED: "true"}}
    await api.patch(path_of(pod), {"metadata": change})


async def _resolve(
    lab: Lab, api: KubernetesApi, registry: aiohttp.ClientSession, pod: Object, name: str
) -> None:
    """Asks the registry for an image, with each of the pod's logins to it.

    Raises:
        PullError: It cannot be pulled.
    """
    try:
        image = Image.parse(name)
    except FindingError:
        raise PullError(f'failed to parse image name "{name}": invalid reference format') from None
    failed = f'Failed to pull image "{name}": failed to resolve reference "{image}": '
    if image.registry != lab.registry:
        if fault(lab, "nodes").get("offline"):
            raise PullError(f"{failed}dial tcp: lookup {image.registry}: no such host")
        return
    url = f"https://{image.registry}/v2/{image.repository}/manifests/{image.digest or image.tag}"
    status = 0
    for login in [*[item async for item in _logins(api, pod, image.registry)], ""]:
        headers = {"Accept": f"{INDEX}, {MANIFEST}", **({"Authorization": login} if login else {})}
        async with registry.head(url, headers=headers) as response:
            status = response.status
        if status not in {401, 403}:
            break
    if status in {401, 403}:
        raise PullError(f"{failed}pull access denied, repository does not exist or may require authorization")
    if status >= 300:
        raise PullError(f"{failed}{image}: not found" if status == 404 else f"{failed}status {status}")


async def _logins(api: KubernetesApi, pod: Object, host: str) -> AsyncIterator[str]:
    """The logins to a registry in the pull secrets of the pod, as headers ``Authorization``."""
    for reference in pod["spec"].get("imagePullSecrets") or []:
        namespace = pod["metadata"]["namespace"]
        try:
            secret = await api.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{reference['name']}")
            document = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
            login = document["auths"][host]
            yield basic((login["username"], login["password"]))
        except (ApiError, KeyError, ValueError, binascii.Error):
            continue  # as a kubelet, which pulls without it


def _images(pod: Object) -> Iterator[str]:
    for kind in ("initContainers", "containers"):
        yield from (container["image"] for container in pod["spec"].get(kind) or [])


def _is_due(pod: Object) -> bool:
    gone = "deletionTimestamp" in pod["metadata"] or not pod["spec"].get("nodeName")
    return not gone and PULLED not in annotations_of(pod) and waiting(pod) in _WAITING


def _has_failed(pod: Object) -> bool:
    return waiting(pod) in _WAITING - {"ContainerCreating"}
