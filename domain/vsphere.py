"""vSphere's clusters and VMs as vCenter shows them, and how people name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

_ESCAPES = {"%2f": "/", "%5c": "\\", "%25": "%"}
_ESCAPE = re.compile("|".join(_ESCAPES), re.I)


@dataclass(frozen=True)
class ComputeCluster:
    """A vSphere cluster.

    Attributes:
        id: Managed object id.
        name: Name as the vSphere Client shows it; unique in its datacenter only.
        hosts: Number of hosts that can run a VM now: connected and not in maintenance mode.
        drs: Whether DRS is on.
        datacenter: Name of its datacenter, after those of the folders that the datacenter is in.
    """

    id: str
    name: str
    hosts: int
    drs: bool
    datacenter: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The ways to name it, the shortest first."""
        return (self.name,), (*self.datacenter[-1:], self.name), (*self.datacenter, self.name)


@dataclass(frozen=True)
class Datacenter:
    """A vSphere datacenter: its managed object id, and its name after those of the folders it is in."""

    id: str
    path: tuple[str, ...]

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The ways to name it, the shortest first."""
        return self.path[-1:], self.path


@dataclass(frozen=True)
class Machine:
    """A VM.

    Attributes:
        name: Its name, which on vSphere is its CID in BOSH.
        uuid: BIOS UUID, by which the vSphere plugin identifies it. Empty for a VM that vCenter cannot read,
            such as an orphaned one.
        cluster: The vSphere cluster that it runs in; None on a host outside of any.
        attributes: Its custom attributes.
        host: Name of its ESXi host; empty if unknown.
        running: Whether it is powered on and its host is connected.
    """

    name: str
    uuid: str
    cluster: ComputeCluster | None
    attributes: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    running: bool = True

    @property
    def readable(self) -> bool:
        """Whether vCenter shows what a rule needs."""
        return bool(self.uuid and self.host)


class Named(Protocol):
    """An object with one or more names; each is a path."""

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The ways to name it, the shortest first."""


N = TypeVar("N", bound=Named)


def find(text: str, objects: Iterable[N]) -> list[N]:
    """The objects that a text names: as the vSphere Client shows them, or else as vCenter's API does."""
    known = list(objects)
    shown = [item for item in known if text in {"/".join(path) for path in item.names}]
    api = _ESCAPE.sub(lambda found: found[0].lower(), text)
    return shown or [item for item in known if api in {_escaped(path) for path in item.names}]


def label(item: Named, objects: Iterable[Named]) -> str:
    """The shortest name that means this object alone."""
    others = [other for other in objects if other != item]
    for path in item.names:
        text = "/".join(path)
        if not find(text, others):
            return text
    return _escaped(item.names[-1])


def labels(chosen: Iterable[Named], objects: Iterable[Named]) -> list[str]:
    """The names of the chosen ones among all, sorted."""
    known = list(objects)
    return sorted(label(item, known) for item in chosen)


def config_list(names: Sequence[str]) -> str:
    """A config value with these names."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def unescaped(name: str) -> str:
    r"""A name as people write it: vCenter's API escapes ``/``, ``\`` and ``%`` in names of objects."""
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0].lower()], name)


def _escaped(path: Sequence[str]) -> str:
    parts = [part.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c") for part in path]
    return "/".join(parts)
