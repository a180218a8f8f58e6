"""``StackDemand``: what resources take from the pod network of Rancher's cluster."""

from __future__ import annotations

from dataclasses import dataclass, fields


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

    def __mul__(self, count: int) -> StackDemand:
        """What so many of the same take."""
        return StackDemand(*(getattr(self, item.name) * count for item in fields(self)))

    def __bool__(self) -> bool:
        """Whether anything is taken."""
        return any(getattr(self, item.name) for item in fields(self))
