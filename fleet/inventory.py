"""The sites of the fleet, as files tell them: read, checked, every problem at once. Nothing is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from fleet.kubeconfigs import KubeconfigError, fingerprint

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_RESERVED = ("cattle.io/", "rancher-on-pks/")
_LOCAL = "local"
_OWN_PROJECTS = ("Default", "System")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value) or value == _LOCAL:
        raise ValueError(
            "must be 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end, and not "
            f"{_LOCAL!r}, which is Rancher's own cluster"
        )
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value) or any(reserved in value for reserved in _RESERVED):
        raise ValueError(f"is no key of Kubernetes that is free ({', '.join(_RESERVED)} are not)")
    return value


def _value(value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise ValueError("must be at most 63 letters, digits, `-`, `_` or `.`, the outer ones no sign")
    return value


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
LabelValue = Annotated[str, AfterValidator(_value)]
Text = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Member(_Entry):
    """A user of Rancher by user name, and his role (``cluster-owner``, ``project-member``, ...)."""

    user: Text
    role: Text


class Project(_Entry):
    """A project of a site's cluster beside Default and System; it costs a namespace of the server."""

    name: Text
    members: tuple[Member, ...] = ()


class User(_Entry):
    """A local user of Rancher that the fleet makes."""

    name: Name
    display_name: str = ""


class Site(_Entry):
    """One edge cluster.

    Attributes:
        name: Of the cluster in Rancher.
        kubeconfig: File that leads to the cluster, relative to the sites file; empty: the secret config
            ``kubeconfigs`` has it.
        registration_only: The cluster cannot be reached from here: somebody runs the exported command there.
        adopt: Take over a cluster of that name, or an agent, that is not of this stack.
        labels: Of the cluster in Rancher.
        annotations: Likewise.
        members: Who may do what in the cluster.
        projects: Beside Default and System.
    """

    name: Name
    kubeconfig: str = ""
    registration_only: bool = False
    adopt: bool = False
    labels: dict[Key, LabelValue] = {}
    annotations: dict[Key, str] = {}
    members: tuple[Member, ...] = ()
    projects: tuple[Project, ...] = ()


class _File(_Entry):
    users: tuple[dict[str, Any], ...] = ()
    sites: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Reachable:
    """How a site's cluster is reached.

    Attributes:
        file: Kubeconfig, relative to the project's directory; empty: in the secret config.
        fingerprint: Says which cluster it leads to.
    """

    file: str
    fingerprint: str


@dataclass(frozen=True)
class Inventory:
    """What the files tell.

    Attributes:
        sites: By name, in the order of the files.
        access: Of the sites that can be reached, by name.
        users: By name.
    """

    sites: Mapping[str, Site]
    access: Mapping[str, Reachable]
    users: Mapping[str, User]

    @property
    def projects(self) -> int:
        """Projects of all sites."""
        return sum(len(site.projects) for site in self.sites.values())


class InventoryError(Exception):
    """The files cannot be used; ``problems`` has everything that is wrong with them."""

    def __init__(self, problems: list[str]) -> None:
        """Make the error of at least one problem."""
        super().__init__("\n".join(problems))
        self.problems = problems


def read(path: Path, kubeconfigs: Mapping[str, str], *, root: Path) -> Inventory:
    """The inventory in a file, or in every ``*.yaml`` of a folder.

    Args:
        path: The file or folder.
        kubeconfigs: Texts of the secret config, by site.
        root: Directory that paths of kubeconfigs are told relative to.

    Raises:
        InventoryError: With every problem found, each with its file and site.
    """
    reader = _Reader(kubeconfigs, root)
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
    if not files:
        reader.problems.append(f"{path}: the folder has no file *.yaml; make one with a list `sites`")
    for file in files:
        reader.take(file)
    for name in kubeconfigs.keys() - reader.seen.keys():
        reader.problems.append(f"config kubeconfigs.{name}: there is no site of that name; remove it")
    if reader.problems:
        raise InventoryError(reader.problems)
    return Inventory(reader.sites, reader.access, reader.users)


class _Reader:
    """Collects files."""

    def __init__(self, kubeconfigs: Mapping[str, str], root: Path) -> None:
        self._kubeconfigs, self._root = kubeconfigs, root
        self.problems: list[str] = []
        self.seen: dict[str, Path] = {}
        self.sites: dict[str, Site] = {}
        self.users: dict[str, User] = {}
        self.access: dict[str, Reachable] = {}
        self._clusters: dict[str, str] = {}

    def take(self, file: Path) -> None:
        """Read one file."""
        try:
            document = yaml.load(file.read_text(), Loader=_LOADER)  # noqa: S506 - the safe loader, in C
            found = _File.model_validate(document or {})
        except FileNotFoundError:
            self.problems.append(f"{file}: there is no such file; it lists the sites (docs/fleet.md)")
            return
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            self.problems.append(f"{file}: cannot be read: {' '.join(str(error).split())}")
            return
        except ValidationError as error:
            self.problems += [f"{file}: {text}" for text in _texts(error)]
            return
        for entry in found.users:
            self._user(file, entry)
        for number, entry in enumerate(found.sites, 1):
            self._site(file, entry, number)

    def _user(self, file: Path, entry: Mapping[str, Any]) -> None:
        try:
            user = User.model_validate(entry)
        except ValidationError as error:
            self.problems += [f"{file}: user {entry.get('name')}: {text}" for text in _texts(error)]
            return
        if user.name in self.users:
            self.problems.append(f"{file}: user {user.name}: is listed twice; remove one")
        self.users[user.name] = user

    def _site(self, file: Path, entry: Mapping[str, Any], number: int) -> None:
        name = str(entry.get("name") or f"number {number}")
        where = f"{file}: site {name}"
        if name in self.seen:
            self.problems.append(f"{where}: the name is taken by a site in {self.seen[name]}; rename one")
        self.seen.setdefault(name, file)
        try:
            site = Site.model_validate(entry)
        except ValidationError as error:
            self.problems += [f"{where}: {text}" for text in _texts(error)]
            return
        self.problems += [f"{where}: {text}" for text in _twice(site)]
        try:
            reachable = self._reachable(file, site)
        except KubeconfigError as error:
            self.problems.append(f"{where}: {error}")
            return
        self.sites.setdefault(name, site)
        if reachable is None:
            return
        other = self._clusters.setdefault(reachable.fingerprint, name)
        if other != name:
            self.problems.append(f"{where}: its kubeconfig leads to the cluster of site {other}; correct one")
        self.access[name] = reachable

    def _reachable(self, file: Path, site: Site) -> Reachable | None:
        """How the site is reached; None when it is not to be.

        Raises:
            KubeconfigError: Not as it says.
        """
        given = self._kubeconfigs.get(site.name)
        if site.registration_only:
            if site.kubeconfig or given:
                raise KubeconfigError("is registrationOnly and has a kubeconfig; choose one of them")
            return None
        if site.kubeconfig:
            if given:
                raise KubeconfigError("has a kubeconfig here and one in config kubeconfigs; choose one")
            path = file.parent / site.kubeconfig
            try:
                text = path.read_text()
            except (OSError, UnicodeDecodeError):
                raise KubeconfigError(
                    f"kubeconfig {path} cannot be read; give a file that exists, relative to {file.name}, or "
                    "set registrationOnly: true"
                ) from None
            return Reachable(os.path.relpath(path, self._root), fingerprint(text))
        if given is None:
            raise KubeconfigError(
                "has no kubeconfig; give one, a file or `pulumi config set --secret --path "
                f"'kubeconfigs[\"{site.name}\"]'`, or set registrationOnly: true"
            )
        return Reachable("", fingerprint(given))


def _twice(site: Site) -> Iterator[str]:
    names = [project.name for project in site.projects]
    for name in dict.fromkeys(names):
        if name in _OWN_PROJECTS:
            yield f"project {name}: every cluster has it by itself; remove it"
        elif names.count(name) > 1:
            yield f"project {name}: is listed twice; remove one"


def _texts(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if part != "[key]")
        match item["type"]:
            case "missing":
                reason = "is not given"
            case "extra_forbidden":
                reason = "is not known (docs/fleet.md has the keys)"
            case "string_type":
                reason = f"is {item['input']!r}; it must be a text: put it in quotes"
            case _:
                reason = str(item["msg"]).removeprefix("Value error, ").replace("Input should", "must")
                reason = f"is {item['input']!r}; it {reason}"
        yield f"{place or 'the file'}: {reason}" if place else reason
