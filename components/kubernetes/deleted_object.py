"""``DeletedObject``: an object that is deleted each time something creates it again."""

from __future__ import annotations

from typing import Any

import pulumi

from components.kubernetes import api
from components.kubernetes.api import KubernetesError
from components.kubernetes.provider import ClusterProvider
from components.runtime.errors import log
from components.runtime.provider import Properties
from components.runtime.resource import DynamicResource
from components.runtime.waiting import QUICK, wait

_TIMEOUT_SECONDS = 120


class DeletedObjectProvider(ClusterProvider):
    """Deletes at creation, when the creator has run again, and when a refresh has found the object."""

    updates = ("path", "creator", "kubeconfig")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        path = wanted["path"]
        with api.client(wanted["kubeconfig"]) as kubernetes:
            wait(
                f"deletion of {path}",
                lambda: ("it is being deleted", None if kubernetes.delete(path) else True),
                timeout=_TIMEOUT_SECONDS,
                pace=QUICK,
                resume="Check its finalizers, then run `pulumi up` again",
            )
        return {}

    def identity(self, properties: Properties) -> str:
        return str(properties["path"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        try:
            with api.client(known["kubeconfig"]) as kubernetes:
                exists = kubernetes.get(known["path"]) is not None
        except KubernetesError as error:
            log.warning("warning: whether %s is deleted is unknown: %s", id_, error)
            return {}
        return None if exists else {}


class DeletedObject(DynamicResource, module="kubernetes", name="DeletedObject"):
    """No object at a path of the Kubernetes API, type ``pulumi-python:dynamic/kubernetes:DeletedObject``."""

    def __init__(
        self,
        resource_name: str,
        *,
        path: pulumi.Input[str],
        creator: pulumi.Input[Any],
        kubeconfig: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            path: The object's path, such as ``/apis/apps/v1/namespaces/x/deployments/y``.
            creator: Value that changes whenever the object may have been created again.
            kubeconfig: Secret.
            opts: Must depend on what creates the object.
        """
        props = {"path": path, "creator": creator, "kubeconfig": kubeconfig}
        super().__init__(DeletedObjectProvider(), resource_name, props, opts, secrets=["kubeconfig"])
