"""What is said about a certificate that is refused; anybody may have made it."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain.certificates.presented import Presented
from tests import pki


def test_what_it_says_is_shown() -> None:
    der = x509.load_pem_x509_certificate(pki.make("Rancher", names=["a.test", "b.test"]).pem.encode())
    shown = Presented.of(der.public_bytes(serialization.Encoding.DER))
    assert (shown.subject, shown.names) == ("CN=Rancher", ("a.test", "b.test"))
    assert "presents CN=Rancher for a.test, b.test, issued by CN=Rancher" in shown.refusal("c.test", "why")


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"0" * 100])
def test_what_cannot_be_read_is_not_quoted(der: bytes) -> None:
    assert Presented.of(der) == Presented()
    assert "presents one that cannot be read, issued by ?" in Presented().refusal("c.test", "why")


def test_an_extension_that_comes_twice_is_no_crash() -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    names = x509.SubjectAlternativeName([x509.DNSName("a.test")])
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.18"), names.public_bytes())
    template = x509.load_pem_x509_certificate(pki.make("Rancher").pem.encode())
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(template.not_valid_before_utc)
    builder = builder.not_valid_after(template.not_valid_after_utc)
    builder = builder.add_extension(names, critical=False).add_extension(other, critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    twice = der.replace(b"\x55\x1d\x12", b"\x55\x1d\x11")
    assert Presented.of(twice) == Presented()
