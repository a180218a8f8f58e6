"""Small client of a Kubernetes API, from the text of a kubeconfig.

It speaks plain JSON: what is read here (a few fields of a few kinds) needs no typed model, and the same code
reads every version of the API.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from components.kubernetes import kubeconfig as kubeconfigs
from components.kubernetes import oidc
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient, HttpError, UnreachableError
from domain.kubernetes_objects import LIST, OBJECT, STATUS
from domain.oidc import OidcLogin
from domain.shapes import Shape, ShapeError, check

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

KubernetesError = HttpError
"""The API refused a request. ``UnreachableError``: no answer, or a temporary failure."""

__all__ = ["Kubernetes", "KubernetesError", "Object", "UnreachableError", "client"]

_PAGE = 500
_MOST_PAGES = 200
"""A hundred thousand objects: an API that has more, or repeats its pages, is not read to the end."""


class Kubernetes:
    """JSON requests to one API. Paths begin with ``/api`` or ``/apis``."""

    def __init__(self, http: HttpClient, login: OidcLogin | None = None) -> None:
        """Use ``client`` instead."""
        self._http = http
        self._login = login
        self._authorization: dict[str, str] = {}

    def get(self, path: str) -> Object | None:
        """The object at ``path``; None when it (or its kind) does not exist.

        Raises:
            UnreachableError: No answer, or a temporary failure.
            KubernetesError: The API refused.
        """
        return self._unless_absent("GET", path)

    def list(self, path: str, **query: str) -> list[Object]:
        """All objects of a collection, page by page; none when the API does not know the kind.

        Args:
            path: Path of the collection.
            query: Such as ``labelSelector`` or ``fieldSelector``.

        Raises:
            UnreachableError: No answer, or a temporary failure.
            KubernetesError: The API refused.
        """
        found: list[Object] = []
        position = ""
        for _ in range(_MOST_PAGES):
            paging = {"limit": str(_PAGE), **({"continue": position} if position else {})}
            page = self._unless_absent("GET", f"{path}?{urlencode({**query, **paging})}", shape=LIST)
            if page is None:
                return found
            found += page.get("items") or []
            position = (page.get("metadata") or {}).get("continue") or ""
            if not position:
                return found
        raise KubernetesError(0, f"{self._http.server.name}: {path} has more than {_MOST_PAGES} pages")

    def text(self, path: str) -> str:
        """The text at a path such as ``/metrics``; empty when there is none, or it is refused.

        Raises:
            UnreachableError: No answer, or a temporary failure.
        """
        try:
            headers = {"Accept": "text/plain", **self._authorization}
            return self._http.request("GET", path, headers=headers, repeatable=False).text
        except UnreachableError:
            raise
        except KubernetesError:
            return ""

    def replace(self, path: str, body: Object) -> Object:
        """Put ``body`` in the place of the object; refused (409) when it has changed since it was read."""
        return self._request("PUT", path, body)

    def create(self, path: str, body: Object) -> Object:
        """Add ``body`` to the collection at ``path``; refused (409) when there is one of that name."""
        return self._request("POST", path, body)

    def merge(self, path: str, changes: Object) -> Object | None:
        """Change only these fields of the object (a JSON merge patch); None when there is no object."""
        return self._unless_absent("PATCH", path, changes, "application/merge-patch+json")

    def apply(self, path: str, body: Object, manager: str) -> Object:
        """Give the object at ``path`` these fields (server-side apply, Kubernetes 1.16 and later).

        Fields that another manager has set are taken over.
        """
        query = urlencode({"fieldManager": manager, "force": "true"})
        return self._request("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml")

    def delete(self, path: str, **preconditions: str) -> bool:
        """Delete the object; False when there was none.

        Args:
            path: Path of the object.
            preconditions: ``uid`` and ``resourceVersion`` that it must have; another is refused (409).
        """
        body = {"preconditions": preconditions} if preconditions else None
        return self._unless_absent("DELETE", path, body, shape=STATUS) is not None

    def _unless_absent(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        media_type: str = "application/json",
        shape: Shape = OBJECT,
    ) -> Object | None:
        try:
            return self._request(method, path, body, media_type, shape)
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    def _request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        media_type: str = "application/json",
        shape: Shape = OBJECT,
    ) -> Object:
        answer = self._logged_in(method, path, body, media_type)
        try:
            check(answer, shape)
        except ShapeError as error:
            what = f"{self._http.server.name}: {method} {path.partition('?')[0]}"
            raise KubernetesError(0, f"{what}: the answer is not one of Kubernetes: {error}") from None
        return answer

    def _logged_in(self, method: str, path: str, body: Object | None, media_type: str) -> Object:
        try:
            return self._send(method, path, body, media_type)
        except KubernetesError as error:
            if error.status != 401 or self._login is None:
                raise
            try:
                token = oidc.id_token(self._login)
            except ProviderError as failure:
                raise KubernetesError(
                    401,
                    f"{error}. The OIDC login of the kubeconfig has expired and cannot be renewed "
                    f"({failure}). Run `pulumi up`, which fetches the kubeconfig again",
                ) from None
            self._authorization = {"Authorization": f"Bearer {token}"}
        return self._send(method, path, body, media_type)  # the first one was not carried out

    def _send(self, method: str, path: str, body: Object | None, media_type: str) -> Object:
        # Callers poll: a failure is theirs to repeat.
        headers = {"Content-Type": media_type, **self._authorization}
        return self._http.request(
            method, path, body, headers=headers, repeatable=False, transient=_TRANSIENT
        ).object()


_TRANSIENT = (429, *range(500, 600))


@contextmanager
def client(kubeconfig: str) -> Iterator[Kubernetes]:
    """Access to the cluster of the kubeconfig's current context. An expired OIDC login is renewed.

    Raises:
        ProviderError: The kubeconfig cannot be used, or names files.
    """
    parsed = kubeconfigs.parse(kubeconfig)
    with HttpClient(kubeconfigs.connection(parsed)) as http:
        yield Kubernetes(http, parsed.oidc)
