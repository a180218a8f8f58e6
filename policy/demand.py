"""What resources take from the pod network of Rancher's cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from domain import type_tokens as kinds
from policy.reading import UNKNOWN, WrongTypeError, items, mapping, text

_NAMESPACE_KIND = "Namespace/"
_NAMESPACE = kinds.without_version(kinds.NAMESPACE)


@dataclass(frozen=True)
class StackDemand:
    """What the resources of a stack take.

    Attributes:
        clusters: PKS clusters.
        namespaces: Namespaces besides Rancher's own.
        imports: Clusters that are imported into Rancher.
        projects: Projects of Rancher.
        users: Users of Rancher.
    """

    clusters: int = 0
    namespaces: int = 0
    imports: int = 0
    projects: int = 0
    users: int = 0

    def __add__(self, other: StackDemand) -> StackDemand:
        """The sum of both."""
        return StackDemand(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def __sub__(self, other: StackDemand) -> StackDemand:
        """What is left of this without the other."""
        return StackDemand(*(getattr(self, item.name) - getattr(other, item.name) for item in fields(self)))

    def __bool__(self) -> bool:
        """Whether anything is taken."""
        return any(getattr(self, item.name) for item in fields(self))


def demand_of(kind: str, name: str, props: Mapping[str, Any]) -> StackDemand:
    """What one resource takes.

    Args:
        kind: Its type token.
        name: Its name in the stack.
        props: Its properties. One whose content is unknown takes one namespace.

    Raises:
        WrongTypeError: A property has a type that it cannot have.
    """
    if kind == kinds.CLUSTER:
        return StackDemand(clusters=1)
    if kind == kinds.RELEASE:
        return StackDemand(namespaces=len(chart_namespaces(props)))
    token = kinds.without_version(kind)
    if token == kinds.NAMESPACE_LIST:
        listed = items(props, "items")
        return StackDemand(namespaces=len(listed) if isinstance(listed, list) else 1)
    if token in kinds.NAMESPACE_CREATORS:
        own = token == _NAMESPACE and _namespace_name(name, props) == kinds.CATTLE_SYSTEM
        return StackDemand(namespaces=0 if own else 1)
    return StackDemand(
        imports=int(token in kinds.IMPORTS),
        projects=int(token in kinds.PROJECTS),
        users=int(token in kinds.USERS),
    )


def total(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> tuple[StackDemand, list[str]]:
    """What resources (type token, name, properties) take together, and messages about wrong types."""
    found, messages = StackDemand(), list[str]()
    for kind, name, props in resources:
        try:
            found += demand_of(kind, name, props)
        except WrongTypeError as error:
            found += StackDemand(namespaces=1)
            messages.append(f"{name}: {error}")
    return found, messages


def chart_namespaces(props: Mapping[str, Any]) -> list[str]:
    """Namespaces that a Helm release's chart creates, besides Rancher's own.

    The provider lists a release's objects in its input ``resourceNames``, by ``Kind/version``.

    Raises:
        WrongTypeError: The list has another form.
    """
    found = mapping(props, "resourceNames")
    if not isinstance(found, dict):
        return []
    names: list[str] = []
    for kind, listed in found.items():
        if str(kind).startswith(_NAMESPACE_KIND) or kind == _NAMESPACE_KIND.rstrip("/"):
            if not isinstance(listed, list):
                raise WrongTypeError(("resourceNames", str(kind)), "a list", listed)
            names += (str(item).rpartition("/")[2] for item in listed)
    return [name for name in dict.fromkeys(names) if name != kinds.CATTLE_SYSTEM]


def _namespace_name(resource: str, props: Mapping[str, Any]) -> str:
    """The name of a Namespace; that of the resource before its outputs are known."""
    name = text(props, "metadata", "name")
    return resource if name is UNKNOWN or name is None else name
