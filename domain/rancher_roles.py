"""What Rancher's roles allow, as far as it makes namespaces. Pure.

Rules are those of Kubernetes' RBAC, in the fields of Rancher's API. The built-in roles are in rancher/rancher
``role_data.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Rule = Mapping[str, Any]

BASE = "user-base"
"""Global role that suffices to log in and to use what one is a member of."""
MEMBER = "cluster-member"
"""Role of a cluster's members, which may create projects."""
_CREATE = {"create", "*"}
_MANAGEMENT = {"management.cattle.io", "*"}
_CLUSTERS = (_MANAGEMENT | {"provisioning.cattle.io"}, {"clusters", "*"})
_WORKSPACES = (_MANAGEMENT, {"fleetworkspaces", "*"})
_PROJECTS = (_MANAGEMENT, {"projects", "*"})
_ANYTHING = "*"


def may_import(rules: Iterable[Rule]) -> bool:
    """Whether a global role lets its users add clusters, or workspaces, which are namespaces too."""
    return any(_creates(rule, *kind) for rule in rules for kind in (_CLUSTERS, _WORKSPACES))


def may_create_projects(rules: Iterable[Rule]) -> bool:
    """Whether a role in a cluster lets its members create projects; one that may do anything does not count.

    Whoever may do anything in a cluster owns it.
    """
    found = list(rules)
    owner = any(
        _ANYTHING in _texts(rule, "resources") and _ANYTHING in _texts(rule, "verbs") for rule in found
    )
    return not owner and any(_creates(rule, *_PROJECTS) for rule in found)


def without_projects(rules: Iterable[Rule]) -> list[Rule]:
    """The rules without the creation of projects; what else a rule allows stays."""
    kept: list[Rule] = []
    for rule in rules:
        if not _creates(rule, *_PROJECTS):
            kept.append(rule)
            continue
        others = [item for item in _texts(rule, "resources") if item != "projects"]
        if others:
            kept.append({**rule, "resources": others})
        verbs = [item for item in _texts(rule, "verbs") if item != "create"]
        if verbs and _ANYTHING not in verbs:
            kept.append({**rule, "resources": ["projects"], "verbs": verbs})
    return kept


def _creates(rule: Rule, groups: set[str], resources: set[str]) -> bool:
    return bool(
        _CREATE & set(_texts(rule, "verbs"))
        and groups & set(_texts(rule, "apiGroups"))
        and resources & set(_texts(rule, "resources"))
    )


def _texts(rule: Rule, name: str) -> list[str]:
    return [str(item) for item in rule.get(name) or ()]
