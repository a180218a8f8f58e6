"""API discovery: where the objects of a manifest are in a cluster's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.kubernetes.api import Kubernetes, Object


class Discovery:
    """The kinds that one API serves, asked once for each API version."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        """Make it; nothing is asked."""
        self._kubernetes = kubernetes
        self._served: dict[str, dict[str, Mapping[str, Any]]] = {}

    def path(self, item: Object, namespace: str = "default", version: str = "") -> str | None:
        """Path of an object; None when the API does not serve its kind.

        Args:
            item: The object.
            namespace: Its namespace, unless it names one.
            version: API version to use in place of its own.
        """
        version = version or str(item["apiVersion"])
        found = self._kinds(version).get(str(item["kind"]))
        if found is None:
            return None
        metadata = item["metadata"]
        inside = f"/namespaces/{metadata.get('namespace') or namespace}" if found["namespaced"] else ""
        return f"{_root(version)}{inside}/{found['name']}/{metadata['name']}"

    def _kinds(self, version: str) -> dict[str, Mapping[str, Any]]:
        if version not in self._served:
            resources = (self._kubernetes.get(_root(version)) or {}).get("resources") or []
            self._served[version] = {item["kind"]: item for item in resources if "/" not in item["name"]}
        return self._served[version]


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
