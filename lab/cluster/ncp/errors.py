"""Reports what NCP cannot realise: annotations and ``NSXError`` objects (PKS 1.7 and later)."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass

from lab.cluster.api import KubernetesApi, Object, annotations_of
from lab.cluster.definitions import PATH, definition

_API = ("vmware.eng.com", "v1")
_ERRORS = f"/apis/{'/'.join(_API)}/nsxerrors"
_LINK = "nsxerror"
_COLUMNS = {
    "Messages": "message",
    "ErrorObjectID": "error-object-id",
    "ErrorObjectType": "error-object-type",
    "ErrorObjectName": "error-object-name",
    "ErrorObjectNamespace": "error-object-ns",
}


@dataclass(frozen=True)
class Fault:
    """One failure of a resource."""

    area: str
    """What could not be realised; suffix of the annotation ``ncp/error.<area>``."""
    code: str
    """Value of the annotation."""
    number: int
    """NSX-T error number."""


SUBNET = Fault("subnet", "NAMESPACE_SUBNET_UNREALIZED", 10201)
SNAT = Fault("snat", "NAMESPACE_SNAT_UNREALIZED", 10202)
LOAD_BALANCER = Fault("loadbalancer", "SERVICE_LOADBALANCER_UNREALIZED", 10087)
_AREAS = {"namespaces": (SUBNET, SNAT), "services": (LOAD_BALANCER,)}


class ErrorReporter:
    """Writes and removes error annotations and NSXError objects; does nothing for NCP before PKS 1.7."""

    def __init__(self, api: KubernetesApi, enabled: bool) -> None:
        self._api = api
        self._enabled = enabled

    async def install(self) -> None:
        """Installs the NSXError resource definition in the cluster."""
        if self._enabled:
            columns = {title: f".spec.{path}" for title, path in _COLUMNS.items()}
            made = definition(_API, "NSXError", columns=columns, short_names=["ne"])
            await self._api.create(PATH, made)

    async def report(self, plural: str, item: Object, fault: Fault, message: str) -> None:
        """Reports that ``fault`` prevents ``item``, one of ``plural``, from being realised."""
        metadata = item["metadata"]
        if not self._enabled or annotations_of(item).get(f"ncp/error.{fault.area}") == fault.code:
            return
        namespace = metadata.get("namespace", "")
        name = _name(plural, namespace, metadata["name"])
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        body: Object = {
            "apiVersion": "/".join(_API),
            "kind": "NSXError",
            "metadata": {"name": name, "labels": {"error-object-type": plural}},
            "spec": {
                "error-object-id": metadata["uid"],
                "error-object-name": metadata["name"],
                "error-object-ns": namespace,
                "error-object-type": plural,
                "message": [f"[{now}]{fault.number}: {message}"],
            },
        }
        await self._api.delete(f"{_ERRORS}/{name}")  # of an earlier fault, which this one replaces
        await self._api.create(_ERRORS, body)
        change: Object = {f"ncp/error.{other.area}": None for other in _AREAS[plural]}
        change |= {f"ncp/error.{fault.area}": fault.code, _LINK: name}
        await self._api.patch(_path(plural, item), {"metadata": {"annotations": change}})

    async def resolve(self, plural: str, item: Object) -> None:
        """Removes everything reported about ``item``."""
        keys = [_LINK, *(f"ncp/error.{fault.area}" for fault in _AREAS[plural])]
        present = {key: None for key in keys if key in annotations_of(item)}
        if present:
            metadata = item["metadata"]
            await self.forget(plural, metadata.get("namespace", ""), metadata["name"])
            await self._api.patch(_path(plural, item), {"metadata": {"annotations": present}})

    async def forget(self, plural: str, namespace: str, name: str) -> None:
        """Deletes the NSXError of a resource that may no longer exist."""
        if self._enabled:
            await self._api.delete(f"{_ERRORS}/{_name(plural, namespace, name)}")


def _name(plural: str, namespace: str, name: str) -> str:
    digest = hashlib.md5(f"{namespace}/{name}".encode(), usedforsecurity=False).hexdigest()
    return f"{plural}-{digest}"


def _path(plural: str, item: Object) -> str:
    metadata = item["metadata"]
    scope = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"/api/v1/{scope}{plural}/{metadata['name']}"
