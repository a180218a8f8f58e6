"""Reading PEM: what people hand over by mistake gets an answer that says what it is and what to do."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from domain.certificates import pem
from domain.certificates.certificate import encode, public_key_der
from domain.finding import Finding
from tests import pki


@functools.cache
def leaf() -> pki.Identity:
    return pki.server(pki.root())


def text(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def one(findings: list[Finding]) -> str:
    assert len(findings) == 1, findings
    return f"{findings[0].severity} {findings[0]}"


def request() -> str:
    csr = (
        x509.CertificateSigningRequestBuilder().subject_name(pki.name("x")).sign(leaf().key, hashes.SHA256())
    )
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def archive() -> bytes:
    key = leaf().key
    assert not isinstance(key, dsa.DSAPrivateKey)
    return pkcs12.serialize_key_and_certificates(
        b"rancher", key, leaf().certificate, None, serialization.BestAvailableEncryption(b"secret")
    )


def pkcs7_archive(encoding: serialization.Encoding) -> bytes:
    return pkcs7.serialize_certificates([leaf().certificate], encoding)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text, "as it is"),
        (lambda text: text.replace("\n", "\r\n"), "Windows line ends"),
        (lambda text: "Bag Attributes\n  friendlyName: x\nsubject=CN = x\n" + text + "\nbye", "text around"),
        (lambda text: "".join(f"    {line}\n" for line in text.splitlines()), "indented, as in YAML"),
        (lambda text: "\ufeff" + text, "byte order mark"),
        (lambda text: text.replace("CERTIFICATE-", "X509 CERTIFICATE-"), "old label"),
        (lambda text: text.rstrip("\n"), "no line end at the end"),
    ],
)
def test_a_certificate_is_read_however_it_is_wrapped(change: Callable[[str], str], why: str) -> None:
    entries, findings = pem.certificates("certificate", text(change(leaf().pem)))
    assert [entry.x509 for entry in entries] == [leaf().certificate], why
    assert findings == []
    assert encode(entries) == leaf().pem


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (lambda: "", "is empty", "-----BEGIN"),
        (lambda: " \r\n", "is empty", "-----BEGIN"),
        (lambda: "hello", "is not PEM", "-----BEGIN"),
        (lambda: leaf().der, "is DER", "openssl x509 -inform der -in FILE"),
        (lambda: base64.b64encode(leaf().der), "is base64 without", "base64 -d FILE"),
        (archive, "is a PKCS #12 archive", "openssl pkcs12 -in FILE"),
        (
            lambda: pkcs7_archive(serialization.Encoding.DER),
            "is a PKCS #7 archive",
            "-inform der -print_certs",
        ),
        (lambda: pkcs7_archive(serialization.Encoding.PEM), "is a PKCS #7 archive", "pkcs7 -print_certs"),
        (lambda: leaf().pem.encode("utf-16"), "is UTF-16", "Set-Content -Encoding ascii"),
        (
            lambda: leaf().key_pem,
            "private key where a certificate is expected",
            "where the private key belongs",
        ),
        (request, "contains a certificate request", "the CA issued for it"),
        (
            lambda: leaf().pem.replace("CERTIFICATE-", "TRUSTED CERTIFICATE-"),
            "trusted certificate",
            "openssl x509",
        ),
        (
            lambda: leaf().pem.replace("CERTIFICATE-", "PUBLIC KEY-"),
            "contains no certificate (only PUBLIC KEY)",
            "BEGIN",
        ),
        (lambda: leaf().pem[:300], "no matching -----END", "Copy the whole file again"),
        (lambda: leaf().pem[:300] + "\n" + leaf().pem, "no matching -----END", "Copy the whole file again"),
        (lambda: leaf().pem.replace("\n", r"\n"), r"two characters \n", "STORE < FILE"),
        (
            lambda: leaf().pem.replace("MII", "M!I", 1),
            "block 1 has damaged base64",
            "Copy the whole certificate again",
        ),
        (
            lambda: leaf().pem.replace("MII", "AAA", 1),
            "block 1 cannot be read as X.509",
            "Copy the whole certificate",
        ),
    ],
)
def test_a_wrong_thing_is_named_with_its_remedy(
    content: Callable[[], str | bytes], problem: str, remedy: str
) -> None:
    entries, findings = pem.certificates("certificate", text(content()))
    message = one(findings)
    assert message.startswith("error certificate: ")
    assert problem in message
    assert remedy in message
    assert len(entries) <= 1


def test_a_private_key_among_certificates_is_warned_about() -> None:
    entries, findings = pem.certificates("certificate", text(leaf().pem + leaf().key_pem))
    assert len(entries) == 1
    assert "warning certificate: contains a private key beside" in one(findings)


@pytest.mark.parametrize(
    ("form", "algorithm"),
    [
        (serialization.PrivateFormat.PKCS8, "ec"),
        (serialization.PrivateFormat.TraditionalOpenSSL, "ec"),
        (serialization.PrivateFormat.PKCS8, "rsa"),
        (serialization.PrivateFormat.TraditionalOpenSSL, "rsa"),
    ],
)
def test_a_private_key_is_read_and_written_as_pkcs8(
    form: serialization.PrivateFormat, algorithm: str
) -> None:
    made = pki.ec_key() if algorithm == "ec" else rsa.generate_private_key(65537, 2048)
    given = pki.private_pem(made, form)
    key, block, findings = pem.private_key(
        "private_key", text("intro\r\n" + given.replace("\n", "\r\n") + leaf().pem)
    )
    assert findings == []
    assert key is not None
    assert public_key_der(key.public_key()) == public_key_der(made.public_key())
    assert block == pki.private_pem(made)


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (lambda: leaf().pem, "a certificate where a private key is expected", "key's PEM file"),
        (lambda: leaf().key_pem * 2, "contains 2 private keys", "Keep only"),
        (
            lambda: pki.private_pem(leaf().key, passphrase=b"pass"),
            "encrypted with a passphrase",
            "openssl pkey -in FILE | STORE",
        ),
        (
            lambda: pki.private_pem(
                leaf().key, serialization.PrivateFormat.TraditionalOpenSSL, passphrase=b"pass"
            ),
            "encrypted with a passphrase",
            "openssl pkey",
        ),
        (
            lambda: pki.private_pem(leaf().key, serialization.PrivateFormat.OpenSSH),
            "is an OpenSSH key",
            "PEM key",
        ),
        (lambda: leaf().key_pem.replace("M", "A", 1), "the private key is damaged", "Copy the whole key"),
        (request, "contains no private key (only CERTIFICATE REQUEST)", "BEGIN PRIVATE KEY"),
        (lambda: leaf().der, "is DER", "openssl"),
    ],
)
def test_a_wrong_private_key_is_named_with_its_remedy(
    content: Callable[[], str | bytes], problem: str, remedy: str
) -> None:
    key, block, findings = pem.private_key("private_key", text(content()))
    message = one(findings)
    assert (key, block) == (None, "")
    assert problem in message
    assert remedy in message
    assert not any(line in message for line in leaf().key_pem.splitlines()[1:-1])


@given(st.binary(max_size=300))
def test_any_bytes_give_findings_and_no_exception(content: bytes) -> None:
    assert pem.certificates("certificate", content)[1]
    assert pem.private_key("private_key", content)[2]


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_never_raises(position: int, value: int) -> None:
    content = bytearray(leaf().pem.encode())
    content[position % len(content)] = value
    pem.certificates("certificate", bytes(content))


@pytest.mark.parametrize(
    ("was", "damaged", "problem"),
    [
        ("a003020102", "a00302012d", "45 is not a valid X509 version"),
        ("06035504030c", "060355040306", "issuer"),  # the first name: its value is no text
    ],
)
def test_what_no_client_can_decode_is_one_finding(was: str, damaged: str, problem: str) -> None:
    der = pki.root().certificate.public_bytes(serialization.Encoding.DER)
    assert bytes.fromhex(was) in der
    body = base64.encodebytes(der.replace(bytes.fromhex(was), bytes.fromhex(damaged), 1)).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    found, [finding] = pem.certificates("ca.pem", text.encode())
    assert found == []
    assert "block 1 cannot be read as X.509" in str(finding)
    assert problem in str(finding)
