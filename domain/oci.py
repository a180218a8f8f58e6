"""OCI registries with charts: addresses, manifests and logins.

Sources: OCI Distribution Specification; Helm docs "Use OCI-based registries"; RFC 9110.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from domain.charts import OCI, ChartReference
from domain.finding import FindingError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_HOSTS = {"docker.io": "registry-1.docker.io"}
"""Registries whose API is on another host."""
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_ARCHIVE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of RFC 9110
_CHALLENGE = re.compile(rf'[\s,]*({_TOKEN})(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+))?')


def place(reference: ChartReference) -> tuple[str, str, str]:
    """Host, repository and tag of a chart in a registry."""
    host, _, path = reference.repository.removeprefix(OCI).strip("/").partition("/")
    name = "/".join(part for part in (path, reference.chart) if part)
    return host, name, reference.version.replace("+", "_")  # tags cannot contain a plus sign


def place_of(url: str) -> tuple[str, str, str]:
    """Host, repository and tag in an ``oci://`` URL."""
    host, _, path = url.removeprefix(OCI).partition("/")
    name, _, tag = path.partition(":")
    return host, name, tag


def api(host: str, name: str) -> str:
    """URL of a repository in the API of its registry."""
    return f"https://{_HOSTS.get(host, host)}/v2/{name}"


def missing(reference: ChartReference, tags: Mapping[str, Any]) -> FindingError:
    """Error for a chart without a manifest, from the registry's list of tags; empty: it has none."""
    listed = tags.get("tags")
    versions = [str(tag).replace("_", "+") for tag in (listed if isinstance(listed, list) else [])]
    if versions:
        return reference.missing_version(versions)
    problem = f"{reference.source} has no chart {reference.chart!r}"
    return FindingError("chart", problem, "Correct the name of the chart, or the repository")


def config(manifest: Mapping[str, Any], shown: str) -> str:
    """Digest of the chart's configuration in a manifest.

    Raises:
        FindingError: The manifest is of something else than a chart.
    """
    config = manifest.get("config")
    found = config if isinstance(config, dict) else {}
    digest = found.get("digest")
    if not isinstance(digest, str) or found.get("mediaType", _CONFIG) != _CONFIG:
        raise FindingError("chart", f"{shown} is not a Helm chart", "Give the repository of a chart")
    return digest


def archive(manifest: Mapping[str, Any], shown: str) -> str:
    """Digest of the packaged chart in a manifest.

    Raises:
        FindingError: The manifest has none.
    """
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == _ARCHIVE:
            digest = layer.get("digest")
            if isinstance(digest, str):
                return digest
    raise FindingError("chart", f"{shown} has no packaged chart", "Push the chart again")


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


def token_url(challenge: Mapping[str, str], api: str, name: str) -> str:
    """URL of a token that answers a challenge (Distribution specification: "Token Authentication").

    Raises:
        FindingError: The challenge names no ``https://`` URL.
    """
    realm = challenge.get("realm", "")
    if not realm.startswith("https://"):
        problem = f"the token service of {api} has no https:// URL"
        raise FindingError("repository", problem, "Use another registry")
    query = {"scope": challenge.get("scope") or f"repository:{name}:pull"}
    if "service" in challenge:
        query["service"] = challenge["service"]
    parts = urlsplit(realm)
    return parts._replace(query=urlencode([*parse_qsl(parts.query), *query.items()])).geturl()


def token(answer: Mapping[str, Any], api: str) -> str:
    """The token in the answer of a token service.

    Raises:
        FindingError: There is none.
    """
    found = answer.get("token") or answer.get("access_token")
    if not isinstance(found, str) or not found.isprintable():
        raise FindingError("repository", f"the token service of {api} returned no token", "Try again")
    return found
