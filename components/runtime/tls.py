"""TLS contexts. Every one verifies the server's certificate and host name."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile

from components.runtime.errors import ProviderError


def trust_only(ca_bundle: str) -> ssl.SSLContext:
    """A context that trusts these CAs and no others, as curl and Rancher's agents do.

    Args:
        ca_bundle: PEM certificates.

    Raises:
        ProviderError: They cannot be read.
    """
    try:
        context = ssl.create_default_context(cadata=ca_bundle)
    except (ssl.SSLError, ValueError) as error:
        raise ProviderError(
            f"the CA bundle cannot be read ({error}). Give PEM certificates", "ca_bundle"
        ) from None
    # Independent of this Python's defaults: an intermediate may be an anchor, key ids may be missing.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def trust_system(ca_file: str = "") -> ssl.SSLContext:
    """A context that trusts the system's CAs, or with a file the CAs in it alone.

    Raises:
        ProviderError: The file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ProviderError(
            f"the CA certificate file {ca_file!r} cannot be read ({error})", "ca_file"
        ) from None


def trust_like_go(environment: Mapping[str, str]) -> ssl.SSLContext:
    """A context that trusts what a Go program trusts: the system's CAs, SSL_CERT_FILE, SSL_CERT_DIR.

    Go takes every file of a directory in SSL_CERT_DIR, OpenSSL only those named by their hash.
    """
    context = ssl.create_default_context()
    for directory in environment.get("SSL_CERT_DIR", "").split(os.pathsep):
        for file in sorted(Path(directory).glob("*")) if directory else []:
            with suppress(OSError):  # no certificate, or no permission to read it
                context.load_verify_locations(file)
    return context


def show_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Have the context present a client certificate.

    Args:
        context: Changed.
        certificate: PEM.
        key: PEM of its private key.

    Raises:
        ProviderError: They cannot be read, or do not belong together. The message quotes nothing of them.
    """
    with ExitStack() as stack:
        # OpenSSL reads files only: these have no name, so that nothing outlives this process.
        certificate_file, key_file = (stack.enter_context(TemporaryFile("w+")) for _ in range(2))
        for file, text in ((certificate_file, certificate), (key_file, key)):
            file.write(text)
            file.seek(0)
        try:
            context.load_cert_chain(f"/dev/fd/{certificate_file.fileno()}", f"/dev/fd/{key_file.fileno()}")
        except (OSError, ssl.SSLError):
            raise ProviderError("the client certificate and its key cannot be used") from None
