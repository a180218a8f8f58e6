"""What the foundation must offer before anything is created: asked once, every problem told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.dynamic import ReadResult, Resource

from components.pks.cli import Pks
from components.pks.cluster import adoption_problems
from components.pks.network_profile import in_use, same_parameters
from components.pks.provider import PksProvider
from components.runtime.preflight import InspectionProvider, Problem
from components.runtime.provider import Properties, plain


class FoundationProvider(InspectionProvider, PksProvider):
    """Asks PKS."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Problem]:
        return _problems(self.pks, wanted, created=before.get("cluster") == wanted["cluster"])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        live = _named(self.pks.plans(), known["plan"])
        if live is None:
            return ReadResult("", {})
        found = {name: live.get(field, known[name]) for name, field in _PLAN_FIELDS.items()}
        return ReadResult(id_, {**known, **plain(found)})


class Foundation(Resource, module="pks", name="Foundation"):
    """The plan and names that a cluster needs, type ``pulumi-python:dynamic/pks:Foundation``.

    Everything else depends on it, so nothing is created when PKS cannot serve the wanted cluster.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        plan: str,
        masters: int,
        workers: int,
        privileged: bool,
        cluster: str,
        external_hostname: str,
        network_profile: str,
        network_profile_parameters: Properties,
        compute_profile: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "plan": plan,
            "masters": masters,
            "workers": workers,
            "privileged": privileged,
            "cluster": cluster,
            "external_hostname": external_hostname,
            "network_profile": network_profile,
            "network_profile_parameters": network_profile_parameters,
            "compute_profile": compute_profile,
        }
        super().__init__(FoundationProvider(), resource_name, props, opts)


_PLAN_FIELDS = {
    "masters": "master_instances",
    "workers": "worker_instances",
    "privileged": "allow-privileged-containers",
}
_PLAN_CONFIG = {"masters": "planMasters", "workers": "planWorkers", "privileged": "planPrivileged"}


def _problems(pks: Pks, wanted: Properties, *, created: bool) -> Iterator[Problem]:
    """Everything that PKS would refuse; a cluster that the stack has created is not compared."""
    pks.login()
    with ThreadPoolExecutor() as pool:
        plans = pool.submit(pks.plans)
        profiles = pool.submit(pks.network_profiles) if wanted["network_profile"] else None
        computes = pool.submit(pks.compute_profiles) if wanted["compute_profile"] else None
        clusters = pool.submit(pks.clusters)
    yield from _plan_problems(plans.result(), wanted)
    if profiles and not created:
        yield from _profile_problems(pks, _named(profiles.result(), wanted["network_profile"]), wanted)
    if computes and _named(computes.result(), wanted["compute_profile"]) is None:
        names = _names(computes.result())
        yield "compute_profile", f"there is no compute profile {wanted['compute_profile']!r}; PKS has {names}"
    yield from _cluster_problems(clusters.result(), wanted, created=created)


def _plan_problems(plans: list[dict[str, Any]], wanted: Properties) -> Iterator[Problem]:
    plan = _named(plans, wanted["plan"])
    if plan is None:
        yield (
            "plan",
            f"there is no plan {wanted['plan']!r}; PKS has {_names(plans)}. Set config plan to one of "
            "these, or activate the plan in the PKS tile",
        )
        return
    for name, field in _PLAN_FIELDS.items():
        has = plan.get(field)
        if has is not None and plain({name: has})[name] != wanted[name]:
            yield (
                name,
                f"plan {wanted['plan']!r} has {field} {has}, the config wants {wanted[name]} "
                f"({_PLAN_CONFIG[name]}). Choose another plan, or set {_PLAN_CONFIG[name]} to the plan's",
            )


def _profile_problems(pks: Pks, profile: dict[str, Any] | None, wanted: Properties) -> Iterator[Problem]:
    if profile is None:
        return
    if "parameters" not in profile:  # the list may hold names only
        profile = pks.network_profile(wanted["network_profile"]) or {}
    parameters = profile.get("parameters") or {}
    if not same_parameters(parameters, wanted["network_profile_parameters"]):
        yield "network_profile", in_use(wanted["network_profile"], parameters)


def _cluster_problems(
    clusters: list[dict[str, Any]], wanted: Properties, *, created: bool
) -> Iterator[Problem]:
    for cluster in clusters:
        if cluster["name"] == wanted["cluster"]:
            if not created:
                yield from (("cluster", problem) for problem in adoption_problems(cluster, wanted))
        elif (cluster.get("parameters") or {}).get("kubernetes_master_host") == wanted["external_hostname"]:
            yield (
                "external_hostname",
                f"{wanted['external_hostname']!r} is the external hostname of cluster {cluster['name']!r}. "
                "Set config externalHostname to a name that no other cluster has",
            )


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((item for item in items if item["name"] == name), None)


def _names(items: list[Mapping[str, Any]] | list[dict[str, Any]]) -> str:
    return ", ".join(sorted(item["name"] for item in items)) or "none"
