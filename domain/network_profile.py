"""Changes of a network profile (docs-pks 1.2 to TKGI 1.20 `network-profiles-define`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.finding import Finding

_DEFAULTS: Mapping[str, object] = {
    "lb_size": "small",
    "pod_subnet_prefix": 24,
    "pod_routable": False,
    "node_routable": False,
    "failover_mode": "PREEMPTIVE",
}
"""Values of absent keys (docs-pks 1.5 and 1.19 `network-profiles-define`)."""

_FLAGS = ("pod_routable", "node_routable")

_GROWING = ("pod_ip_block_ids", "fip_pool_ids", "node_ip_block_ids")
"""Lists of a running cluster's profile that can be extended or reordered, never shortened."""

_CHANGEABLE = ("nodes_dns", "cni_configurations")
"""Other keys of a running cluster's profile that can change (TKGI 1.19; before, PKS itself refuses them)."""


def flag(value: object) -> object:
    """A boolean, which samples of the documentation quote (docs-pks 1.4 to 1.20 `network-profiles-edge`)."""
    return value == "true" if value in ("true", "false") else value


def same_parameters(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two profiles mean the same: an absent key equals an empty value and the default."""
    return _normal(one) == _normal(other)


def transition_findings(
    old: Mapping[str, Any], new: Mapping[str, Any], key: str = "parameters"
) -> Iterator[Finding]:
    """Why a running cluster cannot change from one profile's parameters to another's.

    Source: docs-pks 1.5 `network-profiles` and 1.19 `network-profiles-define` ("field ... has conflict").
    """
    before, after = _normal(old), _normal(new)
    for name in sorted(before.keys() | after.keys()):
        was, wanted = before.get(name), after.get(name)
        if was == wanted or name in _CHANGEABLE:
            continue
        if name not in _GROWING:
            yield Finding(
                key, f"{name} of a running cluster cannot change (from {was!r} to {wanted!r})", "Keep it"
            )
        elif missing := [item for item in was or [] if item not in (wanted or [])]:
            yield Finding(
                key, f"{name} of a running cluster can only grow", f"Add {', '.join(missing)} again"
            )


def change_findings(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Finding]:
    """Why PKS refuses to change a profile, each given by its ``name`` and ``parameters``."""
    old, new = before["parameters"], wanted["parameters"]
    if same_parameters(old, new):
        return
    if before["name"] == wanted["name"]:
        yield Finding(
            "parameters",
            f"PKS cannot change the network profile {wanted['name']!r}",
            "Give the new parameters another profile name: the cluster moves to it, and the old profile "
            "is deleted",
        )
    yield from transition_findings(old, new)


def taken_by_other(name: str, parameters: Mapping[str, Any], key: str = "name") -> Finding:
    """The finding for a profile name that has other parameters."""
    return Finding(
        key,
        f"network profile {name!r} exists with other parameters: {dict(parameters)}",
        "Choose another name, or give these parameters",
    )


def _normal(parameters: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in parameters.items() if value not in (None, "", [], {})}
    flags = {name: flag(given[name]) for name in _FLAGS if name in given}
    return {**_DEFAULTS, **given, **flags}
