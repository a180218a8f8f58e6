"""The fleet's sites and users: the entries of the sites files, and the checks between them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from domain import validation
from domain.finding import Finding

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_FILE = re.compile(r"[\w./~@+=, -]{0,255}")
_RESERVED = ("cattle.io/", "rancher-on-pks/")
_QUOTED = frozenset(
    {"name", "displayName", "adopt", "registrationOnly", "labels", "members", "projects", "extraProjects"}
)
"""Keys of entries whose values messages may quote."""
_REMEDIES = {
    "missing": "Set it",
    "extra_forbidden": "See docs/fleet.md for the keys",
    "string_type": "Put it in quotes",
}
_LOCAL = "local"
_DEFAULT_PROJECTS = ("Default", "System")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value) or value == _LOCAL:
        raise ValueError(
            "must be 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or "
            f"digit, and not {_LOCAL!r}, which is Rancher's own cluster"
        )
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError("is not a valid key of a Kubernetes label or annotation")
    if any(reserved in value for reserved in _RESERVED):
        raise ValueError(f"is reserved: {' and '.join(_RESERVED)} belong to Rancher and this program")
    return value


def _value(value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise ValueError(
            "must be at most 63 letters, digits, `-`, `_` or `.`, starting and ending with a letter or digit"
        )
    return value


def _line(value: str) -> str:
    if not value or not value.isprintable() or value != value.strip():
        raise ValueError("must be one line of text, without space at either end")
    return value


def _file_name(value: str) -> str:
    """Refuses the content of a kubeconfig, and anything else that a message must not quote."""
    if not _FILE.fullmatch(value):
        raise ValueError(
            "must be the name of a file, not its content. Write the content to a file, or to "
            "the secret config `kubeconfigs` (docs/fleet.md)"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
LabelValue = Annotated[str, AfterValidator(_value)]
FileName = Annotated[str, AfterValidator(_file_name)]
Line = Annotated[str, AfterValidator(_line)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class MemberEntry(_Entry):
    """A user of Rancher by user name, and his role (``cluster-owner``, ``project-member``, ...)."""

    user: Line
    role: Line


class ProjectEntry(_Entry):
    """A project of a site's cluster beside Default and System. It costs a namespace on the server."""

    name: Line
    members: tuple[MemberEntry, ...] = ()


class UserEntry(_Entry):
    """A local user of Rancher that the fleet creates."""

    name: Name
    display_name: str = ""


class SiteEntry(_Entry):
    """One edge cluster.

    Attributes:
        name: Name of the cluster in Rancher.
        kubeconfig: File of the kubeconfig, relative to the sites file; empty: the secret config
            ``kubeconfigs`` has it.
        registration_only: This program does not reach the cluster: somebody runs the exported command there.
        adopt: Whether to take over a cluster of that name, or an agent, that this stack did not create.
        labels: Labels of the cluster in Rancher.
        annotations: Annotations of the cluster in Rancher.
        members: Roles in the cluster.
        projects: Projects beside Default and System.
        extra_projects: Projects that the site's people may create besides these.
    """

    name: Name
    kubeconfig: FileName = Field(default="", repr=False)
    registration_only: bool = False
    adopt: bool = False
    labels: dict[Key, LabelValue] = {}
    annotations: dict[Key, str] = {}
    members: tuple[MemberEntry, ...] = ()
    projects: tuple[ProjectEntry, ...] = ()
    extra_projects: int = Field(default=0, ge=0, strict=True)


class FileEntries(_Entry):
    """The content of one sites file; the entries are validated one by one."""

    users: tuple[dict[str, Any], ...] = ()
    sites: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class ClusterAccess:
    """Access to a site's cluster.

    Attributes:
        kubeconfig_file: Relative to the project's directory; empty: in the secret config.
        fingerprint: Identifies the cluster, whoever logs in to it.
    """

    kubeconfig_file: str
    fingerprint: str


@dataclass(frozen=True)
class Inventory:
    """The sites and users of a fleet.

    Attributes:
        sites: By name, in the order of the files.
        access: Access to the clusters that this program reaches, by site.
        users: By name.
    """

    sites: Mapping[str, SiteEntry] = field(default_factory=dict)
    access: Mapping[str, ClusterAccess] = field(default_factory=dict)
    users: Mapping[str, UserEntry] = field(default_factory=dict)

    @property
    def projects(self) -> int:
        """Number of projects of all sites."""
        return sum(len(site.projects) + site.extra_projects for site in self.sites.values())


def project_findings(site: SiteEntry, place: str) -> Iterator[Finding]:
    """Projects of a site that cannot be created."""
    names = [project.name for project in site.projects]
    for name in dict.fromkeys(names):
        if name in _DEFAULT_PROJECTS:
            yield Finding(f"{place}: project {name}", "every cluster has this project", "Remove it")
        elif names.count(name) > 1:
            yield Finding(f"{place}: project {name}", "is listed twice", "Remove one of them")


def validation_findings(error: ValidationError, place: str) -> Iterator[Finding]:
    """The errors of an entry. A value that may be secret is not quoted."""
    for found in validation.findings(error, remedies=_REMEDIES):
        quoted = re.split(r"[.\[]", found.key)[0] in _QUOTED
        yield replace(
            found,
            key=f"{place}: {found.key}" if found.key else place,
            remedy=found.remedy or "Correct it",
            value=found.value if quoted else "",
        )
