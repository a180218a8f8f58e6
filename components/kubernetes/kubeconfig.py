"""Kubeconfigs: the one parser. A kubeconfig comes from somebody else and is hostile until it is parsed.

What would run code, or send a file of this machine to the cluster, is refused: ``exec``, ``auth-provider``
commands, ``tokenFile``, and files outside of the kubeconfig's own folder.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from components.kubernetes import oidc
from components.kubernetes.oidc import OidcLogin
from components.runtime import tls
from components.runtime.errors import ProviderError
from components.runtime.http import Server

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = {
    "exec": "it runs a command on this machine",
    "tokenFile": "it sends a file of this machine to the cluster",
}


_MOST_BYTES = 2**20
"""Largest certificate file."""


class KubeconfigError(ProviderError):
    """The kubeconfig cannot be used. The message quotes nothing secret of it."""


@dataclass(frozen=True)
class Kubeconfig:
    """The cluster and the user of a kubeconfig's current context.

    Attributes:
        server: URL of the API.
        ca: PEM of the CAs that its certificate is issued by; empty: the system's.
        tls_name: Name to verify in its certificate; empty: the URL's host.
        token: Bearer token.
        basic: User name and password.
        certificate: PEM of the client's certificate.
        key: PEM of its private key.
        oidc: Login that gives further tokens.
    """

    server: str
    ca: str = ""
    tls_name: str = ""
    token: str = field(default="", repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    oidc: OidcLogin | None = None

    @property
    def fingerprint(self) -> str:
        """Identifies the cluster, whoever logs in to it."""
        return hashlib.sha256(f"{self.server}\n{self.ca}".encode()).hexdigest()[:16]

    def connection(self) -> Server:
        """The API for ``HttpClient``.

        Raises:
            ProviderError: The CA or the client's certificate cannot be read.
        """
        trust = tls.trust_only(self.ca) if self.ca else tls.trust_system()
        if self.certificate:
            tls.show_certificate(trust, self.certificate, self.key)
        return Server(
            name=f"Kubernetes API {self.server}",
            url=self.server,
            trust=trust,
            tls_name=self.tls_name,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
            basic=self.basic,
            secrets=(self.token,) if self.token else (),
            proxies=True,
        )


def parse(text: str, folder: Path | None = None) -> Kubeconfig:
    """The kubeconfig in a text.

    Args:
        text: YAML.
        folder: Folder of its file; certificates may be files in it. None: there are none.

    Raises:
        KubeconfigError: It is invalid, or refused.
    """
    document = load(text)
    context = _entry(document, "contexts", "context", document.get("current-context"))
    cluster = _entry(document, "clusters", "cluster", context.get("cluster"))
    user = _entry(document, "users", "user", context.get("user"))
    for name, reason in _FORBIDDEN.items():
        if user.get(name):
            raise KubeconfigError(
                f"the kubeconfig's user has `{name}`, which is refused: {reason}. Give a token or a client "
                "certificate"
            )
    server = _server(cluster)
    if cluster.get("insecure-skip-tls-verify"):
        raise KubeconfigError(
            "the kubeconfig has insecure-skip-tls-verify, which is refused. Put the cluster's CA into "
            "certificate-authority-data instead"
        )
    if cluster.get("proxy-url"):
        raise KubeconfigError("the kubeconfig has a proxy-url, which is refused. Set HTTPS_PROXY instead")
    username = _text(user, "username")
    return Kubeconfig(
        server=server,
        ca=_pem(cluster, "certificate-authority", folder),
        tls_name=_text(cluster, "tls-server-name"),
        token=_token(user),
        basic=(username, _text(user, "password")) if username else None,
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
        oidc=_oidc(user),
    )


def load(text: str) -> Mapping[str, Any]:
    """The document of a kubeconfig.

    Raises:
        KubeconfigError: It is not YAML, or not an object.
    """
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader, in C
    except (yaml.YAMLError, ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping):
        raise KubeconfigError("the kubeconfig is not a YAML object. Correct it")
    return document


def reduce(text: str, *, server: str = "", tls_name: str = "") -> tuple[str, str]:
    """A kubeconfig with its current context alone, and the URL of the API.

    Args:
        text: YAML.
        server: URL to use in place of its own.
        tls_name: Name to verify in the API's certificate; empty: the URL's host.

    Raises:
        KubeconfigError: It has no usable current context.
    """
    document = load(text)
    name = document.get("current-context")
    context = _entry(document, "contexts", "context", name)
    cluster = dict(_entry(document, "clusters", "cluster", context.get("cluster")))
    user = _entry(document, "users", "user", context.get("user"))
    cluster |= {"server": server} if server else {}
    cluster |= {"tls-server-name": tls_name} if tls_name else {}
    if not isinstance(cluster.get("server"), str):
        raise KubeconfigError("the kubeconfig has no server. Correct it")
    reduced = {
        **document,
        "clusters": [{"name": context["cluster"], "cluster": cluster}],
        "contexts": [{"name": name, "context": dict(context)}],
        "users": [{"name": context["user"], "user": dict(user)}],
    }
    return yaml.safe_dump(reduced, sort_keys=True), cluster["server"]


def expiry(text: object) -> float | None:
    """When the login of a kubeconfig ends, in seconds since the epoch; None: it has no end that is known.

    An OIDC login lives minutes; one that cannot be read has ended (0).
    """
    try:
        document = load(str(text))
        context = _entry(document, "contexts", "context", document.get("current-context"))
        settings = _oidc_settings(_entry(document, "users", "user", context.get("user")))
        return None if settings is None else oidc.expiry(_text(settings, "id-token")) or 0.0
    except KubeconfigError:
        return None


def same_cluster(one: object, other: object) -> bool:
    """Whether two kubeconfigs lead to the same API, whoever logs in. Invalid ones do not."""
    if one == other:
        return True
    found = _address(one)
    return found is not None and found == _address(other)


def _address(kubeconfig: object) -> tuple[object, ...] | None:
    try:
        document = load(str(kubeconfig))
        context = _entry(document, "contexts", "context", document.get("current-context"))
        cluster = _entry(document, "clusters", "cluster", context.get("cluster"))
    except KubeconfigError:
        return None
    return cluster.get("server"), cluster.get("certificate-authority-data")


def _server(cluster: Mapping[str, Any]) -> str:
    server = cluster.get("server")
    try:
        parts = urlsplit(server if isinstance(server, str) and server.isprintable() else "")
    except ValueError:
        parts = urlsplit("")
    if not isinstance(server, str) or not server.startswith("https://") or not parts.hostname:
        raise KubeconfigError("the kubeconfig has no server that begins with https://. Correct it")
    if "@" in parts.netloc:
        raise KubeconfigError("the kubeconfig's server contains credentials. Put them into its user")
    return server


def _entry(document: Mapping[str, Any], section: str, kind: str, name: object) -> Mapping[str, Any]:
    items = document.get(section)
    named = [
        item.get(kind)
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, Mapping) and item.get("name") == name
    ]
    if not name or len(named) != 1 or not isinstance(named[0], Mapping):
        raise KubeconfigError(f"the kubeconfig has no current context with a {kind}. Correct it")
    return named[0]


def _token(user: Mapping[str, Any]) -> str:
    """The bearer token: its own, or the ID token of an OIDC login, which PKS writes."""
    settings = _oidc_settings(user)
    return _header_value(user, "token") if settings is None else _header_value(settings, "id-token")


def _oidc(user: Mapping[str, Any]) -> OidcLogin | None:
    settings = _oidc_settings(user)
    if settings is None:
        return None
    return OidcLogin(
        issuer=_text(settings, "idp-issuer-url").rstrip("/"),
        client_id=_text(settings, "client-id"),
        client_secret=_text(settings, "client-secret"),
        refresh_token=_text(settings, "refresh-token"),
        ca=_pem(settings, "idp-certificate-authority", None),
    )


def _oidc_settings(user: Mapping[str, Any]) -> Mapping[str, Any] | None:
    provider = user.get("auth-provider")
    if provider is None:
        return None
    settings = provider.get("config") if isinstance(provider, Mapping) else None
    if not isinstance(settings, Mapping) or provider.get("name") != "oidc":
        raise KubeconfigError(
            "the kubeconfig's user has an auth-provider that is refused. Give a token or a client certificate"
        )
    return settings


def _header_value(values: Mapping[str, Any], name: str) -> str:
    value = _text(values, name)
    if not value.isascii() or " " in value:
        raise KubeconfigError(f"{name} of the kubeconfig has characters that no token has. Correct it")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable():
        raise KubeconfigError(f"{name} of the kubeconfig is not a line of text. Correct it")
    return value


def _pem(values: Mapping[str, Any], name: str, folder: Path | None) -> str:
    """A certificate or key: inline, or a file in the kubeconfig's own folder."""
    encoded, file = _inline(values, name), values.get(name)
    if encoded is not None or not file:
        return encoded or ""
    if folder is None or not isinstance(file, str):
        raise KubeconfigError(f"{name} of the kubeconfig is a file. Give {name}-data instead")
    return _file(folder, file, name)


def _file(folder: Path, file: str, name: str) -> str:
    """A small regular file in the folder, or below it; links must not lead outside."""
    try:
        path = (folder / file).resolve()
        inside = path.is_relative_to(folder.resolve())
        if Path(file).is_absolute() or ".." in Path(file).parts or not inside:
            raise KubeconfigError(
                f"{name} of the kubeconfig is a file outside of its folder, which is refused: it may be any "
                f"file of this machine. Give {name}-data instead"
            )
        if path.is_file() and path.stat().st_size <= _MOST_BYTES:
            return path.read_text()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        pass
    # Not the name of the file: it may be a key that was pasted there.
    raise KubeconfigError(f"{name} of the kubeconfig: its file cannot be read. Give {name}-data instead")


def _inline(values: Mapping[str, Any], name: str) -> str | None:
    encoded = values.get(f"{name}-data")
    if not encoded:
        return None
    try:
        return base64.b64decode(str(encoded), validate=True).decode()
    except (binascii.Error, ValueError):
        raise KubeconfigError(f"{name}-data of the kubeconfig is not base64 of PEM. Correct it") from None
