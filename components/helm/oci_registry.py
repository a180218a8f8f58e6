"""Charts in OCI registries (OCI Distribution Specification; Helm docs: "Use OCI-based registries")."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from components.helm.chart_download import Download, basic, explained
from components.helm.chart_reference import ChartError, ChartMetadata, ChartReference
from components.runtime.http import HttpError, Response

SCHEME = "oci://"
_HOSTS = {"docker.io": "registry-1.docker.io"}
"""Registries whose API is on another host."""
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of RFC 9110
_CHALLENGE = re.compile(rf'[\s,]*({_TOKEN})(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+))?')


def find(reference: ChartReference, download: Download) -> ChartMetadata:
    """Reads the chart's manifest and configuration.

    Raises:
        ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    host, _, path = reference.repository.removeprefix(SCHEME).strip("/").partition("/")
    name = "/".join(part for part in (path, reference.chart) if part)
    registry = _Registry(download, host, name, basic(reference.login))
    # Tags cannot contain a plus sign.
    manifest = registry.find(f"manifests/{reference.version.replace('+', '_')}")
    if manifest is None:
        raise _no_manifest(reference, registry)
    config = registry.get(f"blobs/{_config(manifest, reference.locator)}")
    digest = manifest.headers.get("docker-content-digest") or hashlib.sha256(manifest.content).hexdigest()
    return ChartMetadata.of(config.object(), digest)


def check(url: str, download: Download) -> None:
    """Checks that there is a chart at an ``oci://`` URL with a tag, to which an index may refer.

    Raises:
        ChartError: It does not exist, or access is denied.
        ChartUnreachableError: The registry is unreachable.
    """
    host, _, path = url.removeprefix(SCHEME).partition("/")
    name, _, tag = path.partition(":")
    _config(_Registry(download, host, name, "").get(f"manifests/{tag}"), url)


def _no_manifest(reference: ChartReference, registry: _Registry) -> ChartError:
    tags = registry.find("tags/list")
    listed = tags.object().get("tags") if tags else None
    versions = [str(tag).replace("_", "+") for tag in (listed if isinstance(listed, list) else [])]
    if versions:
        return reference.missing_version(versions)
    problem = f"{reference.source} has no chart {reference.chart!r}"
    return ChartError(f"{problem}. Correct the name of the chart, or the repository", "chart")


def _config(manifest: Response, shown: str) -> str:
    """Digest of the chart's configuration in a manifest."""
    config = manifest.object().get("config")
    found = config if isinstance(config, dict) else {}
    digest = found.get("digest")
    if not isinstance(digest, str) or found.get("mediaType", _CONFIG) != _CONFIG:
        raise ChartError(f"{shown} is not a Helm chart. Give the repository of a chart", "chart")
    return digest


class _Registry:
    """One repository in the API of a registry. Answers the challenges of the registry."""

    def __init__(self, download: Download, host: str, name: str, login: str) -> None:
        """Make it; ``login`` is the header ``Authorization`` of user name and password."""
        self._download, self._name, self._login = download, name, login
        self._root = f"https://{_HOSTS.get(host, host)}/v2/{name}"
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
        accept = _MANIFEST if path.startswith("manifests/") else "*/*"
        return self._download.request(
            f"{self._root}/{path}", authorization=self._authorization, accept=accept
        )

    def _authorizations(self, header: str) -> Iterator[str]:
        """Headers ``Authorization`` that answer the challenges: a token first, then the login itself."""
        offered = challenges(header)
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

    def _token(self, parameters: dict[str, str]) -> str:
        """Gets a token (Distribution specification: "Token Authentication")."""
        realm = parameters.get("realm", "")
        if not realm.startswith("https://"):
            raise ChartError(
                f"the token service of {self._root} has no https:// URL. Use another registry", "repository"
            )
        scope = parameters.get("scope") or f"repository:{self._name}:pull"
        query = {"scope": scope, **{name: parameters[name] for name in ("service",) if name in parameters}}
        parts = urlsplit(realm)
        url = parts._replace(query=urlencode([*parse_qsl(parts.query), *query.items()])).geturl()
        answer = self._download.request(url, authorization=self._login).object()
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            raise ChartError(f"the token service of {self._root} returned no token. Try again", "repository")
        return token


def challenges(header: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of a header ``WWW-Authenticate``: schemes and parameters (RFC 9110, section 11.6.1)."""
    found: list[tuple[str, dict[str, str]]] = []
    for name, value in _CHALLENGE.findall(header):
        if not value:
            found.append((name.lower(), {}))
        elif found:
            text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            found[-1][1].setdefault(name.lower(), text)
    return found
