"""``Settings``: all sections, and the rules between their keys."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from capacity.model.plan import Plan
from domain.finding import Finding
from settings.bootstrap import BootstrapSettings
from settings.brake import BrakeSettings
from settings.capacity import CapacitySettings
from settings.certificates import CertificateSettings
from settings.cluster import ClusterSettings
from settings.dns import DnsSettings
from settings.helm import HelmSettings
from settings.ingress import IngressSettings
from settings.placement import PlacementSettings
from settings.rancher import RancherSettings


class Settings(BaseModel):
    """The settings of one stack, by section. Times are whole minutes or days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster: ClusterSettings
    certificates: CertificateSettings
    ingress: IngressSettings
    rancher: RancherSettings
    capacity: CapacitySettings
    brake: BrakeSettings
    dns: DnsSettings
    helm: HelmSettings
    placement: PlacementSettings
    bootstrap: BootstrapSettings

    @property
    def capacity_plan(self) -> Plan | None:
        """The stack's plan for its pod network; None when the config has no figures of it.

        Raises:
            CapacityError: The figures contradict each other.
        """
        size = self.cluster.network_profile_parameters.get("lb_size", "small")
        return self.capacity.plan_for(self.cluster.cluster_name, self.rancher.rancher_version, size)

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The host names whose records the program makes."""
        return self.dns.dns_hostnames(self.rancher.rancher_hostname, self.cluster.external_hostname)

    def certificate_findings(self) -> list[Finding]:
        """What is wrong with the content of certificates and keys."""
        return list(self.certificates.findings(*self.rancher.hostnames))

    def findings(self) -> Iterator[Finding]:
        """What is wrong between keys that are valid by themselves, certificates apart."""
        cluster, rancher = self.cluster, self.rancher
        if rancher.rancher_hostname == cluster.external_hostname:
            yield Finding(
                "rancherHostname",
                "is also externalHostname, which leads to the Kubernetes API",
                "Choose another name for one of them",
                rancher.rancher_hostname,
                depends_on=("externalHostname",),
            )
        for name in sorted({cluster.external_hostname} & set(rancher.rancher_extra_hostnames)):
            yield Finding(
                "rancherExtraHostnames",
                "has externalHostname, which leads to the Kubernetes API",
                "Remove it",
                name,
                depends_on=("externalHostname",),
            )
        yield from cluster.findings()
        yield from self.ingress.findings()
        yield from rancher.findings(cluster.kubernetes_version)
        profile = cluster.network_profile_parameters if cluster.network_profile else None
        yield from self.capacity.findings(rancher.rancher_version, profile)
        yield from self.dns.findings(rancher.rancher_hostname, cluster.external_hostname)
        yield from self.helm.findings(
            {
                "ingressChartRepository": self.ingress.ingress_chart_repository,
                "rancherChartRepository": rancher.rancher_chart_repository,
            }
        )
        yield from self.placement.findings()
        yield from self.bootstrap.findings(rancher.rancher_version)
        yield from self.brake_findings(cluster.kubernetes_version)

    def brake_findings(self, kubernetes_version: str) -> Iterator[Finding]:
        """What is wrong with the brake on that Kubernetes version (``major.minor``; empty: unknown)."""
        counted, bootstrapped = bool(self.capacity.pod_network), self.bootstrap.rancher_bootstrap
        return self.brake.findings(kubernetes_version, counted=counted, bootstrapped=bootstrapped)
