"""TLS contexts for the sites, by SNI: the Ingress's certificate, or ingress-nginx's fake one."""

from __future__ import annotations

import base64
import datetime
import logging
import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509

from lab import pki
from lab.edge.routing import Site

_log = logging.getLogger(__name__)


class Certificates:
    """Selects the certificate for each handshake; a changed Secret applies from the next handshake on."""

    def __init__(self, secrets: Mapping[str, dict[str, Any]], site: Callable[[str], Site | None]) -> None:
        self._secrets = secrets
        self._site = site
        self._contexts: dict[tuple[str, str, str], ssl.SSLContext | None] = {}
        self.context = _context(*_fake())
        """The TLS context of the listening socket."""
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        host = (name or "").lower()
        site = self._site(host)
        if site is None or site.tls_secret is None:
            return
        secret = self._secrets.get(site.tls_secret)
        if secret is None:
            _log.warning("Secret %s of host %s does not exist: fake certificate", site.tls_secret, host)
            return
        version = secret["metadata"]["resourceVersion"]
        key = (site.tls_secret, version, host)
        if key not in self._contexts:
            # Only the current version of a Secret can be requested again.
            stale = [old for old in self._contexts if old[0] == key[0] and old[1] != version]
            for old in stale:
                del self._contexts[old]
            self._contexts[key] = _secret_context(secret, host)
        context = self._contexts[key]
        if context is not None:
            connection.context = context


def _secret_context(secret: dict[str, Any], host: str) -> ssl.SSLContext | None:
    """Returns the context of a kubernetes.io/tls Secret; logs and returns None if nginx would reject it."""
    name = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
    data = secret.get("data") or {}
    try:
        chain = base64.b64decode(data["tls.crt"])
        key = base64.b64decode(data["tls.key"])
        leaf = x509.load_pem_x509_certificates(chain)[0]
        context = _context(chain, key)
    except (KeyError, ValueError, ssl.SSLError) as error:
        # The key parser's error may quote the key, so only its type is logged.
        _log.warning(
            "Secret %s has no valid certificate and key (%s): fake certificate", name, type(error).__name__
        )
        return None
    if not _covers(leaf, host):
        _log.warning("certificate in Secret %s is not for host %s: fake certificate", name, host)
        return None
    if leaf.not_valid_after_utc < datetime.datetime.now(datetime.UTC):
        _log.warning("certificate in Secret %s has expired", name)
    return context


def _covers(leaf: x509.Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    parent = host.partition(".")[2]
    dns = {entry.lower() for entry in names.get_values_for_type(x509.DNSName)}
    return host in dns or bool(parent and f"*.{parent}" in dns)


def _context(chain: bytes, key: bytes) -> ssl.SSLContext:
    """Returns a server context; OpenSSL reads files, so it gets an in-memory one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    descriptor = os.memfd_create("certificate")
    with os.fdopen(descriptor, "wb") as file:
        file.write(chain + b"\n" + key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    return context


def _fake() -> tuple[bytes, bytes]:
    """Returns the certificate that ingress-nginx generates at start as its default."""
    key = pki.new_key()
    subject = pki.named("Kubernetes Ingress Controller Fake Certificate", "Acme Co")
    names = [x509.DNSName("ingress.local")]
    certificate = pki.certificate(subject, key.public_key(), pki.Issuer(subject, key), names)
    return certificate, pki.key_pem(key)
