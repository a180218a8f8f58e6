"""Step 3: Rancher's certificate, its key and the CA, made and checked while PKS builds the cluster."""

from __future__ import annotations

import pulumi

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from settings import Settings
from steps.cluster import Inside


def certificates(settings: Settings, inside: Inside) -> RancherCertificates:
    """Only the Secrets get the options of what lives in the cluster."""
    return RancherCertificates(
        "certificates",
        RancherCertificatesArgs(
            files=settings.certificate_files,
            namespace=inside.namespace,
            tls_secret_name=settings.tls_secret_name,
            organization=settings.certificate_organization or None,
            secret_opts=inside.options,
        ),
        pulumi.ResourceOptions(depends_on=inside.cluster.preflight),
    )
