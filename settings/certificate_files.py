"""Reads the files and secrets that the certificate settings name, and applies the rules of their source."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from domain.certificates.certificate import CA_CERTIFICATES, CA_PRIVATE_KEY, CERTIFICATE, PRIVATE_KEY
from domain.certificates.pem import FILE, STORE
from domain.certificates.rules import Expected
from domain.certificates.sources import SOURCES, Given, Material
from domain.finding import Finding
from settings.certificate_judge import openssl

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
"""The folder of Pulumi.yaml, where relative paths start."""

_SECRETS = {PRIVATE_KEY: "privateKey", CA_PRIVATE_KEY: "caPrivateKey"}
_FILES = {
    CERTIFICATE: "certificateFile",
    PRIVATE_KEY: "privateKeyFile",
    CA_CERTIFICATES: "caCertificateFile",
    CA_PRIVATE_KEY: "caPrivateKeyFile",
}


@dataclass(frozen=True, kw_only=True)
class CertificateFiles:
    """The certificate settings.

    Attributes:
        source: Where the server's certificate comes from, a key of ``domain.certificates.sources.SOURCES``.
        hostname: Rancher's host name, which the certificate must cover.
        extra_hostnames: Further names that it must cover.
        paths: Property of the source to the file that holds it, as in the config.
        secrets: Property to its PEM text, from secret config.
        organization: Organization (O) of the subject of a certificate that the program issues.
        validity_days: Its lifetime in days.
        warning_days: A given certificate is warned about, and an issued one renewed, that many days before
            its end.
    """

    source: str
    hostname: str
    extra_hostnames: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    organization: str = ""
    validity_days: int = 365
    warning_days: int = 30


def load(files: CertificateFiles, *, now: datetime) -> tuple[Material, list[Finding]]:
    """Read and check what the source uses.

    Returns:
        The material, of use only if no finding is an error, and all findings, under their config keys.
    """
    source = SOURCES[files.source]
    findings = [*_check_settings(files)]
    contents: dict[str, bytes] = {}
    for name in (*source.needs, *source.uses):
        if name in files.secrets:
            contents[name] = files.secrets[name].encode()
        elif name in files.paths:
            try:
                contents[name] = read(files.paths[name])
            except OSError as error:
                findings.append(_unreadable(name, error))
    expected = Expected(files.hostname, now, timedelta(days=files.warning_days), files.extra_hostnames)
    material, found = source.check(
        Given(contents, expected, files.validity_days, files.organization), openssl
    )
    return material, [_as_configured(finding, files) for finding in dict.fromkeys([*findings, *found])]


def read(path: str) -> bytes:
    """A file of the config; a relative path starts at the folder of Pulumi.yaml.

    Raises:
        OSError: It cannot be read.
    """
    return (PROJECT_FOLDER / Path(path).expanduser()).read_bytes()


def _unreadable(name: str, error: OSError) -> Finding:
    if isinstance(error, FileNotFoundError):
        return Finding(name, "does not exist", "A relative path starts at the folder of Pulumi.yaml")
    if isinstance(error, IsADirectoryError):
        return Finding(name, "is a folder", "Name the PEM file in it")
    return Finding(name, f"cannot be read: {error.strerror}", "Let the user who runs pulumi read it")


def _check_settings(files: CertificateFiles) -> Iterator[Finding]:
    """Settings that are missing, that the source does not use, or that contradict each other."""
    source = SOURCES[files.source]
    given = frozenset({*files.paths, *files.secrets})
    for name in source.needed(given):
        secret = _SECRETS.get(name)
        remedy = f"certificateSource {files.source} needs it"
        if secret:
            remedy += f" (or {_FILES[name]}). Run: pulumi config set --secret {secret} < FILE"
        yield Finding(secret or _FILES[name], "is not set", remedy)
    for name in sorted({*files.paths} & {*files.secrets}):
        problem = f"is set, and {_SECRETS[name]} as well"
        yield Finding(_FILES[name], problem, f"Remove one: pulumi config rm {_SECRETS[name]}")
    for names, labels in ((files.paths, _FILES), (files.secrets, _SECRETS)):
        for name in names:
            if name not in (*source.needs, *source.uses):
                problem = f"is not used by certificateSource {files.source}"
                yield Finding(labels[name], problem, f"pulumi config rm {labels[name]}", severity="warning")
    if source.issues and files.validity_days <= files.warning_days:
        yield Finding(
            "certificateValidityDays",
            f"has to be more than certificateWarningDays, {files.warning_days}",
            "Raise it: an issued certificate is renewed that many days before its end",
            str(files.validity_days),
        )


def _as_configured(finding: Finding, files: CertificateFiles) -> Finding:
    """The finding under its config keys, with the paths of the files it is about."""
    names = [name for name in finding.key.split(",") if name in _FILES]
    if not names:
        return finding
    paths = [files.paths[name] for name in names if name in files.paths and name not in files.secrets]
    labels = {**_FILES, **{name: _SECRETS[name] for name in files.secrets}}
    store = _SECRETS.get(names[0])
    remedy = finding.remedy.replace(FILE, shlex.quote(paths[0]) if paths else FILE)
    remedy = remedy.replace(STORE, f"pulumi config set --secret {store}" if store else "pulumi config set")
    return replace(finding.renamed(labels), value=", ".join(paths), remedy=remedy)
