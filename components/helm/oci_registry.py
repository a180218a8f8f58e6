"""Charts in OCI registries (OCI Distribution Specification; Helm docs: "Use OCI-based registries")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http import HTTPStatus

from components.helm.chart_download import Download, explained
from components.runtime.http import HttpError, Response
from domain import oci
from domain.chart_urls import basic
from domain.charts import ChartMetadata, ChartReference


def find(reference: ChartReference, download: Download) -> ChartMetadata:
    """Reads the chart's manifest and configuration.

    Raises:
        FindingError, ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    host, name, tag = oci.place(reference)
    registry = _Registry(download, host, name, basic(reference.login))
    manifest = registry.find(f"manifests/{tag}")
    if manifest is None:
        tags = registry.find("tags/list")
        raise oci.missing(reference, tags.object() if tags else {})
    config = registry.get(f"blobs/{oci.config(manifest.object(), reference.locator)}")
    digest = manifest.headers.get("docker-content-digest") or hashlib.sha256(manifest.content).hexdigest()
    return ChartMetadata.of(config.object(), digest)


def check(url: str, download: Download) -> None:
    """Checks that there is a chart at an ``oci://`` URL with a tag, to which an index may refer.

    Raises:
        FindingError, ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    host, name, tag = oci.place_of(url)
    oci.config(_Registry(download, host, name, "").get(f"manifests/{tag}").object(), url)


class _Registry:
    """One repository in the API of a registry. Answers the challenges of the registry."""

    def __init__(self, download: Download, host: str, name: str, login: str) -> None:
        """Make it; ``login`` is the header ``Authorization`` of user name and password."""
        self._download, self._name, self._login = download, name, login
        self._root = oci.api(host, name)
        self._authorization = ""

    def get(self, path: str) -> Response:
        """What is at a path below the repository."""
        try:
            return self._request(path)
        except HttpError as error:
            raise explained(error, "the registry's chart is incomplete") from None

    def find(self, path: str) -> Response | None:
        """As ``get``; None when the path does not exist."""
        try:
            return self._request(path)
        except HttpError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise explained(error) from None

    def _request(self, path: str) -> Response:
        try:
            return self._once(path)
        except HttpError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            refusal = error
        for authorization in self._authorizations(refusal.headers.get("www-authenticate", "")):
            self._authorization = authorization
            try:
                return self._once(path)
            except HttpError as error:
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
                refusal = error
        raise refusal

    def _once(self, path: str) -> Response:
        accept = oci.MANIFEST if path.startswith("manifests/") else "*/*"
        return self._download.request(
            f"{self._root}/{path}", authorization=self._authorization, accept=accept
        )

    def _authorizations(self, header: str) -> Iterator[str]:
        """Headers ``Authorization`` that answer the challenges: a token first, then the login itself."""
        offered = oci.challenges(header)
        use_login = self._login and (not offered or any(scheme == "basic" for scheme, _ in offered))
        for scheme, parameters in offered:
            if scheme == "bearer":
                try:
                    yield f"Bearer {self._token(parameters)}"
                except HttpError as error:
                    if error.status != HTTPStatus.UNAUTHORIZED or not use_login:
                        raise
        if use_login:
            yield self._login

    def _token(self, challenge: dict[str, str]) -> str:
        url = oci.token_url(challenge, self._root, self._name)
        return oci.token(self._download.request(url, authorization=self._login).object(), self._root)
