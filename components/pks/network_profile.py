"""Network profile: the NSX-T settings of a cluster (docs-pks 1.5 `network-profiles`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, Resource

from components.pks.cli import PksError
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, changed, plain

_DEFAULTS: Mapping[str, object] = {
    "lb_size": "small",
    "pod_subnet_prefix": 24,
    "pod_routable": False,
    "node_routable": False,
    "failover_mode": "PREEMPTIVE",
}
"""Values that a missing key stands for (docs-pks 1.5 and 1.19 `network-profiles-define`)."""

_GROWING = ("pod_ip_block_ids", "fip_pool_ids", "node_ip_block_ids")
"""Lists of a running cluster's profile that may be extended or reordered, never shortened."""

_CHANGEABLE = ("nodes_dns", "cni_configurations")
"""Other keys of a running cluster's profile that may change (TKGI 1.19; PKS itself refuses them before)."""


def same_parameters(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two profiles mean the same: empty values are as good as none, defaults are filled in."""
    return _normal(one) == _normal(other)


def transition_problems(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Why a running cluster cannot go from one profile's parameters to another's.

    Source: docs-pks 1.5 `network-profiles` and 1.19 `network-profiles-define` ("field ... has conflict").
    """
    before, after = _normal(old), _normal(new)
    for key in sorted(before.keys() | after.keys()):
        was, wanted = before.get(key), after.get(key)
        if was == wanted or key in _CHANGEABLE:
            continue
        if key not in _GROWING:
            yield f"{key} of a running cluster cannot change (from {was!r} to {wanted!r}); keep it"
        elif missing := [item for item in was or [] if item not in (wanted or [])]:
            yield f"{key} of a running cluster can only grow; add {', '.join(missing)} again"


class NetworkProfileProvider(PksProvider):
    """A profile cannot be changed in PKS, only exchanged for another one of another name."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        olds, wanted = plain(_olds), plain(news)
        failures = []
        if olds and not same_parameters(olds["parameters"], wanted["parameters"]):
            if olds["profile"] == wanted["profile"]:
                reason = (
                    f"PKS cannot change the network profile {wanted['profile']!r}. Give the new parameters a "
                    "new name (config networkProfile): the cluster moves to it and the old one is deleted"
                )
                failures.append(CheckFailure("parameters", reason))
            failures += [
                CheckFailure("parameters", f"networkProfileParameters: {problem}")
                for problem in transition_problems(olds["parameters"], wanted["parameters"])
            ]
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        different = changed(_olds, _news, ["profile", "parameters"])
        if different == ["parameters"] and same_parameters(
            plain(_olds)["parameters"], plain(_news)["parameters"]
        ):
            different = []
        return DiffResult(changes=bool(different), replaces=different, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        name, parameters = wanted["profile"], wanted["parameters"]
        document = {"name": name, "description": wanted["profile_description"], "parameters": parameters}
        try:
            self.pks.create_network_profile(document)
        except PksError:
            found = self.pks.network_profile(name)
            if found is None:
                raise
            if not same_parameters(found.get("parameters") or {}, parameters):
                raise ProviderError(in_use(name, found.get("parameters") or {})) from None
            log.info("network profile %s exists with the wanted parameters: taken over", name)
        return CreateResult(name, wanted)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        found = self.pks.network_profile(id_)
        if found is None:
            return ReadResult("", {})
        known = plain(props)
        live = found.get("parameters") or {}
        if not same_parameters(live, known["parameters"]):
            known["parameters"] = live
        return ReadResult(id_, known)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        try:
            self.pks.delete_network_profile(_id)
        except PksError as error:
            if self.pks.network_profile(_id) is None:
                return
            users = [c["name"] for c in self.pks.clusters() if c.get("network_profile_name") == _id]
            if not users:
                raise
            log.warning("network profile %s stays, as it is in use by %s (%s)", _id, ", ".join(users), error)


class NetworkProfile(Resource, module="pks", name="NetworkProfile"):
    """A network profile of the foundation, type ``pulumi-python:dynamic/pks:NetworkProfile``."""

    def __init__(
        self,
        resource_name: str,
        *,
        profile: str,
        description: str,
        parameters: Properties,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {"profile": profile, "profile_description": description, "parameters": parameters}
        super().__init__(NetworkProfileProvider(), resource_name, props, opts)


def in_use(name: str, parameters: Mapping[str, Any]) -> str:
    """The message for a profile whose name is taken by other parameters."""
    return (
        f"network profile {name!r} exists with other parameters: {dict(parameters)}. Choose another name "
        "(config networkProfile), or set networkProfileParameters to these"
    )


def _normal(parameters: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in plain(parameters).items() if value not in (None, "", [], {})}
    return {**_DEFAULTS, **given}
