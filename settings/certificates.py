"""Settings of Rancher's certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, PrivateAttr, SecretStr

from domain.certificates.certificate import CA_CERTIFICATES, CA_PRIVATE_KEY, CERTIFICATE, PRIVATE_KEY
from domain.certificates.sources import Material
from domain.finding import Finding
from settings.certificate_files import CertificateFiles, load
from settings.types import Days, DnsName, Line, Section, secret_text

_DEPENDS_ON = (
    "certificateSource",
    "rancherHostname",
    "rancherExtraHostnames",
    "certificateValidityDays",
    "certificateWarningDays",
)


class CertificateSettings(Section):
    """Where the certificate comes from, its key and its CA."""

    certificate_source: Literal["files", "csr", "internal-ca", "self-signed"] = Field(examples=["csr"])
    certificate_file: Line | None = None
    private_key_file: Line | None = None
    private_key: SecretStr | None = None
    ca_certificate_file: Line | None = None
    ca_private_key_file: Line | None = None
    ca_private_key: SecretStr | None = None
    certificate_organization: Line = ""
    certificate_validity_days: Days = 365
    certificate_warning_days: Days = 30
    tls_secret_name: DnsName = "tls-rancher-ingress"  # noqa: S105 - a name

    _loaded: dict[tuple[str, ...], tuple[Material, list[Finding]]] = PrivateAttr(default_factory=dict)

    def material(self, hostname: str, *extra: str) -> tuple[Material, list[Finding]]:
        """What the files and secrets hold, and what is wrong with it for these host names; read once."""
        names = (hostname, *extra)
        if names not in self._loaded:
            self._loaded[names] = self._load(hostname, extra)
        return self._loaded[names]

    def _load(self, hostname: str, extra: tuple[str, ...]) -> tuple[Material, list[Finding]]:
        paths = {
            CERTIFICATE: self.certificate_file,
            PRIVATE_KEY: self.private_key_file,
            CA_CERTIFICATES: self.ca_certificate_file,
            CA_PRIVATE_KEY: self.ca_private_key_file,
        }
        secrets = {
            PRIVATE_KEY: secret_text(self.private_key),
            CA_PRIVATE_KEY: secret_text(self.ca_private_key),
        }
        files = CertificateFiles(
            source=self.certificate_source,
            hostname=hostname,
            extra_hostnames=extra,
            paths={name: path for name, path in paths.items() if path is not None},
            secrets={name: text for name, text in secrets.items() if text is not None},
            organization=self.certificate_organization,
            validity_days=self.certificate_validity_days,
            warning_days=self.certificate_warning_days,
        )
        return load(files, now=datetime.now(UTC))

    def findings(self, hostname: str, *extra: str) -> Iterator[Finding]:
        """What is wrong with the files and secrets themselves."""
        for finding in self.material(hostname, *extra)[1]:
            if finding.severity == "error":
                yield replace(finding, depends_on=(*_DEPENDS_ON, *finding.key.split(", ")))


CERTIFICATE_KEYS = (
    *(str(field.alias) for field in CertificateSettings.model_fields.values()),
    "rancherHostname",
    "rancherExtraHostnames",
)
"""What a finding about certificates may be about."""
