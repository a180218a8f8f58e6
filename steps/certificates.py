"""Step 3: Rancher's certificate, its key and the CA, made and checked while PKS builds the cluster."""

from __future__ import annotations

import pulumi

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from settings import Settings
from steps.cluster import InCluster


def certificates(settings: Settings, in_cluster: InCluster) -> RancherCertificates:
    """Certificate and key; their Secrets wait for the cluster, the rest does not."""
    given = settings.certificates
    return RancherCertificates(
        "certificates",
        RancherCertificatesArgs(
            files=given.files_for(settings.rancher.rancher_hostname),
            namespace=in_cluster.namespace,
            tls_secret_name=given.tls_secret_name,
            organization=given.certificate_organization or None,
            secret_opts=in_cluster.options,
        ),
        pulumi.ResourceOptions(depends_on=in_cluster.cluster.preflight),
    )
