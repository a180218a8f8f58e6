"""What a PKS foundation must have for a cluster: plan, profiles, free names, a Kubernetes version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.cluster import ClusterSpec, Document, LiveCluster, adoption_findings, node_pools
from domain.finding import Finding
from domain.foundation_version import deployed, findings
from domain.network_profile import same_parameters, taken_by_other

Inputs = Mapping[str, Any]
"""See ``inputs``."""

_PLAN_FIELDS = {
    "masters": "master_instances",
    "workers": "worker_instances",
    "privileged": "allow-privileged-containers",
}
_OF_THE_CLUSTER = (
    "name",
    "external_hostname",
    "plan",
    "network_profile",
    "compute_profile",
    "node_pool_instances",
)


def inputs(
    spec: ClusterSpec,
    *,
    masters: int,
    workers: int,
    privileged: bool,
    network_profile_parameters: Mapping[str, Any],
    kubernetes_version: str,
    check_kubernetes: bool,
) -> dict[str, Any]:
    """The wanted cluster, as the findings below read it.

    Args:
        spec: The cluster that is wanted.
        masters: Masters that the plan must give.
        workers: Workers that the plan must give.
        privileged: Whether the plan must allow privileged containers.
        network_profile_parameters: Parameters of the spec's network profile.
        kubernetes_version: ``major.minor`` that the foundation must deploy; empty: any.
        check_kubernetes: Whether another version is an error; otherwise it is a warning.
    """
    known = spec.inputs()
    return {
        **{name: known[name] for name in _OF_THE_CLUSTER},
        "masters": masters,
        "workers": workers,
        "privileged": privileged,
        "network_profile_parameters": dict(network_profile_parameters),
        "kubernetes_version": kubernetes_version,
        "check_kubernetes": check_kubernetes,
    }


def plan_findings(plans: Sequence[Document], wanted: Inputs) -> Iterator[Finding]:
    """Why the plan is not the wanted one."""
    plan = _named(plans, wanted["plan"])
    if plan is None:
        yield Finding(
            "plan",
            f"there is no plan {wanted['plan']!r}; PKS has {_names(plans)}",
            "Choose one of these, or activate the plan in the PKS tile",
        )
        return
    for name, field in _PLAN_FIELDS.items():
        has = plan.get(field)
        if has is not None and has != wanted[name]:
            yield Finding(
                name,
                f"plan {wanted['plan']!r} has {field} {has}, not {wanted[name]}",
                "Choose another plan, or give the plan's value",
            )


def profile_findings(profile: Document | None, wanted: Inputs) -> Iterator[Finding]:
    """Why a network profile of the wanted name cannot be taken over."""
    parameters = (profile or {}).get("parameters") or {}
    if profile is not None and not same_parameters(parameters, wanted["network_profile_parameters"]):
        yield taken_by_other(wanted["network_profile"], parameters, "network_profile")


def compute_findings(
    profiles: Sequence[Document], profile: Document | None, wanted: Inputs
) -> Iterator[Finding]:
    """TKGI refuses names that are no pools of the profile (docs-pks 1.20 `compute-profiles-use`)."""
    name, instances = wanted["compute_profile"], wanted["node_pool_instances"]
    if not name:
        return
    if profile is None:
        yield Finding(
            "compute_profile",
            f"there is no compute profile {name!r}; PKS has {_names(profiles)}",
            "Choose one of these",
        )
        return
    pools = node_pools(profile.get("parameters") or {})
    for pool, number in sorted(instances.items()):
        most = pools.get(pool, {}).get("max_worker_instances")
        if pool not in pools:
            known = ", ".join(sorted(pools)) or "none"
            yield Finding(
                "node_pool_instances",
                f"compute profile {name!r} has no node pool {pool!r}; its pools: {known}",
                "Name pools of the profile",
            )
        elif isinstance(most, int) and number > most:
            yield Finding(
                "node_pool_instances",
                f"node pool {pool!r} of compute profile {name!r} has at most {most} workers, not {number}",
                "Give a smaller number, or use a profile with a higher max_worker_instances",
            )


def cluster_findings(
    clusters: Sequence[LiveCluster], wanted: Inputs, cli: str, *, created: bool
) -> Iterator[Finding]:
    """Why names are not free; ``created``: the stack has created the cluster."""
    hostname = wanted["external_hostname"]
    for live in clusters:
        if live.name == wanted["name"]:
            if not created:
                yield from adoption_findings(live, wanted, cli)
        elif live.values().get("external_hostname") == hostname:
            yield Finding(
                "external_hostname",
                f"{hostname!r} is the external hostname of cluster {live.name!r}",
                "Give a name that no other cluster has",
            )


def is_comparable(clusters: Sequence[LiveCluster], wanted: Inputs) -> bool:
    """Whether the clusters show if the wanted Kubernetes version is right.

    A cluster that exists is compared itself, elsewhere.
    """
    exists = any(live.name == wanted["name"] for live in clusters)
    return exists or not wanted["kubernetes_version"] or deployed(clusters) is not None


def version_findings(clusters: Sequence[LiveCluster], wanted: Inputs) -> Iterator[Finding]:
    """Why a new cluster would have another Kubernetes version."""
    version, found = wanted["kubernetes_version"], deployed(clusters)
    if version and found and not any(live.name == wanted["name"] for live in clusters):
        for finding in findings(version, found, strict=wanted["check_kubernetes"]):
            yield replace(finding, key="kubernetes_version,check_kubernetes")


def _named(items: Sequence[Document], name: str) -> Document | None:
    return next((item for item in items if item["name"] == name), None)


def _names(items: Sequence[Document]) -> str:
    return ", ".join(sorted(item["name"] for item in items)) or "none"
