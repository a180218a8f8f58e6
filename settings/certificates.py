"""Settings of Rancher's certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, SecretStr

from components.certificates.files import CertificateFiles, check_files
from domain.finding import Finding
from settings.types import Days, DnsName, Line, Section, secret_text


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

    def files_for(self, hostname: str) -> CertificateFiles:
        """These settings as the certificate component takes them."""
        return CertificateFiles(
            source=self.certificate_source,
            hostname=hostname,
            certificate_file=self.certificate_file,
            private_key_file=self.private_key_file,
            private_key=secret_text(self.private_key),
            ca_certificate_file=self.ca_certificate_file,
            ca_private_key_file=self.ca_private_key_file,
            ca_private_key=secret_text(self.ca_private_key),
            validity_days=self.certificate_validity_days,
            warning_days=self.certificate_warning_days,
        )

    def findings(self, hostname: str) -> Iterator[Finding]:
        """What is wrong with the files."""
        for finding in check_files(self.files_for(hostname), now=datetime.now(UTC)):
            if finding.severity == "error":
                key, _, file = finding.where.partition(" ")
                others = (
                    "certificateSource",
                    "rancherHostname",
                    "certificateValidityDays",
                    "certificateWarningDays",
                )
                yield Finding(key, finding.problem, finding.remedy, file.strip("()"), depends_on=others)
