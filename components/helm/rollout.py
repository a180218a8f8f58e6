"""``Rollout``: waits until everything that a Helm release runs is ready."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.helm import workloads
from components.helm.engine import ReleaseSpec
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, KubernetesError, UnreachableError
from components.kubernetes.provider import ClusterProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties
from components.runtime.waiting import STEADY, wait

RESUME = "Fix the cause, then run `pulumi up` again to continue"


class RolloutProvider(ClusterProvider):
    """Waits at creation, and when the release has another revision or is in another cluster."""

    updates = ("release", "namespace", "revision", "kubeconfig")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        _wait(wanted)
        return {}

    def identity(self, properties: Properties) -> str:
        return f"{properties['namespace']}/{properties['release']}"


class Rollout(Resource, module="helm", name="Rollout"):
    """A release with ready workloads, type ``pulumi-python:dynamic/helm:Rollout``."""

    def __init__(
        self,
        resource_name: str,
        spec: ReleaseSpec,
        revision: pulumi.Input[Any],
        kubeconfig: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource; ``revision`` changes with each revision of the release."""
        props = {
            "release": spec.release,
            "namespace": spec.namespace,
            "revision": revision,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "timeout_minutes": spec.timeout_minutes,
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

        what = f"rollout of Helm release {release}"
        try:
            wait(what, poll, timeout=minutes * 60, pace=STEADY, resume=RESUME)
        except KubernetesError:
            raise
        except ProviderError as error:
            reasons = _reasons(kubernetes, namespace, release)
            if not reasons:
                raise
            lines = [f"{what}: not ready after {minutes:g} minutes:", *reasons, RESUME]
            raise ProviderError("\n".join(lines), *error.properties) from error


def _reasons(kubernetes: Kubernetes, namespace: str, release: str) -> list[str]:
    try:
        return workloads.diagnose(kubernetes, namespace, workloads.find(kubernetes, namespace, release))
    except KubernetesError as error:
        return [f"the reasons are unknown: {error}"]
