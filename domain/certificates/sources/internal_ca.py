"""``InternalCa``: a given CA signs the server's certificate here."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.certificates import names, pem
from domain.certificates.certificate import (
    CA_CERTIFICATES,
    CA_PRIVATE_KEY,
    Certificate,
    encode,
    public_key_der,
)
from domain.certificates.sources.source import Given, Material, Source, damaged, read_certificates, read_key
from domain.certificates.verdict import OpenSSL, Server, check_server_chain, path_of
from domain.finding import Finding

COMMON_NAME_LENGTH = 64
"""RFC 5280, ub-common-name: a longer host name is only in the subject alternative name."""


class InternalCa(Source):
    """The CA's certificate comes first in the bundle; clients have to accept what it issues.

    To find out, a trial certificate is issued for the host name, with a key that is thrown away.
    """

    needs = (CA_CERTIFICATES, CA_PRIVATE_KEY)
    issues = True

    def check(self, given: Given, openssl: OpenSSL) -> tuple[Material, list[Finding]]:
        (bundle,), findings = read_certificates(given, CA_CERTIFICATES)
        key, text, problems = read_key(given, CA_PRIVATE_KEY)
        findings += problems
        if not bundle or damaged(findings, CA_CERTIFICATES):
            return Material(), findings
        ca = bundle[0]
        if key and ca.public_key != public_key_der(key.public_key()):
            return Material(), [*findings, _other_key(ca, bundle, key)]
        intermediates = [item for item in path_of(ca, bundle, given.expected) if not item.self_signed]
        if key:
            findings += _trial(key, [ca, *intermediates], bundle, given, openssl)
        findings += _check_lifetime(ca, given)
        material = Material(encode(intermediates), text, encode(bundle), encode([ca]))
        return material, findings


def _other_key(ca: Certificate, bundle: Sequence[Certificate], key: PrivateKeyTypes) -> Finding:
    wanted = public_key_der(key.public_key())
    mine = next((item for item in bundle if item.public_key == wanted), None)
    problem = f"certificate {ca.name} does not belong to the CA's private key"
    remedy = f"Put {mine.name}, which does, first" if mine else "Provide the signing CA's certificate and key"
    return Finding(f"{CA_CERTIFICATES},{CA_PRIVATE_KEY}", problem, remedy)


def _check_lifetime(ca: Certificate, given: Given) -> list[Finding]:
    remaining = ca.x509.not_valid_after_utc - given.expected.now
    if not given.expected.warning < remaining < datetime.timedelta(days=given.validity_days):
        return []
    problem = f"ends in {remaining.days} days, sooner than what it issues ({given.validity_days} days)"
    return [ca.warning(problem, "Lower the validity, or renew the CA")]


def _trial(
    ca_key: PrivateKeyTypes,
    path: Sequence[Certificate],
    bundle: Sequence[Certificate],
    given: Given,
    openssl: OpenSSL,
) -> list[Finding]:
    expected = given.expected
    ca, intermediates = path[0], [item for item in path if not item.self_signed]
    if not isinstance(ca_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return [ca.error("has a key of a kind that clients refuse", "Use a CA with an RSA or EC key")]
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = [_host(name) for name in (expected.hostname, *expected.extra_hostnames)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(given))
        .issuer_name(ca.x509.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(expected.now - datetime.timedelta(days=1))
        .not_valid_after(expected.now + expected.warning + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if ca.subject_key_id:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier(ca.subject_key_id, None, None), critical=False
        )
    algorithm = None if isinstance(ca_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    server = Certificate(builder.sign(ca_key, algorithm), CA_CERTIFICATES)
    chain = list({item.der: item for item in (server, *intermediates)}.values())
    return check_server_chain(Server(server, chain, bundle, pem.encode_key(key)), expected, openssl)


def _host(name: str) -> x509.GeneralName:
    address = names.address(name)
    return x509.IPAddress(address) if address else x509.DNSName(name)


def _subject(given: Given) -> x509.Name:
    """The subject of the issued certificate, in Go's order; a common name only if it is short enough."""
    hostname = given.expected.hostname
    parts = [(NameOID.ORGANIZATION_NAME, given.organization)]
    parts += [(NameOID.COMMON_NAME, hostname if len(hostname) <= COMMON_NAME_LENGTH else "")]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])
