"""Rules for one certificate, also against OpenSSL's judgement of the same certificate."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.certificates import rules
from domain.certificates.certificate import Certificate
from domain.certificates.encoding import check_extensions
from domain.certificates.names import covers
from domain.certificates.rules import Expected
from domain.finding import Finding
from tests import pki
from tests.openssl_client import refusal

DAY = datetime.timedelta(days=1)


def entry(identity: pki.Identity) -> Certificate:
    return Certificate(identity.certificate, "certificate")


def expected(now: datetime.datetime = pki.NOW, days: int = 30) -> Expected:
    return Expected(pki.HOST, now, datetime.timedelta(days=days))


def texts(findings: Iterable[Finding]) -> list[str]:
    return [f"{finding.severity} {finding}" for finding in findings]


def usage(server: Certificate) -> Iterable[Finding]:
    return [*rules.check_server_usage(server), *check_extensions(server)]


@functools.cache
def root() -> pki.Identity:
    return pki.root()


@functools.cache
def server_key() -> ec.EllipticCurvePrivateKey:
    return pki.ec_key()


@pytest.mark.parametrize(
    ("pattern", "hostname", "covered"),
    [
        ("rancher.example.com", "rancher.example.com", True),
        ("RANCHER.example.COM", "rancher.Example.com", True),
        ("rancher.example.com", "rancher.example.com.", True),
        ("rancher.example.com.", "rancher.example.com", False),
        ("*.example.com", "rancher.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.rancher.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.com", "example.com", False),
        ("*", "localhost", False),
        ("r*.example.com", "rancher.example.com", False),
        ("rancher.*.com", "rancher.example.com", False),
        ("*.*.com", "rancher.example.com", False),
        ("*.xn--bcher-kva.com", "rancher.xn--bcher-kva.com", True),
        ("rancher.example.org", "rancher.example.com", False),
        ("", "rancher.example.com", False),
    ],
)
def test_wildcards(pattern: str, hostname: str, covered: bool) -> None:
    assert covers(pattern, hostname) is covered


LABEL = st.sampled_from(["*", "a", "b", "a*", "*a", "A", "a-b", "xn--bcher-kva"])
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
HOSTNAME = st.lists(
    st.sampled_from(["a", "b", "ab", "B", "a-b", "xn--bcher-kva"]), min_size=2, max_size=4
).map(".".join)


@settings(max_examples=300)
@given(st.lists(NAME, min_size=1, max_size=3), HOSTNAME)
def test_host_names_as_openssl_judges_them(names: list[str], hostname: str) -> None:
    identity = pki.server(root(), *names, key=server_key())
    ours = list(rules.check_hostname(entry(identity), hostname))
    theirs = refusal([identity], [root()], hostname)
    assert bool(ours) == bool(theirs), (ours, theirs)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1", "a.b"]), min_size=1, unique=True))
def test_addresses_as_openssl_judges_them(names: list[str]) -> None:
    identity = pki.server(root(), *names, key=server_key())
    for address in ("10.0.0.1", "fd00::1"):
        ours = list(rules.check_hostname(entry(identity), address))
        assert bool(ours) == bool(refusal([identity], [root()], address))


def test_a_wrong_name_is_reported_with_the_names_found() -> None:
    (message,) = texts(rules.check_hostname(entry(pki.server(root(), "other.org", "10.1.2.3")), pki.HOST))
    assert message.startswith('error certificate: certificate "CN=other.org" is not for')
    assert "it names other.org, 10.1.2.3. Have" in message
    assert message.endswith("DNS:rancher.example.com")


def test_the_common_name_is_ignored() -> None:
    identity = pki.make(pki.HOST, root(), ca=False)
    (message,) = texts(rules.check_hostname(entry(identity), pki.HOST))
    assert "it names no host at all, and clients ignore the common name" in message
    assert refusal([identity], [root()])


def test_a_wildcard_that_just_misses_is_explained() -> None:
    (message,) = texts(rules.check_hostname(entry(pki.server(root(), "*.com")), pki.HOST))
    assert "a wildcard covers one label and needs two after it" in message


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (pki.NOW - 2 * DAY, "error .* is not valid before 20"),
        (pki.NOW - DAY, None),
        (pki.NOW, None),
        (pki.NOW + 335 * DAY, None),
        (pki.NOW + 336 * DAY, "warning .* expires on 20.* UTC, in 29 days. Renew it"),
        (pki.NOW + 364 * DAY, "warning .* in 1 day\\."),
        (pki.NOW + 365 * DAY, "warning .* in 0 days\\."),
        (pki.NOW + 365 * DAY + datetime.timedelta(seconds=1), "error .* expired on 20.* UTC. Renew it"),
    ],
)
def test_dates(now: datetime.datetime, message: str | None) -> None:
    found = texts(rules.check_dates(entry(pki.server(root())), expected(now)))
    if message is None:
        assert found == []
    else:
        (text,) = found
        assert re.search(message, text), text


@given(st.integers(-3000, 3000), st.integers(0, 400))
def test_exactly_one_verdict_on_dates(hours: int, warning: int) -> None:
    now = pki.NOW + datetime.timedelta(hours=hours)
    identity = dated()
    found = list(rules.check_dates(entry(identity), expected(now, warning)))
    start, end = identity.certificate.not_valid_before_utc, identity.certificate.not_valid_after_utc
    valid = start <= now <= end
    assert [f.severity for f in found] == (
        ["error"] if not valid else ["warning"] if end - now < warning * DAY else []
    )


@functools.cache
def dated() -> pki.Identity:
    return pki.make("dated", days=(-10, 100))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), None),
        (lambda: rsa.generate_private_key(65537, 1024), "error .* of only 1024 bits"),  # noqa: S505
        (lambda: ec.generate_private_key(ec.SECP521R1()), None),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "error .* curve secp224r1"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "error .* curve secp256k1"),
        (ed25519.Ed25519PrivateKey.generate, "warning .* Ed25519"),
        (lambda: dsa.generate_private_key(2048), "error .* kind that clients refuse .DSA"),
    ],
)
def test_key_strength(key: object, message: str | None) -> None:
    assert callable(key)
    found = texts(rules.check_strength(entry(pki.server(root(), key=key()))))
    assert len(found) == (message is not None)
    if message:
        assert re.search(message, found[0])


def test_sha1_is_refused_except_on_a_self_signed_certificate() -> None:
    ca_key = rsa.generate_private_key(65537, 2048)
    ca = pki.with_sha1(pki.make("Old Root", key=ca_key, ca=True), ca_key)
    assert list(rules.check_strength(entry(ca))) == []
    signed = pki.with_sha1(pki.server(ca), ca_key)
    (message,) = texts(rules.check_strength(entry(signed)))
    assert "is signed with SHA1, which clients refuse. Have the CA issue it again with SHA-256" in message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pki.server(root()), None),
        (lambda: pki.make("a", root(), names=["a"]), None),
        (
            lambda: pki.make("a", root(), usage=pki.key_usage(key_encipherment=True)),
            "warning .* digitalSignature",
        ),
        (lambda: pki.make("a", root(), usage=pki.key_usage(crl_sign=True)), "error .* does not allow TLS"),
        (lambda: pki.make("a", root(), purposes=[ExtendedKeyUsageOID.CLIENT_AUTH]), "error .* serverAuth"),
        (lambda: pki.make("a", root(), purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), None),
        (lambda: pki.make("a", root(), ca=True), "warning .* is a CA certificate"),
        (
            lambda: pki.make(
                "a", extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b""), True)]
            ),
            "error .* critical extension 1.2.3",
        ),
        (
            lambda: pki.make(
                "a", extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b""), False)]
            ),
            None,
        ),
    ],
)
def test_usage(make: object, message: str | None) -> None:
    assert callable(make)
    found = texts(usage(entry(make())))
    assert len(found) == (message is not None), found
    if message:
        assert re.search(message, found[0])
