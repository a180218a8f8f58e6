"""CA of a cluster and keys of its control plane; PKS gives each cluster its own CA too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.pki import Issuer, ensure_authority, ensure_leaf, key_pem, new_key, write_private


@dataclass(frozen=True)
class ClusterPki:
    """Files of a cluster's keys and certificates, except its CA certificate."""

    files: ClusterFiles

    @property
    def ca_key(self) -> Path:
        return self.files.path("pki", "ca.key")

    @property
    def service_account_key(self) -> Path:
        return self.files.path("pki", "service-accounts.key")

    def pair(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of ``apiserver`` or ``etcd``, of which kube-apiserver uses both."""
        return self.files.path("pki", f"{name}.crt"), self.files.path("pki", f"{name}.key")


def ensure(files: ClusterFiles, spec: ClusterSpec) -> None:
    """Creates the missing parts of the cluster's CA and certificates; existing ones are kept."""
    pki = ClusterPki(files)
    ensure_authority(files.ca, pki.ca_key, f"{spec.name} CA")
    issuer = Issuer.load(files.ca, pki.ca_key)
    api_names = [spec.external_hostname, "localhost", "kubernetes", "kubernetes.default"]
    api_names += ["kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    ensure_leaf(
        pki.pair("apiserver"), issuer, spec.external_hostname, [spec.api_address, "10.100.200.1"], api_names
    )
    ensure_leaf(pki.pair("etcd"), issuer, "etcd", [files.lab.control_plane(spec.slot)], ["etcd"])
    if not pki.service_account_key.exists():
        write_private(pki.service_account_key, key_pem(new_key()))
