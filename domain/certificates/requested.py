"""A certificate that a CA outside the stack has signed: whether it is for the stack's own request."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from domain.certificates.certificate import name_text, public_key_der


def too_early(signed: str) -> str:
    """The error for a certificate (PEM) that is given before there is a request."""
    return _error(_server(signed), "is given, but this stack has not made a request yet")


def other_key(signed: str, public_key: str) -> str:
    """The error for a certificate (PEM) with another key than the request (PEM); empty if there is none."""
    server, wanted = _server(signed), serialization.load_pem_public_key(public_key.encode())
    if public_key_der(server.public_key()) == public_key_der(wanted):
        return ""
    return _error(server, "was not issued for the request of this stack: it has another key")


def _error(server: x509.Certificate, problem: str) -> str:
    remedy = (
        "Have the CA sign the output certificateRequest; to use your own key, provide certificate and key"
    )
    return f"certificate {name_text(server.subject)} {problem}. {remedy}"


def _server(signed: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(signed.encode())
