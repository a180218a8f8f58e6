"""What the operator gives for each certificate source, read and checked before anything is created."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from domain.certificates import chain, pem, x509_checks
from domain.certificates.documents import Document, Finding, read
from domain.certificates.pem import Entry
from domain.certificates.x509_checks import Expected

Source = Literal["files", "csr", "internal-ca", "self-signed"]


@dataclass(frozen=True, kw_only=True)
class CertificateFiles:
    """The certificate settings; attributes are the config keys of the same name in camel case.

    Attributes:
        source: Where the server's certificate comes from.
        hostname: Rancher's host name, which the certificate must cover.
        certificate_file: ``files`` and ``csr``: the server's certificate, then its intermediates.
        private_key_file: ``files``: its private key. Either this or ``private_key``.
        private_key: The same as PEM text, from secret config.
        ca_certificate_file: What goes into ``cacerts.pem``; with ``internal-ca`` the signing CA first.
        ca_private_key_file: ``internal-ca``: the signing CA's private key. Either this or ``ca_private_key``.
        ca_private_key: The same as PEM text, from secret config.
        validity_days: ``internal-ca`` and ``self-signed``: lifetime of the server's certificate in days.
        warning_days: A given certificate is warned about, and an issued one renewed, that many days before
            its end.
    """

    source: Source
    hostname: str
    certificate_file: str | None = None
    private_key_file: str | None = None
    private_key: str | None = field(default=None, repr=False)
    ca_certificate_file: str | None = None
    ca_private_key_file: str | None = None
    ca_private_key: str | None = field(default=None, repr=False)
    validity_days: int = 365
    warning_days: int = 30


@dataclass(frozen=True)
class Material:
    """What was read. Parts that the source does not use, or that are not there yet, are empty.

    Attributes:
        chain: The server's certificate and its intermediates.
        key: Its private key as PEM, or the signing CA's.
        bundle: The CA certificates that clients are to trust.
    """

    chain: tuple[Entry, ...] = ()
    key: str = field(default="", repr=False)
    bundle: tuple[Entry, ...] = ()


def check_files(files: CertificateFiles, *, now: datetime.datetime) -> list[Finding]:
    """Everything that is wrong with the given files and keys at time ``now``."""
    return load(files, now=now)[1]


def load(files: CertificateFiles, *, now: datetime.datetime) -> tuple[Material, list[Finding]]:
    """Read and check what the source needs.

    Returns:
        The material, of use only if no finding is an error, and all findings.
    """
    expected = Expected(files.hostname, now, datetime.timedelta(days=files.warning_days))
    match files.source:
        case "files":
            material, findings = _given(files, expected)
        case "csr":
            material, findings = _signed(files, expected)
        case "internal-ca":
            material, findings = _internal_ca(files, expected)
        case "self-signed":
            material, findings = Material(), []
    return material, list(dict.fromkeys([*findings, *_settings(files)]))


def _given(files: CertificateFiles, expected: Expected) -> tuple[Material, list[Finding]]:
    certificates, findings = _certificates("certificateFile", files.certificate_file, files.source)
    bundle, bundle_findings = _certificates("caCertificateFile", files.ca_certificate_file, files.source)
    key, text, key_findings = _key("privateKey", files.private_key_file, files.private_key, files.source)
    findings += [*key_findings, *bundle_findings]
    leaf = _leaf(certificates, key)
    if leaf and key and leaf.public_key != pem.public_key_der(key.public_key()):
        findings.append(
            leaf.error(
                f"does not belong to the private key in {_where('privateKey', files.private_key_file)}",
                "give the key that its request was made with, or the certificate for this key",
            )
        )
    findings += _check_server(leaf, certificates, bundle, expected)
    return Material(tuple(certificates), text, tuple(bundle)), findings


def _signed(files: CertificateFiles, expected: Expected) -> tuple[Material, list[Finding]]:
    """The two files of the second round; the first round has none, or only the CA."""
    if files.certificate_file is None and files.ca_certificate_file is None:
        return Material(), []
    bundle, findings = _certificates("caCertificateFile", files.ca_certificate_file, files.source)
    if files.certificate_file is None:
        return Material(bundle=tuple(bundle)), [*findings, *chain.check_bundle(bundle, expected)]
    certificates, certificate_findings = _certificates(
        "certificateFile", files.certificate_file, files.source
    )
    findings += certificate_findings
    findings += _check_server(_leaf(certificates, None), certificates, bundle, expected)
    return Material(tuple(certificates), "", tuple(bundle)), findings


def _internal_ca(files: CertificateFiles, expected: Expected) -> tuple[Material, list[Finding]]:
    bundle, findings = _certificates("caCertificateFile", files.ca_certificate_file, files.source)
    key, text, key_findings = _key(
        "caPrivateKey", files.ca_private_key_file, files.ca_private_key, files.source
    )
    findings += key_findings
    if not bundle:
        return Material(), findings
    ca = bundle[0]
    if key and ca.public_key != pem.public_key_der(key.public_key()):
        mine = [entry for entry in bundle if entry.public_key == pem.public_key_der(key.public_key())]
        findings.append(
            ca.error(
                f"does not belong to the private key in {_where('caPrivateKey', files.ca_private_key_file)}",
                f"put {mine[0].name}, which does, first"
                if mine
                else "give the signing CA's certificate and key",
            )
        )
    findings += chain.check_signing_ca(ca, bundle, expected)
    remaining = ca.certificate.not_valid_after_utc - expected.now
    if expected.warning < remaining < datetime.timedelta(days=files.validity_days):
        findings.append(
            ca.warning(
                f"ends in {remaining.days} days, sooner than what it issues ({files.validity_days} days)",
                "lower certificateValidityDays or renew the CA",
            )
        )
    path = chain.path_to_root(ca, bundle)
    return Material(tuple(entry for entry in path if not entry.self_signed), text, tuple(bundle)), findings


def _check_server(
    leaf: Entry | None, certificates: Sequence[Entry], bundle: Sequence[Entry], expected: Expected
) -> list[Finding]:
    if leaf is None:
        return []
    findings = x509_checks.check_hostname(leaf, expected.hostname)
    findings += x509_checks.check_dates(leaf, expected)
    findings += x509_checks.check_strength(leaf)
    findings += x509_checks.check_server_usage(leaf)
    findings += chain.check_order(leaf, certificates)
    if bundle:
        findings += chain.check_trust(leaf, certificates, bundle, bundle[0].document, expected)
    return findings


def _leaf(certificates: Sequence[Entry], key: PrivateKeyTypes | None) -> Entry | None:
    """The server's certificate: one that signed none of the others; of several, the key's."""
    ends = [
        entry
        for entry in certificates
        if not any(chain.issued_by(other, entry) for other in certificates if other is not entry)
    ]
    wanted = pem.public_key_der(key.public_key()) if key else None
    return next((entry for entry in ends if entry.public_key == wanted), ends[0] if ends else None)


def _certificates(key: str, path: str | None, source: Source) -> tuple[list[Entry], list[Finding]]:
    if path is None:
        return [], [Finding("error", key, "is not set", f"certificateSource {source} needs it")]
    document, findings = read(key, path)
    if document is None:
        return [], findings
    entries, findings = pem.certificates(document)
    unique, repeated = chain.without_duplicates(entries)
    return unique, [*findings, *repeated]


def _key(
    key: str, path: str | None, text: str | None, source: Source
) -> tuple[PrivateKeyTypes | None, str, list[Finding]]:
    if path is not None and text is not None:
        problem = f"is set, and {key} as well"
        return None, "", [Finding("error", f"{key}File", problem, f"remove one: pulumi config rm {key}")]
    if text is not None:
        return pem.private_key(Document(key, None, text.encode()))
    if path is None:
        remedy = (
            f"certificateSource {source} needs it (or {key}File): pulumi config set --secret {key} < FILE"
        )
        return None, "", [Finding("error", key, "is not set", remedy)]
    document, findings = read(f"{key}File", path)
    return pem.private_key(document) if document else (None, "", findings)


def _where(key: str, path: str | None) -> str:
    return f"{key}File ({path})" if path else key


def _settings(files: CertificateFiles) -> list[Finding]:
    """Settings that contradict the source, or each other."""
    uses: dict[Source, set[str]] = {
        "files": {"certificateFile", "privateKeyFile", "privateKey", "caCertificateFile"},
        "csr": {"certificateFile", "caCertificateFile"},
        "internal-ca": {"caCertificateFile", "caPrivateKeyFile", "caPrivateKey"},
        "self-signed": set(),
    }
    given = {
        "certificateFile": files.certificate_file,
        "privateKeyFile": files.private_key_file,
        "privateKey": files.private_key,
        "caCertificateFile": files.ca_certificate_file,
        "caPrivateKeyFile": files.ca_private_key_file,
        "caPrivateKey": files.ca_private_key,
    }
    findings = [
        Finding("warning", key, f"is not used by certificateSource {files.source}", f"pulumi config rm {key}")
        for key, value in given.items()
        if value is not None and key not in uses[files.source]
    ]
    if files.source in ("internal-ca", "self-signed") and files.validity_days <= files.warning_days:
        findings.append(
            Finding(
                "error",
                "certificateValidityDays",
                f"{files.validity_days} is not more than certificateWarningDays ({files.warning_days})",
                "an issued certificate is renewed that many days before its end: raise the first",
            )
        )
    return findings
