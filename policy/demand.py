"""What resources take from the pod network of Rancher's cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from domain import type_tokens as kinds
from policy.creators import DEMAND, QUOTAS
from policy.reading import UNKNOWN, WrongTypeError, integer, items, mapping, text
from policy.stack_demand import StackDemand

_NAMESPACE_KIND = "Namespace/"
_NAMESPACE = kinds.without_version(kinds.NAMESPACE)
_PATCH, _LIST = "Patch", "List"
_MANIFEST = "kubernetes:index/manifest:Manifest"
"""Any object, through HashiCorp's provider."""
_YAML_MANIFEST = "kubectl:index/manifest:Manifest"
"""Any object as YAML, through gavinbunney's provider."""
_YAML_FIELD = re.compile(r"""^(apiVersion|kind):\s*["']?([\w./-]+)""", re.MULTILINE)


def demand_of(kind: str, name: str, props: Mapping[str, Any]) -> StackDemand:
    """What one resource takes. One whose content is unknown counts in full.

    A Helm release takes what the plugin lists; ``policy.unseen`` counts what it does not list.

    Args:
        kind: Its type token.
        name: Its name in the stack.
        props: Its properties.

    Raises:
        WrongTypeError: A property has a type that it cannot have.
    """
    if kind in kinds.RELEASES:
        return StackDemand(namespaces=len(chart_namespaces(props) or ()))
    token, patch, count = _object(kind, props)
    demand = DEMAND.get(token, StackDemand())
    if not demand:
        return demand
    if kind == kinds.SITE:
        projects = items(props, "projects")
        return demand + StackDemand(projects=len(projects) if isinstance(projects, list) else 0)
    if token == _NAMESPACE and count == 1 and _is_own(_namespace_name(name, props), patch):
        return StackDemand()
    if token in QUOTAS:
        quota = integer(props, *QUOTAS[token])
        return demand * max(quota, 1) if isinstance(quota, int) else demand
    return demand * count


def total(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> tuple[StackDemand, list[str]]:
    """What resources (type token, name, properties) take together, and messages about wrong types."""
    found, messages = StackDemand(), list[str]()
    for kind, name, props in resources:
        try:
            found += demand_of(kind, name, props)
        except WrongTypeError as error:
            # At least what the type takes, or a namespace.
            found += DEMAND.get(kinds.without_version(kind)) or StackDemand(namespaces=1)
            messages.append(f"{name}: {error}")
    return found, messages


def chart_namespaces(props: Mapping[str, Any]) -> list[str] | None:
    """Namespaces that a Helm release's chart creates, besides Rancher's own; None: unknown.

    The plugin lists a release's objects in ``resourceNames``, by ``Kind/version``: once they exist, and old
    releases of the plugin also at preview.

    Raises:
        WrongTypeError: The list has another form.
    """
    found = mapping(props, "resourceNames")
    if not isinstance(found, dict):
        return None
    names: list[str] = []
    for kind, listed in found.items():
        if str(kind).startswith(_NAMESPACE_KIND) or kind == _NAMESPACE_KIND.rstrip("/"):
            if not isinstance(listed, list):
                raise WrongTypeError(("resourceNames", str(kind)), "a list", listed)
            names += (str(item).rpartition("/")[2] for item in listed)
    return [name for name in dict.fromkeys(names) if name != kinds.CATTLE_SYSTEM]


def _object(kind: str, props: Mapping[str, Any]) -> tuple[str, bool, int]:
    """The token of the object that a resource creates, whether it is patched, and how many it creates.

    A patch creates an object that does not exist: the plugin sends it as a server-side apply.
    """
    if kind in (_MANIFEST, _YAML_MANIFEST):
        return _manifest(kind, props), False, 1
    token = kinds.without_version(kind)
    if token in DEMAND:
        return token, False, 1
    if (patched := token.removesuffix(_PATCH)) in DEMAND:
        return patched, True, 1
    if (listed := token.removesuffix(_LIST)) in DEMAND:
        found = items(props, "items")
        return listed, False, len(found) if isinstance(found, list) else 1
    return token, False, 1


def _manifest(kind: str, props: Mapping[str, Any]) -> str:
    """The token of a manifest's object; a Namespace while it is unknown."""
    if kind == _MANIFEST:
        api, named = text(props, "manifest", "apiVersion"), text(props, "manifest", "kind")
    else:
        body = text(props, "yamlBody")
        found = dict(_YAML_FIELD.findall(body)) if isinstance(body, str) else {}
        api, named = (body if body is UNKNOWN else found.get(key) for key in ("apiVersion", "kind"))
    if UNKNOWN in (api, named):
        return _NAMESPACE
    return kinds.without_version(f"kubernetes:{api}:{named}")


def _is_own(name: str, patch: bool) -> bool:
    """Whether a namespace is part of what Rancher, or the cluster itself, takes."""
    return name == kinds.CATTLE_SYSTEM or (patch and name in kinds.CLUSTER_NAMESPACES)


def _namespace_name(resource: str, props: Mapping[str, Any]) -> str:
    """The name of a Namespace; that of the resource before its outputs are known."""
    name = text(props, "metadata", "name")
    return resource if name is UNKNOWN or name is None else name
