"""Reads the sites files into an ``Inventory`` and reports every problem at once. Asks no server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.kubernetes.kubeconfig import KubeconfigError
from domain.finding import Finding
from fleet import kubeconfigs
from fleet.inventory import (
    ClusterAccess,
    FileEntries,
    Inventory,
    SiteEntry,
    UserEntry,
    project_findings,
    validation_findings,
)

_LONGEST_TITLE = 80
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InventoryError(Exception):
    """The sites files cannot be used; ``findings`` has everything that is wrong with them."""

    def __init__(self, findings: list[Finding]) -> None:
        """Make the error of at least one finding."""
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def read_inventory(path: Path, texts: Mapping[str, str], *, root: Path) -> Inventory:
    """The inventory in a file, or in every ``*.yaml`` of a folder.

    Args:
        path: The file or folder.
        texts: Kubeconfigs of the secret config, by site.
        root: Directory that paths of kubeconfigs are made relative to.

    Raises:
        InventoryError: With every problem found, each with its file and site.
    """
    reader = _Reader(texts, root)
    try:
        files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
    except OSError:  # a name that is too long, a folder that is closed: reading it says so
        files = [path]
    if not files:
        reader.report(str(path), "the folder has no file *.yaml", "Create one with a list `sites`")
    for file in files:
        reader.add(file)
    for name in texts.keys() - reader.files.keys():
        key = f"config {kubeconfigs.CONFIG_KEY}.{name}"
        reader.report(key, "there is no site of that name", "Remove the kubeconfig, or add the site")
    if reader.findings:
        raise InventoryError(reader.findings)
    return Inventory(reader.sites, reader.access, reader.users)


class _Reader:
    """Collects the entries of files."""

    def __init__(self, texts: Mapping[str, str], root: Path) -> None:
        self._texts, self._root = texts, root
        self.findings: list[Finding] = []
        self.files: dict[str, Path] = {}
        self.sites: dict[str, SiteEntry] = {}
        self.users: dict[str, UserEntry] = {}
        self.access: dict[str, ClusterAccess] = {}
        self._clusters: dict[str, str] = {}

    def report(self, key: str, problem: str, remedy: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(key, problem, remedy))

    def add(self, file: Path) -> None:
        """Read one file."""
        try:
            found = FileEntries.model_validate(_document(file))
        except FileNotFoundError:
            self.report(str(file), "there is no such file", "Create it with a list `sites` (docs/fleet.md)")
            return
        except ValidationError as error:
            self.findings += validation_findings(error, str(file))
            return
        except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
            self.report(str(file), f"cannot be read: {_reason(error)}", "Correct it")
            return
        for number, entry in enumerate(found.users, 1):
            self._add_user(f"{file}: user {_title(entry, number)}", entry)
        for number, entry in enumerate(found.sites, 1):
            self._add_site(file, _title(entry, number), entry)

    def _add_user(self, place: str, entry: Mapping[str, Any]) -> None:
        try:
            user = UserEntry.model_validate(entry)
        except ValidationError as error:
            self.findings += validation_findings(error, place)
            return
        if user.name in self.users:
            self.report(place, "is listed twice", "Remove one of them")
        self.users[user.name] = user

    def _add_site(self, file: Path, name: str, entry: Mapping[str, Any]) -> None:
        place = f"{file}: site {name}"
        if name in self.files:
            self.report(place, f"a site in {self.files[name]} has the same name", "Rename one of them")
        self.files.setdefault(name, file)
        try:
            site = SiteEntry.model_validate(entry)
        except ValidationError as error:
            self.findings += validation_findings(error, place)
            return
        self.findings += project_findings(site, place)
        self.findings += self._access_findings(site, file, place)
        self.sites.setdefault(name, site)

    def _access_findings(self, site: SiteEntry, file: Path, place: str) -> Iterator[Finding]:
        """Notes how the site's cluster is reached; returns what is wrong with that."""
        text = self._texts.get(site.name)
        ways = [bool(site.kubeconfig), text is not None, site.registration_only]
        if sum(ways) > 1:
            problem = "has more than one of: a kubeconfig here, one in config kubeconfigs, registrationOnly"
            yield Finding(place, problem, "Choose one")
        elif not any(ways):
            yield Finding(
                place,
                "has no kubeconfig",
                "Set `kubeconfig` to a file, or run `pulumi config set --secret --path "
                f"'kubeconfigs[\"{site.name}\"]'`, or set registrationOnly: true",
            )
        elif not site.registration_only:
            try:
                self.access[site.name] = access = self._cluster_access(site, file)
            except KubeconfigError as error:
                yield Finding(place, str(error))
                return
            other = self._clusters.setdefault(access.fingerprint, site.name)
            if other != site.name:
                problem = f"its kubeconfig leads to the same cluster as that of site {other}"
                yield Finding(place, problem, "Correct one of them")

    def _cluster_access(self, site: SiteEntry, file: Path) -> ClusterAccess:
        if not site.kubeconfig:
            return ClusterAccess("", kubeconfigs.from_text(self._texts[site.name]).fingerprint)
        path = file.parent / site.kubeconfig
        found = kubeconfigs.from_file(path)
        return ClusterAccess(os.path.relpath(path, self._root), found.fingerprint)


def _document(file: Path) -> object:
    return yaml.load(file.read_text(), Loader=_LOADER) or {}  # noqa: S506 - the safe loader, in C


def _title(entry: Mapping[str, Any], number: int) -> str:
    """What messages call an entry, whose name may be missing or of any kind."""
    name = entry.get("name")
    usable = isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_TITLE
    return str(name) if usable else f"number {number}"


def _reason(error: Exception) -> str:
    """Why a file cannot be read; it quotes nothing of the file, which may hold secrets."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"it is not YAML at line {mark.line + 1}, column {mark.column + 1} ({error.problem})"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not YAML"
