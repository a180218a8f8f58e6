"""Storage of Tiller's releases: ConfigMaps or Secrets in its namespace."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass

from lab.helm2.kubectl import Kubectl, Object
from lab.helm2.release import Release, Status

NAMESPACE = "kube-system"
HISTORY = 10


@dataclass(frozen=True)
class Storage:
    """Records of one kind: ``configmaps``, or ``secrets`` with ``--storage=secret``."""

    kubectl: Kubectl
    kind: str = "configmaps"

    def history(self, name: str) -> list[Release]:
        """Returns all revisions of a release, oldest first."""
        return self._read(f"OWNER=TILLER,NAME={name}")

    def latest(self) -> list[Release]:
        """Returns the last revision of each release, sorted by name."""
        found = {release.name: release for release in self._read("OWNER=TILLER")}
        return [found[name] for name in sorted(found)]

    def create(self, release: Release) -> None:
        """Records a new revision; removes the oldest ones beyond the limit."""
        self.kubectl.run("create", "-f", "-", stdin=json.dumps(self._object(release)))
        for old in self.history(release.name)[:-HISTORY]:
            if old.status != Status.DEPLOYED:
                self.delete(old)

    def update(self, release: Release) -> None:
        """Records a change to a revision."""
        self.kubectl.run("replace", "-f", "-", stdin=json.dumps(self._object(release)))

    def delete(self, release: Release) -> None:
        """Deletes a revision."""
        self.kubectl.run("delete", self.kind, f"{release.name}.v{release.revision}", "-n", NAMESPACE)

    def _read(self, selector: str) -> list[Release]:
        releases = [
            Release.decode(self._text(item)) for item in self.kubectl.items(self.kind, NAMESPACE, selector)
        ]
        return sorted(releases, key=lambda release: release.revision)

    def _text(self, item: Object) -> str:
        data = str(item["data"]["release"])
        return base64.b64decode(data).decode() if self.kind == "secrets" else data

    def _object(self, release: Release) -> Object:
        text = release.encode()
        labels = {
            "OWNER": "TILLER",
            "NAME": release.name,
            "STATUS": release.status.name,
            "VERSION": str(release.revision),
            "MODIFIED_AT": str(int(time.time())),
        }
        secret = self.kind == "secrets"
        return {
            "apiVersion": "v1",
            "kind": "Secret" if secret else "ConfigMap",
            "metadata": {
                "name": f"{release.name}.v{release.revision}",
                "namespace": NAMESPACE,
                "labels": labels,
            },
            "data": {"release": base64.b64encode(text.encode()).decode() if secret else text},
        }
