"""What Tiller does for ``helm``: each method is one of its calls."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Tiller:
    """A Tiller with the rights of ``kubectl``."""

    kubectl: Kubectl
    storage: Storage
    version: str = VERSION

    def releases(self, *, everything: bool) -> list[dict[str, Any]]:
        """The releases as ``helm list --output json`` shows them."""
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
        """The revisions as ``helm history --output json`` shows them."""
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
        """The release as ``helm status --output json`` shows it."""
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
        """The objects of the release."""
        return self._known(name)[-1].manifest

    def install(self, name: str, chart: str, namespace: str, values: str) -> None:
        """Install the chart in the directory ``chart``."""
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

    def upgrade(self, name: str, chart: str, values: str, *, namespace: str, install: bool) -> None:
        """Bring the release to the chart; with ``install`` make it if there is none."""
        history = self.storage.history(name)
        if install and (not history or history[-1].status == Status.DELETED):
            return self.install(name, chart, namespace, values)
        current = next((item for item in reversed(history) if item.status == Status.DEPLOYED), None)
        if current is None:
            raise Helm2Error(f'UPGRADE FAILED: "{name}" has no deployed releases')
        if history[-1].status in _PENDING:
            raise Helm2Error("UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress")
        # The release stays in its namespace, whatever the command line says.
        number = history[-1].revision + 1
        release = self._new(
            name,
            number,
            chart=chart,
            namespace=current.namespace,
            values=values,
            status=Status.PENDING_UPGRADE,
        )
        release = replace(release, first_deployed=current.first_deployed)
        self.storage.create(release)
        try:
            self._check_unmanaged(current, release)
            self._change(current, release)
        except Helm2Error as error:
            text = f'Upgrade "{name}" failed: {error}'
            self.storage.update(replace(release, status=Status.FAILED, description=text))
            raise Helm2Error(f"UPGRADE FAILED: {error}") from None
        self.storage.update(replace(current, status=Status.SUPERSEDED))
        self.storage.update(replace(release, status=Status.DEPLOYED, description="Upgrade complete"))
        return None

    def rollback(self, name: str, revision: int) -> None:
        """Bring the release back to what it was in a revision, as a new one."""
        history = self._known(name)
        last, wanted = history[-1], [item for item in history if item.revision == revision]
        if not wanted:
            raise Helm2Error(f'release: "{name}" not found')
        release = replace(
            wanted[0],
            revision=last.revision + 1,
            status=Status.PENDING_ROLLBACK,
            description=f"Rollback to {revision}",
            first_deployed=last.first_deployed,
            last_deployed=int(time.time()),
        )
        self.storage.create(release)
        try:
            self._change(last, release)
        except Helm2Error as error:
            self.storage.update(replace(last, status=Status.SUPERSEDED))
            self.storage.update(replace(release, status=Status.FAILED, description=str(error)))
            raise
        for item in history:
            if item.status == Status.DEPLOYED:
                self.storage.update(replace(item, status=Status.SUPERSEDED))
        self.storage.update(replace(release, status=Status.DEPLOYED))

    def delete(self, name: str, *, purge: bool) -> None:
        """Remove the objects of the release; with ``purge`` also every record."""
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
        return Release(
            name=name,
            revision=revision,
            namespace=namespace,
            chart=Chart(metadata["name"], str(metadata["version"]), str(metadata.get("appVersion", ""))),
            manifest=self._render(name, chart, namespace, values, upgrade=revision > 1),
            config=values,
            status=status,
            first_deployed=now,
            last_deployed=now,
        )

    def _render(self, name: str, chart: str, namespace: str, values: str, *, upgrade: bool) -> str:
        """The templates rendered by Helm 3, whose ``.Release.Service`` would be ``Helm``."""
        for template in Path(chart).rglob("templates/*"):
            if template.is_file():
                text = template.read_text()
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

    def _change(self, current: Release, release: Release) -> None:
        """Apply ``release``, and remove what only ``current`` has."""
        self._apply(release)
        kept = {_identity(item) for item in _documents(release.manifest)}
        gone = [item for item in _documents(current.manifest) if _identity(item) not in kept]
        self._remove(gone, release.namespace)

    def _check_unmanaged(self, current: Release, release: Release) -> None:
        """Tiller takes over no object that the last deployed revision does not have."""
        had = {_identity(item) for item in _documents(current.manifest)}
        new = [item for item in _documents(release.manifest) if _identity(item) not in had]
        if not new:
            return
        text = yaml.safe_dump_all(new)
        arguments = ["get", "-n", release.namespace, "-o", "name", "--ignore-not-found", "-f", "-"]
        if present := self.kubectl.run(*arguments, stdin=text).split():
            kind, _, own = present[0].partition("/")
            raise Helm2Error(
                f'kind {kind.partition(".")[0]} with the name "{own}" in "{release.namespace}" already '
                "exists in the cluster and wasn't defined in the previous release. Before upgrading, please "
                "either delete the resource from the cluster or remove it from the chart"
            )

    def _remove(self, objects: list[dict[str, Any]], namespace: str) -> None:
        if objects:
            text = yaml.safe_dump_all(reversed(objects))
            self.kubectl.run(
                "delete", "-n", namespace, "--ignore-not-found", "--wait=false", "-f", "-", stdin=text
            )


def _documents(manifest: str) -> Iterator[dict[str, Any]]:
    yield from (item for item in yaml.safe_load_all(manifest) if item)


def _identity(item: dict[str, Any]) -> tuple[str, str, str]:
    metadata = item["metadata"]
    return item["kind"], metadata.get("namespace", ""), metadata["name"]
