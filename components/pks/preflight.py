"""``FoundationPreflight``: whether the foundation can serve the cluster that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.pks import unrecorded
from components.pks.cli import Document, Pks
from components.pks.network_profile import taken_by_other
from components.pks.provider import PksProvider
from components.runtime.preflight import VACANT, PreflightProvider
from components.runtime.provider import Properties, plain
from domain.cluster import ClusterSpec, LiveCluster, adoption_findings, node_pools
from domain.finding import Finding
from domain.network_profile import same_parameters

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


class FoundationPreflightProvider(PreflightProvider, PksProvider):
    """Asks PKS once and reports everything that it would refuse."""

    observed = (*_PLAN_FIELDS, *_OF_THE_CLUSTER, "network_profile_parameters")

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Finding]:
        return _problems(self.pks, wanted, created=before.get("name") == wanted["name"])

    def free_names(self, wanted: Properties) -> Iterable[str]:
        return unrecorded.free_names(self.pks, wanted)

    def remove(self, id_: str, known: Properties) -> None:
        del id_
        unrecorded.remove(self.pks, known, known.get(VACANT) or ())

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        live = _named(self.pks.plans(), known["plan"])
        if live is None:
            return None
        return plain({name: live[field] for name, field in _PLAN_FIELDS.items() if field in live})


class FoundationPreflight(Resource, module="pks", name="FoundationPreflight"):
    """Preflight of plan, profiles and names, type ``pulumi-python:dynamic/pks:FoundationPreflight``.

    Everything else depends on it, so nothing is created when PKS cannot serve the cluster.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        spec: ClusterSpec,
        masters: int,
        workers: int,
        privileged: bool,
        network_profile_parameters: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            spec: The cluster that is wanted.
            masters: Masters that the plan must give.
            workers: Workers that the plan must give.
            privileged: Whether the plan must allow privileged containers.
            network_profile_parameters: Parameters of the spec's network profile.
            opts: Options.
        """
        inputs = spec.inputs()
        props = {
            **{name: inputs[name] for name in _OF_THE_CLUSTER},
            "masters": masters,
            "workers": workers,
            "privileged": privileged,
            "network_profile_parameters": dict(network_profile_parameters),
        }
        super().__init__(FoundationPreflightProvider(), resource_name, props, opts)


def _problems(pks: Pks, wanted: Properties, *, created: bool) -> Iterator[Finding]:
    """Everything that PKS would refuse; a cluster that the stack has created is not compared."""
    pks.login()
    with ThreadPoolExecutor() as pool:
        plans = pool.submit(pks.plans)
        profiles = pool.submit(pks.network_profiles) if wanted["network_profile"] else None
        computes = pool.submit(pks.compute_profiles) if wanted["compute_profile"] else None
        clusters = pool.submit(pks.clusters)
    yield from _plan_findings(plans.result(), wanted)
    if profiles and not created:
        yield from _profile_findings(pks, _named(profiles.result(), wanted["network_profile"]), wanted)
    if computes:
        yield from _compute_findings(pks, computes.result(), wanted)
    yield from _cluster_findings(clusters.result(), wanted, pks.name, created=created)


def _plan_findings(plans: Sequence[Document], wanted: Properties) -> Iterator[Finding]:
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
        if has is not None and plain({name: has})[name] != wanted[name]:
            yield Finding(
                name,
                f"plan {wanted['plan']!r} has {field} {has}, not {wanted[name]}",
                "Choose another plan, or give the plan's value",
            )


def _profile_findings(pks: Pks, profile: Document | None, wanted: Properties) -> Iterator[Finding]:
    if profile is None:
        return
    name = wanted["network_profile"]
    if "parameters" not in profile:  # the list may hold names only
        profile = pks.network_profile(name) or {}
    parameters = profile.get("parameters") or {}
    if not same_parameters(parameters, wanted["network_profile_parameters"]):
        yield taken_by_other(name, parameters, "network_profile")


def _compute_findings(pks: Pks, profiles: Sequence[Document], wanted: Properties) -> Iterator[Finding]:
    """TKGI refuses names that are no pools of the profile (docs-pks 1.20 `compute-profiles-use`)."""
    name, instances = wanted["compute_profile"], wanted["node_pool_instances"]
    profile = _named(profiles, name)
    if profile is None:
        yield Finding(
            "compute_profile",
            f"there is no compute profile {name!r}; PKS has {_names(profiles)}",
            "Choose one of these",
        )
        return
    if "parameters" not in profile:  # the list may hold names only
        profile = pks.compute_profile(name) or {}
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


def _cluster_findings(
    clusters: Sequence[LiveCluster], wanted: Properties, cli: str, *, created: bool
) -> Iterator[Finding]:
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


def _named(items: Sequence[Document], name: str) -> Document | None:
    return next((item for item in items if item["name"] == name), None)


def _names(items: Sequence[Document]) -> str:
    return ", ".join(sorted(item["name"] for item in items)) or "none"
