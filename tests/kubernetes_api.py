"""A Kubernetes API in memory, for tests of the providers: objects by path."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests import pki
from tests.servers import Request, Response, Server, serve

_NAME = "kubernetes.test"
_CA = pki.root()
_SERVER = pki.server(_CA, _NAME)

Object = dict[str, Any]
NAMESPACE = "cattle-system"
RELEASE_MARKS = {"meta.helm.sh/release-name": "nginx", "meta.helm.sh/release-namespace": NAMESPACE}


@dataclass
class FakeApi:
    """``objects`` holds the object at each path; a collection is what lies right below its path."""

    objects: dict[str, Object] = field(default_factory=dict)
    before: Callable[[Request], Response | None] = lambda _request: None
    """Called first; its answer, if any, is taken."""
    server: Server = field(default_factory=lambda: Server("http", 0))

    @property
    def kubeconfig(self) -> str:
        return kubeconfig(self.server.url)

    def add(self, collection: str, name: str, **content: Any) -> Object:
        """Add an object of the namespace, such as ``add("api/v1", "services", "x", spec={})``."""
        item = {**content, "metadata": {"name": name, "namespace": NAMESPACE, **content.get("metadata", {})}}
        group, _, plural = collection.rpartition("/")
        self.objects[f"/{group}/namespaces/{NAMESPACE}/{plural}/{name}"] = item
        return item

    def answer(self, request: Request) -> Response:
        special = self.before(request)
        if special is not None:
            return special
        address = urlsplit(request.path)
        path, query = address.path, {key: values[0] for key, values in parse_qs(address.query).items()}
        if request.method in {"PUT", "PATCH"}:  # PATCH: server-side apply of a whole object
            self.objects[path] = request.json
            return Response(body=request.json)
        if request.method == "DELETE":
            gone = self.objects.pop(path, None)
            return Response(body=gone) if gone else _missing(path)
        if path in self.objects:
            return Response(body=self.objects[path])
        below = [item for key, item in self.objects.items() if key.rpartition("/")[0] == path]
        if not below and query.get("limit") is None:
            return _missing(path)
        return Response(body={"items": [item for item in below if _selected(item, query)]})


@contextmanager
def running() -> Iterator[FakeApi]:
    """A served API."""
    api = FakeApi()
    with serve(api.answer, identity=_SERVER) as server:
        api.server = server
        yield api


def kubeconfig(url: str, *, token: str = "admin-token", **cluster: str) -> str:  # noqa: S107 - of no cluster
    """The text of a kubeconfig; ``cluster`` adds to its cluster entry (underscores become hyphens)."""
    trusted = base64.b64encode(_CA.pem.encode()).decode()
    trust = {"certificate-authority-data": trusted, "tls-server-name": _NAME}
    extra = {key.replace("_", "-"): value for key, value in cluster.items()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": url, **trust, **extra}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


def _missing(path: str) -> Response:
    return Response(404, {"kind": "Status", "message": f"{path} not found"})


def _selected(item: Object, query: dict[str, str]) -> bool:
    labels = item["metadata"].get("labels") or {}
    wanted = [pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair]
    fields = [pair.split("=") for pair in query.get("fieldSelector", "").split(",") if pair]
    return all(labels.get(key) == value for key, value in wanted) and all(
        item.get(key) == value for key, value in fields
    )
