"""Rules for one certificate: why clients refuse it, and what to do.

A rule is either what both kinds of clients (Go, OpenSSL) demand, or what only one of them does; where a rule
is stricter than both, docs/certificates.md gives the reason.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.certificates import names
from domain.certificates.certificate import BROKEN_HASHES, Certificate
from domain.certificates.encoding import check_encoding, check_extensions
from domain.finding import Finding

_MINIMUM_RSA_BITS = 2048
# The curves that Go's TLS accepts and that are strong enough.
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_REISSUE = "Have the CA issue it again"
_NEW_KEY = f"Create a new key (RSA {_MINIMUM_RSA_BITS} bits or more, or EC P-256), and request a certificate"


@dataclass(frozen=True)
class Expected:
    """What certificates are judged by.

    Attributes:
        hostname: The name that clients ask for: Rancher's, not the cluster's.
        now: The time of the check, with time zone.
        warning: How long before its end a certificate is warned about.
        extra_hostnames: Further names that clients ask for.
    """

    hostname: str
    now: datetime.datetime
    warning: datetime.timedelta
    extra_hostnames: tuple[str, ...] = ()


def check_server(server: Certificate, expected: Expected) -> Iterator[Finding]:
    """Rules for the server's own certificate."""
    for hostname in (expected.hostname, *expected.extra_hostnames):
        yield from check_hostname(server, hostname)
    yield from check_dates(server, expected)
    yield from check_strength(server)
    yield from check_server_usage(server)
    yield from check_extensions(server)
    yield from check_encoding(server)


def check_ca(ca: Certificate, below: Sequence[Certificate], expected: Expected) -> Iterator[Finding]:
    """Rules for a CA; ``below`` is the path from the server's certificate up to it."""
    yield from check_is_ca(ca)
    yield from _check_path_length(ca, len(below) - 1)
    yield from _check_purpose(ca)
    for certificate in below:
        for text in names.broken_constraints(certificate, ca):
            yield ca.error(f"{text} in certificate {certificate.name} (name constraints)", _OTHER_NAMES)
    yield from check_strength(ca)
    yield from check_dates(ca, expected)
    yield from check_extensions(ca)
    yield from check_encoding(ca)


_OTHER_NAMES = "Have the certificate issued without that name, or by another CA"


def check_is_ca(ca: Certificate) -> Iterator[Finding]:
    """It may sign certificates. A version 1 root passes, as in Go and OpenSSL; all others need CA:TRUE."""
    constraints, usage = ca.extension(x509.BasicConstraints), ca.extension(x509.KeyUsage)
    if constraints is None and not (ca.x509.version is x509.Version.v1 and ca.self_signed):
        yield ca.error("has no basic constraints, so it is not a CA", "Provide the CA's own certificate")
    elif constraints and not constraints.ca:
        yield ca.error("is not a CA (CA:FALSE)", "Provide the certificate of the CA that signed")
    elif usage and not usage.key_cert_sign:
        yield ca.error("may not sign certificates (key usage lacks keyCertSign)", "Use another CA")


def _check_path_length(ca: Certificate, below: int) -> Iterator[Finding]:
    constraints = ca.extension(x509.BasicConstraints)
    if constraints and constraints.path_length is not None and below > constraints.path_length:
        problem = f"allows {constraints.path_length} CAs below it (pathlen), and there are {below}"
        yield ca.error(problem, "Have the certificate issued by a CA higher up")


def _check_purpose(ca: Certificate) -> Iterator[Finding]:
    purposes = ca.extension(x509.ExtendedKeyUsage)
    if purposes is not None and not _allows_servers(purposes):
        yield ca.error("may not issue for servers (extended key usage lacks serverAuth)", "Use another CA")


def check_hostname(server: Certificate, hostname: str) -> Iterator[Finding]:
    """The subject alternative name has to cover ``hostname``; the common name does not count."""
    offered = names.names_of(server)
    address = names.address(hostname)
    if address:
        matched = address in offered
    else:
        matched = any(isinstance(name, str) and names.covers(name, hostname) for name in offered)
    if matched:
        return
    common_names = server.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    problem = f"is not for {hostname}: it names {', '.join(map(str, offered)) or 'no host at all'}"
    if any(names.covers(str(attribute.value), hostname) for attribute in common_names):
        problem += ", and clients ignore the common name"
    elif any(isinstance(name, str) and name.startswith("*.") for name in offered):
        problem += "; a wildcard covers one label and needs two after it"
    kind = "IP" if address else "DNS"
    yield server.error(problem, f"{_REISSUE} with the subject alternative name {kind}:{hostname}")


def check_dates(certificate: Certificate, expected: Expected) -> Iterator[Finding]:
    """Its lifetime, with a warning if less than ``expected.warning`` remains."""
    start, end = certificate.x509.not_valid_before_utc, certificate.x509.not_valid_after_utc
    if expected.now < start:
        yield certificate.error(f"is not valid before {_date(start)}", "Wait, or check this machine's clock")
    elif expected.now > end:
        yield certificate.error(f"expired on {_date(end)}", "Renew it")
    elif end - expected.now < expected.warning:
        days = (end - expected.now).days
        problem = f"expires on {_date(end)}, in {days} day{'' if days == 1 else 's'}"
        yield certificate.warning(problem, "Renew it")


def check_strength(certificate: Certificate) -> Iterator[Finding]:
    """Key, and signature hash except on self-signed certificates, where it proves nothing."""
    key = certificate.x509.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _MINIMUM_RSA_BITS:
            yield certificate.error(f"has an RSA key of only {key.key_size} bits", _NEW_KEY)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            yield certificate.error(f"has a key on curve {key.curve.name}, which clients refuse", _NEW_KEY)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        yield certificate.warning("has an Ed25519 key, which browsers do not accept", _NEW_KEY)
    else:
        kind = type(key).__name__.removesuffix("PublicKey")
        yield certificate.error(f"has a key of a kind that clients refuse ({kind})", _NEW_KEY)
    if certificate.signature_hash in BROKEN_HASHES and not certificate.self_signed:
        problem = f"is signed with {certificate.signature_hash.upper()}, which clients refuse"
        yield certificate.error(problem, f"{_REISSUE} with SHA-256")


def check_server_usage(server: Certificate) -> Iterator[Finding]:
    usage = server.extension(x509.KeyUsage)
    if usage and not usage.digital_signature:
        remedy = f"{_REISSUE} with the key usage digitalSignature"
        if usage.key_encipherment or usage.key_agreement:
            problem = "lacks the key usage digitalSignature, so browsers refuse it"
            yield server.warning(problem, remedy)
        else:
            yield server.error("has a key usage that does not allow TLS", remedy)
    purposes = server.extension(x509.ExtendedKeyUsage)
    if purposes is not None and not _allows_servers(purposes):
        problem = "is not for servers: its extended key usage lacks serverAuth"
        yield server.error(problem, f"{_REISSUE} with serverAuth")
    constraints = server.extension(x509.BasicConstraints)
    if constraints and constraints.ca:
        problem = "is a CA certificate (CA:TRUE), which some browsers refuse as a server's"
        yield server.warning(problem, f"{_REISSUE} without CA:TRUE")


def _allows_servers(purposes: x509.ExtendedKeyUsage) -> bool:
    return (
        ExtendedKeyUsageOID.SERVER_AUTH in purposes or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes
    )


def _date(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
