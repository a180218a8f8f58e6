"""``Absent``: an object that must not be there, deleted each time something makes it again."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components import kube
from components.kube import KubernetesError, UnreachableError
from components.provider import Properties, Provider, changed, log, plain, wait

_TIMEOUT_SECONDS = 120


class AbsentProvider(Provider):
    """Deletes at creation, when the maker has run again, and when a refresh has found the object."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        other = not kube.same_cluster(_olds.get("kubeconfig"), _news.get("kubeconfig"))
        return DiffResult(changes=other or bool(changed(_olds, _news, ["path", "maker"])))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        _delete(wanted)
        return CreateResult(str(wanted["path"]), wanted)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        wanted = plain(_news)
        _delete(wanted)
        return UpdateResult(wanted)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        try:
            with kube.client(known["kubeconfig"]) as kubernetes:
                back = kubernetes.get(known["path"]) is not None
        except KubernetesError as error:
            log.warning("warning: not known whether %s is absent: %s", id_, error)
            back = False
        return ReadResult("", {}) if back else ReadResult(id_, known)


class Absent(Resource, module="kube", name="Absent"):
    """No object at a path of the Kubernetes API, type ``pulumi-python:dynamic/kube:Absent``."""

    def __init__(
        self,
        resource_name: str,
        *,
        path: pulumi.Input[str],
        maker: pulumi.Input[Any],
        kubeconfig: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            path: The object's path, such as ``/apis/apps/v1/namespaces/x/deployments/y``.
            maker: Value that changes whenever the object may have been made again.
            kubeconfig: Secret.
            opts: Must depend on what makes the object.
        """
        props = {"path": path, "maker": maker, "kubeconfig": pulumi.Output.secret(kubeconfig)}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(AbsentProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _delete(wanted: Properties) -> None:
    path = wanted["path"]
    with kube.client(wanted["kubeconfig"]) as kubernetes:

        def poll() -> tuple[str, bool | None]:
            try:
                return "it is being deleted", None if kubernetes.delete(path) else True
            except UnreachableError as error:
                return str(error), None

        wait(
            f"deletion of {path}",
            poll,
            timeout=_TIMEOUT_SECONDS,
            first=0.2,
            resume="See its finalizers, and run pulumi up again",
        )
