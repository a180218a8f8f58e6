"""Rules for one certificate: the name it serves, its dates, key, signature and usage.

Where clients differ, those that will talk to Rancher decide: Go (Rancher, its agents, Helm) and OpenSSL
(curl in the agents' start script, the ingress controller). What both accept is not an error here.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.certificates.documents import Finding
from domain.certificates.pem import Entry

_MINIMUM_RSA_BITS = 2048
# The curves that Go's TLS accepts and that are strong enough.
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_BROKEN_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_REISSUE = "have the CA issue it again"


@dataclass(frozen=True)
class Expected:
    """What certificates are measured by.

    Attributes:
        hostname: The name that clients will ask for (Rancher's, not the cluster's).
        now: The time of the check, with time zone.
        warning: How long before its end a certificate is warned about.
    """

    hostname: str
    now: datetime.datetime
    warning: datetime.timedelta


def names_of(certificate: x509.Certificate) -> list[str | ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """DNS names and IP addresses of the subject alternative name, in its order."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = san.get_values_for_type(x509.IPAddress)
    return [
        *san.get_values_for_type(x509.DNSName),
        *(ip for ip in addresses if isinstance(ip, ipaddress.IPv4Address | ipaddress.IPv6Address)),
    ]


def covers(pattern: str, hostname: str) -> bool:
    """Whether a DNS name of a certificate stands for ``hostname`` (RFC 6125, section 6.4; RFC 9525).

    A wildcard is the whole leftmost label, stands for exactly one label, and needs two labels to its right
    (OpenSSL's rule). Case does not matter, nor does a dot at the end of ``hostname``.
    """
    wanted, offered = hostname.lower().removesuffix(".").split("."), pattern.lower().split(".")
    if not all(wanted) or not all(offered) or len(wanted) != len(offered):
        return False
    if offered[0] == "*":
        return len(offered) > 2 and offered[1:] == wanted[1:]
    return offered == wanted


def check_hostname(entry: Entry, hostname: str) -> list[Finding]:
    """The subject alternative name has to cover ``hostname``; the common name does not count."""
    names = names_of(entry.certificate)
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        matched = any(isinstance(name, str) and covers(name, hostname) for name in names)
    else:
        matched = address in names
    if matched:
        return []
    common_names = entry.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    problem = f"is not for {hostname}: it names {', '.join(map(str, names)) or 'no host at all'}"
    if any(covers(str(attribute.value), hostname) for attribute in common_names):
        problem += " (Go and browsers ignore the common name)"
    elif any(isinstance(name, str) and name.startswith("*.") for name in names):
        problem += " (a wildcard stands for one label and needs two after it)"
    return [entry.error(problem, f"{_REISSUE} with the subject alternative name DNS:{hostname}")]


def check_dates(entry: Entry, expected: Expected) -> list[Finding]:
    """Not before, not after, and a warning when less than ``expected.warning`` remains."""
    now = expected.now
    start, end = entry.certificate.not_valid_before_utc, entry.certificate.not_valid_after_utc
    if now < start:
        return [entry.error(f"is not valid before {_date(start)}", "wait, or check this machine's clock")]
    if now > end:
        return [entry.error(f"expired on {_date(end)}", "renew it")]
    if end - now < expected.warning:
        days = (end - now).days
        return [
            entry.warning(f"expires on {_date(end)}, in {days} day{'' if days == 1 else 's'}", "renew it")
        ]
    return []


def check_strength(entry: Entry) -> list[Finding]:
    """Key size, and signature hash except on self-signed certificates, where it proves nothing."""
    findings: list[Finding] = []
    key = entry.certificate.public_key()
    new_key = f"make a new key (RSA {_MINIMUM_RSA_BITS} bits or more, or EC P-256) and {_REISSUE}"
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _MINIMUM_RSA_BITS:
            findings.append(entry.error(f"has an RSA key of only {key.key_size} bits", new_key))
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            findings.append(
                entry.error(f"has a key on curve {key.curve.name}, which clients refuse", new_key)
            )
    elif isinstance(key, ed25519.Ed25519PublicKey):
        findings.append(entry.warning("has an Ed25519 key, which browsers do not accept", new_key))
    else:
        findings.append(entry.error(f"has a key of an unusable kind ({type(key).__name__})", new_key))
    try:
        algorithm = entry.certificate.signature_hash_algorithm
    except UnsupportedAlgorithm as error:
        return [
            *findings,
            entry.error(f"is signed by an unknown method ({error})", f"{_REISSUE} with SHA-256"),
        ]
    if algorithm is not None and algorithm.name in _BROKEN_HASHES and not entry.self_signed:
        findings.append(entry.error(f"is signed with {algorithm.name.upper()}", f"{_REISSUE} with SHA-256"))
    return findings


def check_server_usage(entry: Entry) -> list[Finding]:
    """Key usage and extended key usage let it identify a TLS server; both may be absent."""
    findings: list[Finding] = []
    usage = key_usage(entry.certificate)
    if usage and not usage.digital_signature:
        remedy = f"{_REISSUE} with the key usage digitalSignature"
        if usage.key_encipherment or usage.key_agreement:
            findings.append(entry.warning("lacks the key usage digitalSignature: browsers refuse it", remedy))
        else:
            findings.append(entry.error("has a key usage that does not allow TLS", remedy))
    purposes = extended_key_usage(entry.certificate)
    if purposes is not None and not allows_server(purposes):
        findings.append(
            entry.error(
                "is not for servers: its extended key usage lacks serverAuth", f"{_REISSUE} with serverAuth"
            )
        )
    constraints = basic_constraints(entry.certificate)
    if constraints and constraints.ca:
        findings.append(
            entry.warning(
                "is a CA certificate (CA:TRUE): some browsers refuse it as a server's", f"{_REISSUE} without"
            )
        )
    return [*findings, *check_critical(entry)]


def check_critical(entry: Entry) -> list[Finding]:
    """A critical extension that nobody knows makes every client refuse the certificate."""
    return [
        entry.error(
            f"has the unknown critical extension {extension.oid.dotted_string}", f"{_REISSUE} without it"
        )
        for extension in entry.certificate.extensions
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension)
    ]


def basic_constraints(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    """The basic constraints, if it has any."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None


def key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    """The key usage, if it has any."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def extended_key_usage(certificate: x509.Certificate) -> x509.ExtendedKeyUsage | None:
    """The extended key usage, if it has any."""
    try:
        return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None


def allows_server(purposes: x509.ExtendedKeyUsage) -> bool:
    """Whether these purposes include a TLS server."""
    return (
        ExtendedKeyUsageOID.SERVER_AUTH in purposes or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes
    )


def _date(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
