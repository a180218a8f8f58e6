"""State of Rancher's pods as read by the simulator. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.cluster.api import Object, annotations_of

MOUNTED = "lab/mounted"
"""Annotation of a pod whose volumes exist; KWOK runs a Rancher pod only with it."""


@dataclass(frozen=True)
class Obstacle:
    """Why a kubelet would fail to start a container."""

    reason: str
    """Reason of the waiting container."""
    event_reason: str
    message: str


def is_rancher(pod: Object) -> bool:
    """Whether the pod is a Rancher pod that is not being deleted."""
    metadata = pod["metadata"]
    return (metadata.get("labels") or {}).get("app") == "rancher" and "deletionTimestamp" not in metadata


def is_mounted(pod: Object) -> bool:
    """Whether the simulator has let the pod start. A subPath mount never changes after that."""
    return MOUNTED in annotations_of(pod)


def version(pod: Object) -> str:
    """Returns Rancher's version, which is the tag of its image."""
    image: str = pod["spec"]["containers"][0]["image"]
    return image.partition("@")[0].rpartition(":")[2]


def environment(pod: Object) -> dict[str, str]:
    """Returns the variables of the pod's first container."""
    variables = pod["spec"]["containers"][0].get("env") or []
    return {entry["name"]: entry.get("value", "") for entry in variables}


def obstacle(pod: Object, secrets: Mapping[str, Object]) -> Obstacle | None:
    """Returns the first reason why the pod cannot start: a mounted Secret, or a key of one, is missing.

    A missing Secret keeps the pod in ContainerCreating. A missing key that is mounted by subPath becomes an
    empty directory, which makes Rancher exit: hence the article's warning that the file must be named
    cacerts.pem.
    """
    for volume, secret_name in _secret_volumes(pod):
        secret = secrets.get(f"{pod['metadata']['namespace']}/{secret_name}")
        if secret is None:
            text = f'MountVolume.SetUp failed for volume "{volume}" : secret "{secret_name}" not found'
            return Obstacle("ContainerCreating", "FailedMount", text)
        for container in pod["spec"]["containers"]:
            for mount in container.get("volumeMounts") or []:
                key = mount.get("subPath")
                if mount["name"] == volume and key and key not in (secret.get("data") or {}):
                    text = f"Back-off restarting failed container: {mount['mountPath']} is a directory"
                    return Obstacle("CrashLoopBackOff", "BackOff", text)
    return None


def mounts(pod: Object, secret: str) -> bool:
    """Whether the pod mounts a Secret."""
    return any(name == secret for _, name in _secret_volumes(pod))


def _secret_volumes(pod: Object) -> Iterator[tuple[str, str]]:
    for volume in pod["spec"].get("volumes") or []:
        if "secret" in volume and not volume["secret"].get("optional"):
            yield volume["name"], volume["secret"]["secretName"]
