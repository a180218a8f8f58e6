"""Tiller's calls: one method for each."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from lab.helm2.kubectl import Helm2Error, Kubectl
from lab.helm2.release import Chart, Release, Status
from lab.helm2.storage import Storage

VERSION = "v2.17.0"
_SHOWN = {Status.DEPLOYED, Status.FAILED}
_PENDING = {Status.PENDING_INSTALL, Status.PENDING_UPGRADE, Status.PENDING_ROLLBACK}

# Template features that only Helm 3, which renders them here, supports, and Tiller's error for them.
_NOT_OF_V2 = {
    ".Capabilities.KubeVersion.Version": "can't evaluate field Version in type *version.Info",
    ".Capabilities.HelmVersion": "can't evaluate field HelmVersion in type *chartutil.Capabilities",
    "{{ lookup ": 'function "lookup" not defined',
}


@dataclass(frozen=True)
class Tiller:
    """A Tiller with the permissions of ``kubectl``."""

    kubectl: Kubectl
    storage: Storage
    version: str = VERSION

    def releases(self, *, everything: bool) -> list[dict[str, Any]]:
        """Returns the releases as in ``helm list --output json``."""
        return [
            {
                "Name": release.name,
                "Revision": release.revision,
                "Updated": release.updated,
                "Status": release.status.name,
                "Chart": str(release.chart),
                "AppVersion": release.chart.app_version,
                "Namespace": release.namespace,
            }
            for release in self.storage.latest()
            if everything or release.status in _SHOWN
        ]

    def history(self, name: str) -> list[dict[str, Any]]:
        """Returns the revisions as in ``helm history --output json``."""
        return [
            {
                "revision": release.revision,
                "updated": release.updated,
                "status": release.status.name,
                "chart": str(release.chart),
                "appVersion": release.chart.app_version,
                "description": release.description,
            }
            for release in self._known(name)
        ]

    def status(self, name: str) -> dict[str, Any]:
        """Returns the release as in ``helm status --output json``."""
        try:
            release = self._known(name)[-1]
        except Helm2Error as error:
            raise Helm2Error(f'getting deployed release "{name}": {error}') from None
        return {
            "name": release.name,
            "info": {
                "status": {"code": int(release.status), "resources": "", "notes": ""},
                "first_deployed": {"seconds": release.first_deployed},
                "last_deployed": {"seconds": release.last_deployed},
                "Description": release.description,
            },
            "namespace": release.namespace,
        }

    def manifest(self, name: str) -> str:
        """Returns the manifest of the release."""
        return self._known(name)[-1].manifest

    def install(self, name: str, chart: str, namespace: str, values: str) -> None:
        """Installs the chart in the directory ``chart``."""
        before = self.storage.history(name)
        if before and before[-1].status != Status.DELETED:
            raise Helm2Error(
                f"a release named {name} already exists.\nRun: helm ls --all {name}; to check the status of "
                f"the release\nOr run: helm del --purge {name}; to delete it"
            )
        release = self._new(
            name, 1, chart=chart, namespace=namespace, values=values, status=Status.PENDING_INSTALL
        )
        self.storage.create(release)
        try:
            self._ensure_namespace(namespace)
            present = self.kubectl.run(
                "get", "-n", namespace, "-o", "name", "--ignore-not-found", "-f", "-", stdin=release.manifest
            ).split()
            if present:
                kind, _, own = present[0].partition("/")
                raise Helm2Error(f'{kind.partition(".")[0]}s "{own}" already exists')  # noqa: TRY301
            self._apply(release)
        except Helm2Error as error:
            text = f'Release "{name}" failed: {error}'
            self.storage.update(replace(release, status=Status.FAILED, description=text))
            raise Helm2Error(f"release {name} failed: {error}") from None
        self.storage.update(replace(release, status=Status.DEPLOYED, description="Install complete"))

    def upgrade(self, name: str, chart: str, values: str) -> None:
        """Upgrades the release to the chart."""
        history = self._known(name)
        current = next((item for item in reversed(history) if item.status == Status.DEPLOYED), None)
        if current is None:
            raise Helm2Error(f'"{name}" has no deployed releases')
        if history[-1].status in _PENDING:
            raise Helm2Error("another operation (install/upgrade/rollback) is in progress")
        # The release stays in its namespace; the command line cannot change it.
        namespace, status = current.namespace, Status.PENDING_UPGRADE
        number = history[-1].revision + 1
        release = self._new(name, number, chart=chart, namespace=namespace, values=values, status=status)
        release = replace(release, first_deployed=current.first_deployed)
        self._change("Upgrade", current, release)
        self.storage.update(replace(current, status=Status.SUPERSEDED))
        self.storage.update(replace(release, status=Status.DEPLOYED, description="Upgrade complete"))

    def rollback(self, name: str, revision: int) -> None:
        """Rolls the release back to an earlier revision, recorded as a new one."""
        last = self._known(name)[-1]
        wanted = next((item for item in self._known(name) if item.revision == revision), None)
        if wanted is None:
            raise Helm2Error(f'release: "{name}.v{revision}" not found')
        text, now = f"Rollback to {revision}", int(time.time())
        release = replace(
            wanted,
            revision=last.revision + 1,
            status=Status.PENDING_ROLLBACK,
            description=text,
            last_deployed=now,
        )
        try:
            self._change("Rollback", last, release)
        finally:
            self.storage.update(replace(last, status=Status.SUPERSEDED))
        for item in self.storage.history(name):
            if item.status == Status.DEPLOYED:
                self.storage.update(replace(item, status=Status.SUPERSEDED))
        self.storage.update(replace(release, status=Status.DEPLOYED))

    def delete(self, name: str, *, purge: bool) -> None:
        """Removes the release's objects; with ``purge`` also all its records."""
        history = self.storage.history(name)
        if not history:
            raise Helm2Error(f'release: "{name}" not found')
        last = history[-1]
        if last.status == Status.DELETED and not purge:
            raise Helm2Error(f'the release named "{name}" is already deleted')
        if last.status != Status.DELETED:
            self._remove(list(_documents(last.manifest)), last.namespace)
        if purge:
            for release in history:
                self.storage.delete(release)
        else:
            self.storage.update(replace(last, status=Status.DELETED, description="Deletion complete"))

    def _known(self, name: str) -> list[Release]:
        history = self.storage.history(name)
        if not history:
            raise Helm2Error(f'release: "{name}" not found')
        return history

    def _new(
        self, name: str, revision: int, *, chart: str, namespace: str, values: str, status: Status
    ) -> Release:
        metadata = yaml.safe_load((Path(chart) / "Chart.yaml").read_text())
        if metadata.get("apiVersion", "v1") != "v1":
            raise Helm2Error(f"apiVersion '{metadata['apiVersion']}' is not valid. The value must be \"v1\"")
        now = int(time.time())
        manifest = self._render(name, chart, namespace, values, upgrade=revision > 1)
        return Release(
            name=name,
            revision=revision,
            namespace=namespace,
            chart=Chart(metadata["name"], str(metadata["version"]), str(metadata.get("appVersion", ""))),
            manifest=manifest,
            config=values,
            status=status,
            first_deployed=now,
            last_deployed=now,
        )

    def _render(self, name: str, chart: str, namespace: str, values: str, *, upgrade: bool) -> str:
        """Renders the templates with Helm 3, whose ``.Release.Service`` would be ``Helm``."""
        for template in Path(chart).rglob("templates/*"):
            if template.is_file():
                text = template.read_text()
                for used, error in _NOT_OF_V2.items():
                    if used in text:
                        path = template.relative_to(Path(chart).parent)
                        raise Helm2Error(f'render error in "{path}": template: {path}: at <{used}>: {error}')
                template.write_text(
                    text.replace(".Release.Service", '"Tiller"').replace('$"Tiller"', '"Tiller"')
                )
        with tempfile.TemporaryDirectory(prefix="tiller-") as home:
            command = ["helm", "template", name, chart, "--namespace", namespace, "--values", "-"]
            command += ["--kube-version", self.kubectl.server_version(), "--no-hooks", "--skip-tests"]
            done = subprocess.run(
                [*command, *(["--is-upgrade"] if upgrade else []), "--repository-cache", home],
                input=values,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise Helm2Error(done.stderr.strip().removeprefix("Error: "))
        return done.stdout

    def _ensure_namespace(self, namespace: str) -> None:
        if not self.kubectl.run("get", "namespace", namespace, "-o", "name", "--ignore-not-found"):
            self.kubectl.run("create", "namespace", namespace)

    def _apply(self, release: Release) -> None:
        arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager", "tiller"]
        self.kubectl.run(*arguments, "-n", release.namespace, "-f", "-", stdin=release.manifest)

    def _change(self, what: str, original: Release, release: Release) -> None:
        """Records the release as pending and updates the objects from the original to it.

        Compares the two manifests, not the live objects: an object that is the same in both is not changed.
        """
        self.storage.create(release)
        try:
            before = {_identity(item): item for item in _documents(original.manifest)}
            wanted = {_identity(item): item for item in _documents(release.manifest)}
            listed = ["get", "-n", release.namespace, "-o", "json", "--ignore-not-found", "-f", "-"]
            found = self.kubectl.run(*listed, stdin=release.manifest)
            live = {_name(item) for item in (json.loads(found) if found else {}).get("items", [])}
            for identity, item in wanted.items():
                if identity not in before and _name(item) in live:
                    kind, name = _name(item)
                    raise Helm2Error(  # noqa: TRY301
                        f'kind {kind} with the name "{name}" in "{release.namespace}" already exists in the '
                        "cluster and wasn't defined in the previous release. Before upgrading, please either "
                        "delete the resource from the cluster or remove it from the chart"
                    )
            changed = [
                item for key, item in wanted.items() if item != before.get(key) or _name(item) not in live
            ]
            if changed:
                self._apply(replace(release, manifest=yaml.safe_dump_all(changed)))
            self._remove([item for key, item in before.items() if key not in wanted], release.namespace)
        except Helm2Error as error:
            text = f'{what} "{release.name}" failed: {error}'
            self.storage.update(replace(release, status=Status.FAILED, description=text))
            raise

    def _remove(self, objects: list[dict[str, Any]], namespace: str) -> None:
        if objects:
            text = yaml.safe_dump_all(reversed(objects))
            self.kubectl.run(
                "delete", "-n", namespace, "--ignore-not-found", "--wait=false", "-f", "-", stdin=text
            )


def _documents(manifest: str) -> Iterator[dict[str, Any]]:
    yield from (item for item in yaml.safe_load_all(manifest) if item)


def _name(item: dict[str, Any]) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _identity(item: dict[str, Any]) -> tuple[str, str, str]:
    metadata = item["metadata"]
    return item["kind"], metadata.get("namespace", ""), metadata["name"]
