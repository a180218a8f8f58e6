"""Step 3: Rancher's certificate, its key and the CA, made and checked while PKS builds the cluster."""

from __future__ import annotations

import pulumi

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from components.certificates.source import IssuanceArgs
from components.certificates.sources import SOURCES
from settings import Settings
from steps.cluster import Inside


def certificates(settings: Settings, inside: Inside) -> RancherCertificates:
    """Only the Secrets get the options of what lives in the cluster."""
    material, findings = settings.certificate_material(settings.rancher_hostname)
    issuance = IssuanceArgs(
        hostname=settings.rancher_hostname,
        organization=settings.certificate_organization or None,
        validity_days=settings.certificate_validity_days,
        renewal_days=settings.certificate_warning_days,
    )
    made = RancherCertificates(
        "certificates",
        RancherCertificatesArgs(
            source=SOURCES[settings.certificate_source](material, issuance),
            namespace=inside.namespace,
            tls_secret_name=settings.tls_secret_name,
            secret_opts=inside.options,
        ),
        pulumi.ResourceOptions(depends_on=inside.cluster.foundation),
    )
    for finding in findings:  # errors have stopped the program while the settings were read
        pulumi.log.warn(str(finding), resource=made)
    return made
