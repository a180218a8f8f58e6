"""``python -m capacity measure``: what a live Rancher has stored, and the table's line for its version.

It reads the Kubernetes API of the cluster that Rancher runs on. A kubeconfig is hostile input: commands and
other files of this machine that it names are refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from capacity.model.census import Census, Stored, census
from capacity.model.plan import CapacityError
from capacity.report import census as report
from components.kubernetes import api, stored
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError
from domain.versions import Version

_MANAGEMENT = "/apis/management.cattle.io/v3"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_RANCHER = "/apis/apps/v1/namespaces/cattle-system/deployments/rancher"
_STANDARD_INPUT = Path("-")


def measure(kubeconfig: Path | None, outputs: Path | None, version: str, form: str) -> str:
    """The census of a Rancher as text.

    Args:
        kubeconfig: File with access to the cluster that Rancher runs on.
        outputs: File with the stack's outputs as JSON, in place of it; ``-``: standard input.
        version: Rancher's version; empty: that of its Deployment.
        form: ``table`` or ``json``.

    Raises:
        CapacityError: The cluster cannot be read, or has no Rancher.
        OSError: The file cannot be read.
    """
    access = kubeconfig.read_text() if kubeconfig else _kubeconfig(outputs or _STANDARD_INPUT)
    try:
        with api.client(access) as kubernetes:
            found = take(kubernetes, version)
    except ProviderError as error:
        raise CapacityError(str(error)) from None
    return report.as_json(found) if form == "json" else report.as_table(found)


def take(kubernetes: Kubernetes, version: str = "") -> Census:
    """The census of the cluster.

    Raises:
        CapacityError: It has no Rancher, or one of unknown version.
        ProviderError: It cannot be read.
    """
    management = {
        kind: kubernetes.list(f"{_MANAGEMENT}/{kind}")
        for kind in (
            *("clusters", "projects", "users"),
            *("clusterroletemplatebindings", "projectroletemplatebindings"),
        )
    }
    if not management["clusters"]:
        raise CapacityError(
            "measure: the cluster has no clusters.management.cattle.io, so Rancher does not run on it. Give "
            "the kubeconfig of Rancher's own cluster (`local`)"
        )
    return census(
        _version(kubernetes, version),
        namespaces=kubernetes.list("/api/v1/namespaces"),
        clusters=management["clusters"],
        projects=management["projects"],
        users=management["users"],
        cluster_members=management["clusterroletemplatebindings"],
        project_members=management["projectroletemplatebindings"],
        stored=Stored(
            role_bindings=stored.count(kubernetes, f"{_RBAC}/rolebindings"),
            cluster_role_bindings=stored.count(kubernetes, f"{_RBAC}/clusterrolebindings"),
            keys=stored.count_all(kubernetes),
            etcd_bytes=stored.etcd_bytes(kubernetes),
        ),
    )


def _kubeconfig(outputs: Path) -> str:
    """The kubeconfig among a stack's outputs."""
    text = sys.stdin.read() if outputs == _STANDARD_INPUT else outputs.read_text()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    found = document.get("kubeconfig") if isinstance(document, dict) else None
    if not isinstance(found, str) or "clusters:" not in found:
        raise CapacityError(
            f"{outputs}: no output kubeconfig. Give what `pulumi stack output --json --show-secrets` of the "
            "server's stack prints"
        )
    return found


def _version(kubernetes: Kubernetes, given: str) -> Version:
    """Rancher's version: that given, or the tag of its image."""
    try:
        containers = (kubernetes.get(_RANCHER) or {})["spec"]["template"]["spec"]["containers"]
        found = given or str(containers[0]["image"]).rpartition(":")[2]
    except (KeyError, IndexError, TypeError):
        found = given
    try:
        return Version.parse(found)
    except ValueError:
        raise CapacityError(
            "--rancher-version: Rancher's Deployment has no image with a version as its tag. Give the version"
        ) from None
