"""Kubeconfigs: what of a document is used, and what is refused. It comes from somebody else and is hostile.

What would run code, or send a file of this machine to the cluster, is refused: ``exec``, ``auth-provider``
commands and ``tokenFile``. Which files may be read is up to the caller.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from domain import oidc
from domain.oidc import OidcLogin
from domain.urls import is_https

Document = Mapping[str, Any]
"""A kubeconfig, or a part of one, as YAML has it."""

Files = Callable[[str, str], str]
"""Returns the text of a file (second argument) that a property (first argument) names."""

_FORBIDDEN = {
    "exec": "it runs a command on this machine",
    "tokenFile": "it sends a file of this machine to the cluster",
}


class RefusedError(ValueError):
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


def read(document: object, files: Files | None = None) -> Kubeconfig:
    """The kubeconfig in a document.

    Args:
        document: The parsed text.
        files: Reads certificates that are files; None: there are none.

    Raises:
        RefusedError: It is invalid, or refused.
    """
    cluster, user = _current(document, "cluster"), _current(document, "user")
    for name, reason in _FORBIDDEN.items():
        if user.get(name):
            raise RefusedError(
                f"the kubeconfig's user has `{name}`, which is refused: {reason}. Give a token or a client "
                "certificate"
            )
    server = _server(cluster)
    if cluster.get("insecure-skip-tls-verify"):
        raise RefusedError(
            "the kubeconfig has insecure-skip-tls-verify, which is refused. Put the cluster's CA into "
            "certificate-authority-data instead"
        )
    if cluster.get("proxy-url"):
        raise RefusedError("the kubeconfig has a proxy-url, which is refused. Set HTTPS_PROXY instead")
    username = _text(user, "username")
    return Kubeconfig(
        server=server,
        ca=_pem(cluster, "certificate-authority", files),
        tls_name=_text(cluster, "tls-server-name"),
        token=_token(user),
        basic=(username, _text(user, "password")) if username else None,
        certificate=_pem(user, "client-certificate", files),
        key=_pem(user, "client-key", files),
        oidc=_oidc(user),
    )


def reduced(document: object, *, server: str = "", tls_name: str = "") -> tuple[dict[str, Any], str]:
    """The document with its current context alone, and the URL of the API.

    Args:
        document: The parsed text.
        server: URL to use in place of its own.
        tls_name: Name to verify in the API's certificate; empty: the URL's host.

    Raises:
        RefusedError: It has no usable current context.
    """
    context = _context(document)
    cluster, user = dict(_current(document, "cluster")), _current(document, "user")
    cluster |= {"server": server} if server else {}
    cluster |= {"tls-server-name": tls_name} if tls_name else {}
    if not isinstance(cluster.get("server"), str):
        raise RefusedError("the kubeconfig has no server. Correct it")
    whole = _object(document)
    return {
        **whole,
        "clusters": [{"name": context["cluster"], "cluster": cluster}],
        "contexts": [{"name": whole["current-context"], "context": dict(context)}],
        "users": [{"name": context["user"], "user": dict(user)}],
    }, cluster["server"]


def expiry(document: object) -> float | None:
    """When the login ends, in seconds since the epoch; None: it has no end that is known.

    An OIDC login lives minutes; one that cannot be read has ended (0).

    Raises:
        RefusedError: It has no usable user.
    """
    settings = _oidc_settings(_current(document, "user"))
    return None if settings is None else oidc.expiry(_text(settings, "id-token")) or 0.0


def address(document: object) -> tuple[object, object]:
    """Server and CA, as they are given: equal for two documents that lead to the same API.

    Raises:
        RefusedError: It has no usable cluster.
    """
    cluster = _current(document, "cluster")
    return cluster.get("server"), cluster.get("certificate-authority-data")


def _object(document: object) -> Document:
    if not isinstance(document, Mapping):
        raise RefusedError("the kubeconfig is not a YAML object. Correct it")
    return document


def _context(document: object) -> Document:
    whole = _object(document)
    return _entry(whole, "context", whole.get("current-context"))


def _current(document: object, kind: str) -> Document:
    """The ``cluster`` or ``user`` of the current context."""
    return _entry(_object(document), kind, _context(document).get(kind))


def _entry(document: Document, kind: str, name: object) -> Document:
    items = document.get(f"{kind}s")
    named = [
        item.get(kind)
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, Mapping) and item.get("name") == name
    ]
    if not name or len(named) != 1 or not isinstance(named[0], Mapping):
        raise RefusedError(f"the kubeconfig has no current context with a {kind}. Correct it")
    return named[0]


def _server(cluster: Document) -> str:
    server = cluster.get("server")
    if not isinstance(server, str) or not is_https(server):
        raise RefusedError("the kubeconfig has no server that begins with https://. Correct it")
    if "@" in urlsplit(server).netloc:
        raise RefusedError("the kubeconfig's server contains credentials. Put them into its user")
    return server


def _token(user: Document) -> str:
    """The bearer token: its own, or the ID token of an OIDC login, which PKS writes."""
    settings = _oidc_settings(user)
    return _header_value(user, "token") if settings is None else _header_value(settings, "id-token")


def _oidc(user: Document) -> OidcLogin | None:
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


def _oidc_settings(user: Document) -> Document | None:
    provider = user.get("auth-provider")
    if provider is None:
        return None
    settings = provider.get("config") if isinstance(provider, Mapping) else None
    if not isinstance(settings, Mapping) or provider.get("name") != "oidc":
        raise RefusedError(
            "the kubeconfig's user has an auth-provider that is refused. Give a token or a client certificate"
        )
    return settings


def _header_value(values: Document, name: str) -> str:
    value = _text(values, name)
    if not value.isascii() or " " in value:
        raise RefusedError(f"{name} of the kubeconfig has characters that no token has. Correct it")
    return value


def _text(values: Document, name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable():
        raise RefusedError(f"{name} of the kubeconfig is not a line of text. Correct it")
    return value


def _pem(values: Document, name: str, files: Files | None) -> str:
    """A certificate or key: inline, or a file."""
    if encoded := values.get(f"{name}-data"):
        try:
            return base64.b64decode(str(encoded), validate=True).decode()
        except (binascii.Error, ValueError):
            raise RefusedError(f"{name}-data of the kubeconfig is not base64 of PEM. Correct it") from None
    file = values.get(name)
    if not file:
        return ""
    if files is None or not isinstance(file, str):
        raise RefusedError(f"{name} of the kubeconfig is a file. Give {name}-data instead")
    return files(name, file)
