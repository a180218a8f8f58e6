"""``Settings``: all sections together, and what is wrong between them."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.model.plan import Plan
from components.placement import Placement
from settings.bootstrap import BootstrapSettings
from settings.capacity import CapacitySettings
from settings.certificates import CertificateSettings
from settings.cluster import ClusterSettings
from settings.dns import DnsSettings
from settings.helm import HelmSettings
from settings.ingress import IngressSettings
from settings.placement import PlacementSettings
from settings.problem import Problem
from settings.rancher import RancherSettings


class Settings(
    BootstrapSettings,
    PlacementSettings,
    HelmSettings,
    DnsSettings,
    CapacitySettings,
    RancherSettings,
    IngressSettings,
    CertificateSettings,
    ClusterSettings,
):
    """The settings of one stack. Times are whole minutes or days."""

    @property
    def capacity_plan(self) -> Plan | None:
        """What the stack plans on its pod network; None when the config has no figures of it."""
        size = self.network_profile_parameters.get("lb_size", "small")
        return self.plan_for(self.cluster_name, self.rancher_version, size)

    @property
    def placement(self) -> Placement | None:
        """What the DRS rules are to hold; None when there are to be none."""
        return self.placement_for(self.plan_masters, self.workers or self.plan_workers)

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The host names whose records the program makes."""
        return self.dns_hostnames(self.rancher_hostname, self.external_hostname)

    def problems(self) -> Iterator[Problem]:
        """What is wrong between keys, each of which is right by itself."""
        if self.rancher_hostname == self.external_hostname:
            yield Problem(
                "rancherHostname",
                "is also externalHostname, which leads to the Kubernetes API; Rancher needs a name of its "
                "own. Choose another name for one of them",
                self.rancher_hostname,
                ("externalHostname",),
            )
        yield from self.cluster_problems()
        yield from self.certificate_problems(self.rancher_hostname)
        yield from self.ingress_problems()
        yield from self.rancher_problems(self.kubernetes_version)
        profile = self.network_profile_parameters if self.network_profile else None
        yield from self.capacity_problems(self.rancher_version, profile)
        yield from self.dns_problems(self.rancher_hostname, self.external_hostname)
        yield from self.helm_problems(
            {
                "ingressChartRepository": self.ingress_chart_repository,
                "rancherChartRepository": self.rancher_chart_repository,
            }
        )
        yield from self.placement_problems()
        yield from self.bootstrap_problems(self.rancher_version)
