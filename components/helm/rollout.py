"""Waits until everything that a release runs is ready; says what is not when time is up."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from components.helm import workloads
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, KubernetesError, UnreachableError
from components.kubernetes.kubeconfig import same_cluster
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, Provider, changed, plain, wait


class RolloutProvider(Provider):
    """Waits at creation and whenever the release has another revision or is in another cluster."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        other = not same_cluster(_olds.get("kubeconfig"), _news.get("kubeconfig"))
        return DiffResult(changes=other or bool(changed(_olds, _news, ["release", "namespace", "revision"])))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        _wait(wanted)
        return CreateResult(f"{wanted['namespace']}/{wanted['release']}", wanted)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        wanted = plain(_news)
        _wait(wanted)
        return UpdateResult(wanted)


class Rollout(Resource, module="helm", name="Rollout"):
    """A release whose workloads are ready, type ``pulumi-python:dynamic/helm:Rollout``."""

    def __init__(
        self,
        resource_name: str,
        *,
        release: str,
        namespace: pulumi.Input[str],
        revision: pulumi.Input[int] | pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "release": release,
            "namespace": namespace,
            "revision": revision,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "timeout_minutes": timeout_minutes,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(RolloutProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _wait(wanted: Properties) -> None:
    namespace, release, minutes = wanted["namespace"], wanted["release"], wanted["timeout_minutes"]
    with kube.client(wanted["kubeconfig"]) as kubernetes:

        def poll() -> tuple[str, bool | None]:
            try:
                found = workloads.find(kubernetes, namespace, release)
            except UnreachableError as error:
                return str(error), None
            waiting = [str(item) for item in found if not item.is_ready]
            return ", ".join(waiting), None if waiting else True

        what = f"roll-out of Helm release {release}"
        try:
            wait(what, poll, timeout=minutes * 60, first=0.5, cap=10, resume=_RESUME)
        except ProviderError as error:
            reasons = _reasons(kubernetes, namespace, release)
            if not reasons:
                raise
            lines = [f"{what}: not ready after {minutes:g} minutes:", *reasons, _RESUME]
            raise ProviderError("\n".join(lines)) from error


_RESUME = "Mend the cause and run pulumi up again: it goes on from here"


def _reasons(kubernetes: Kubernetes, namespace: str, release: str) -> list[str]:
    try:
        return workloads.diagnose(kubernetes, namespace, workloads.find(kubernetes, namespace, release))
    except KubernetesError as error:
        return [f"the reasons are not known: {error}"]
