"""Step 3: Rancher's certificate, its key and the CA, made and checked while PKS builds the cluster."""

from __future__ import annotations

import pulumi

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from components.certificates.source import IssuanceArgs
from components.certificates.sources import SOURCES
from settings import Settings
from steps.cluster import InCluster
from steps.preflight import Preflight


def certificates(settings: Settings, preflight: Preflight, in_cluster: InCluster) -> RancherCertificates:
    """Certificate and key; their Secrets wait for the cluster, the rest does not."""
    given, (hostname, *extra) = settings.certificates, settings.rancher.hostnames
    material, findings = given.material(hostname, *extra)
    issuance = IssuanceArgs(
        hostname=hostname,
        extra_hostnames=tuple(extra),
        organization=given.certificate_organization or None,
        validity_days=given.certificate_validity_days,
        renewal_days=given.certificate_warning_days,
    )
    declared = RancherCertificates(
        "certificates",
        RancherCertificatesArgs(
            source=SOURCES[given.certificate_source](material, issuance),
            namespace=in_cluster.namespace,
            tls_secret_name=given.tls_secret_name,
            secret_opts=in_cluster.options,
        ),
        preflight.options,
    )
    for finding in findings:  # errors have stopped the program while the settings were read
        pulumi.log.warn(str(finding), resource=declared)
    return declared
