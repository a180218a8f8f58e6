"""Where a chart comes from (repository, OCI registry or local path) and what it says about itself."""

from __future__ import annotations

import hashlib
import re
import ssl
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import yaml

from components.runtime.errors import ProviderError
from domain import versions

if TYPE_CHECKING:
    import httpx

_OCI = "oci://"
_SECONDS = 15.0


class ChartError(ProviderError):
    """The chart cannot be had as described; ``property`` is the input to change."""

    def __init__(self, message: str, property: str = "repository") -> None:
        """Make the error about one input."""
        super().__init__(message)
        self.property = property


class ChartUnreachableError(ProviderError):
    """There is no answer now; it says nothing about the chart."""


@dataclass(frozen=True)
class ChartReference:
    """One version of one chart.

    Attributes:
        chart: Name in the repository; or a local path, which has a slash, a dot in front or ends in ``.tgz``.
        repository: ``https://``, ``http://`` or ``oci://`` address; not used with a local chart.
        version: Exact version.
        ca_file: PEM file with the only CAs to trust; empty: the system's.
        username: For basic authentication, with ``password``.
    """

    chart: str
    repository: str
    version: str
    ca_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the chart is a directory or archive on this machine."""
        return "/" in self.chart or self.chart.startswith(".") or self.chart.endswith(".tgz")

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in an OCI registry."""
        return not self.is_local and self.repository.startswith(_OCI)

    @property
    def locator(self) -> str:
        """The chart as Helm takes it: path, ``oci://`` address, or bare name."""
        return f"{self.repository.rstrip('/')}/{self.chart}" if self.is_oci else self.chart


@dataclass(frozen=True)
class ChartMetadata:
    """What the chart says about itself.

    Attributes:
        name: Its own name.
        version: Its version.
        app_version: Version of what it installs; may be empty.
        kubernetes: Range of Kubernetes versions that it accepts (``kubeVersion``); empty: any.
        digest: ``sha256:...`` of the archive, manifest or files; empty when the repository tells none.
        api_version: ``v1``, or ``v2`` of charts that only Helm 3 reads; empty in very old ones.
    """

    name: str
    version: str
    app_version: str
    kubernetes: str
    digest: str
    api_version: str = ""


def resolve(reference: ChartReference) -> ChartMetadata:
    """Look the chart up and make sure that it can be fetched.

    Raises:
        ChartError: It is not there, or access is refused.
        ChartUnreachableError: The other side does not answer.
    """
    if reference.is_local:
        return _local(reference)
    return _from_registry(reference) if reference.is_oci else _from_repository(reference)


def _metadata(document: Mapping[str, Any], digest: str) -> ChartMetadata:
    def text(key: str) -> str:
        return str(document.get(key) or "")

    name, version, app, kubernetes = map(text, ("name", "version", "appVersion", "kubeVersion"))
    return ChartMetadata(name, version, app, kubernetes, digest, text("apiVersion"))


def _local(reference: ChartReference) -> ChartMetadata:
    path = Path(reference.chart)
    try:
        text, digest = _read_archive(path) if path.is_file() else _read_directory(path)
        document = yaml.safe_load(text)
        found = _metadata(document, digest)
    except (OSError, tarfile.TarError, yaml.YAMLError, KeyError, AttributeError) as error:
        reason = "no Chart.yaml in it" if isinstance(error, FileNotFoundError | KeyError) else str(error)
        raise ChartError(
            f"{path} is no chart ({reason}); give its directory or packaged .tgz", "chart"
        ) from None
    if found.version != reference.version:
        problem = f"the chart at {path} has version {found.version}, not {reference.version}"
        raise ChartError(f"{problem}; set the version that it has", "version")
    return found


def _read_archive(path: Path) -> tuple[bytes, str]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.count("/") == 1 and member.name.endswith("/Chart.yaml"):
                content = archive.extractfile(member)
                assert content is not None  # noqa: S101 - a regular file, by its name
                return content.read(), f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    raise KeyError(path)


def _read_directory(path: Path) -> tuple[bytes, str]:
    text = (path / "Chart.yaml").read_bytes()
    digest = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path)} {len(content)}\n".encode() + content)
    return text, f"sha256:{digest.hexdigest()}"


def _from_repository(reference: ChartReference) -> ChartMetadata:
    address = f"{reference.repository.rstrip('/')}/index.yaml"
    with _http(reference) as http:
        response = http.get(address)
        _refuse(response, f"{address} does not exist: this is no chart repository")
        try:
            # Indexes have megabytes: with the C parser if there is one.
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            index = yaml.load(response.text, Loader=loader)  # noqa: S506 - a safe one
            entries = index["entries"]
        except (yaml.YAMLError, TypeError, KeyError):
            raise ChartError(f"{address} is not the index of a chart repository") from None
        if reference.chart not in entries:
            known = ", ".join(sorted(entries)[:10])
            message = f"{reference.repository} has no chart {reference.chart!r}; it has {known or 'none'}"
            raise ChartError(message, "chart")
        listed = {str(entry["version"]): entry for entry in entries[reference.chart]}
        if reference.version not in listed:
            raise _no_such_version(reference, list(listed))
        entry = listed[reference.version]
        archive = urljoin(str(response.url), (entry.get("urls") or [""])[0])
        _refuse_archive(http, archive, reference)
    digest = str(entry.get("digest") or "")
    return _metadata(entry, f"sha256:{digest.removeprefix('sha256:')}" if digest else "")


def _refuse_archive(http: httpx.Client, archive: str, reference: ChartReference) -> None:
    """The index and its archives can be on different hosts: ask for the archive, without its content."""
    if urlsplit(archive)[:2] != urlsplit(reference.repository)[:2]:
        http.auth = _no_login()
    with http.stream("GET", archive) as response:
        _refuse(response, f"the index lists {archive}, which does not exist")


def _from_registry(reference: ChartReference) -> ChartMetadata:
    host, _, path = reference.repository.removeprefix(_OCI).strip("/").partition("/")
    name = "/".join(part for part in (path, reference.chart) if part)
    root = f"https://{host}/v2/{name}"
    # Tags cannot hold a plus sign (Helm: "OCI-based registries").
    tag = reference.version.replace("+", "_")
    with _http(reference) as http:
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        response = http.get(f"{root}/manifests/{tag}", headers=accept)
        if response.status_code == 401 and "www-authenticate" in response.headers:
            _log_in(http, response.headers["www-authenticate"])
            response = http.get(f"{root}/manifests/{tag}", headers=accept)
        if response.status_code == 404:
            tags = http.get(f"{root}/tags/list")
            _refuse(tags, f"{reference.locator} does not exist in the registry", "chart")
            found = [str(item).replace("_", "+") for item in tags.json().get("tags") or []]
            raise _no_such_version(reference, found)
        _refuse(response, "")
        config = http.get(f"{root}/blobs/{response.json()['config']['digest']}")
        _refuse(config, f"{reference.locator} is no chart: it has no configuration")
    digest = response.headers.get("docker-content-digest") or hashlib.sha256(response.content).hexdigest()
    return _metadata(config.json(), f"sha256:{digest.removeprefix('sha256:')}")


def _log_in(http: httpx.Client, challenge: str) -> None:
    """Get a token as the registry says (Distribution specification: "Token Authentication")."""
    if not challenge.lower().startswith("bearer "):
        return
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not parameters.get("realm", "").startswith("https://"):
        raise ChartError("the registry names no https address that gives tokens")
    query = {key: parameters[key] for key in ("service", "scope") if key in parameters}
    response = http.get(parameters["realm"], params=query)
    _refuse(response, f"the registry's token service {parameters['realm']} does not exist")
    answer = response.json()
    http.auth = _no_login()
    http.headers["Authorization"] = f"Bearer {answer.get('token') or answer['access_token']}"


def _no_login() -> httpx.Auth:
    import httpx  # noqa: PLC0415 - see _http

    return httpx.Auth()


@contextmanager
def _http(reference: ChartReference) -> Iterator[httpx.Client]:
    """A client for the repository. Failures below HTTP become this module's errors."""
    import httpx  # noqa: PLC0415 - 0.1 s, and only a new chart is looked up

    where = reference.repository
    try:
        trust = ssl.create_default_context(cafile=reference.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        message = f"{reference.ca_file} holds no CA certificate ({error}); give a PEM file"
        raise ChartError(message, "ca_file") from None
    login = (reference.username, reference.password) if reference.username else None
    try:
        with httpx.Client(auth=login, verify=trust, timeout=_SECONDS, follow_redirects=True) as http:
            yield http
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ChartError(f"{where} is not an address: {error}") from None
    except httpx.HTTPError as error:
        refused = _certificate_error(error)
        if refused:
            remedy = "give the CA file of the chart repository, or mend its certificate"
            raise ChartError(f"{where}: its certificate is refused ({refused}); {remedy}") from None
        reason = str(error) or type(error).__name__
        raise ChartUnreachableError(f"chart repository {where} does not answer: {reason}") from None
    except (ValueError, KeyError, AttributeError) as error:
        raise ChartError(f"{where}: not understood ({error!r}); is this the right address?") from None


def _certificate_error(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""


def _refuse(response: httpx.Response, missing: str, property: str = "repository") -> None:
    """Raise what an answer other than success means."""
    if response.is_success:
        return
    status, address = response.status_code, str(response.url)
    if status in (401, 403):
        remedy = "set the user and password of the chart repositories"
        raise ChartError(f"{address} refuses access ({status}); {remedy}", "username")
    if status == 404 and missing:
        raise ChartError(f"{missing} ({status}); check the address", property)
    if status == 429 or status >= 500:
        raise ChartUnreachableError(f"{address} answers {status} {response.reason_phrase}")
    raise ChartError(f"{address} answers {status} {response.reason_phrase}", property)


def _no_such_version(reference: ChartReference, available: list[str]) -> ChartError:
    near = ", ".join(versions.nearest(reference.version, available)) or "no version at all"
    missing = f"{reference.repository} has no version {reference.version!r} of chart {reference.chart!r}"
    return ChartError(f"{missing}; it has {near}", "version")
