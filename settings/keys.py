"""The config key behind each input of the program's resources: the one table from components to settings."""

from __future__ import annotations

from settings import labels
from settings.certificates import CERTIFICATE_KEYS

_CHART_ACCESS = {
    "kubernetes_version": "kubernetesVersion",
    "ca_file": "chartRepositoryCaFile",
    "username": "chartRepositoryUsername",
    "api_versions": "helmEngine",
}
_NAMES = {"external_hostname": "externalHostname", "plan": "plan"}
_CLUSTER = {
    **_NAMES,
    "name": "clusterName",
    "network_profile": "networkProfile",
    "compute_profile": "computeProfile",
    "node_pool_instances": "nodePoolInstances",
}
_VCENTER = {
    "mode": "antiAffinity",
    "source": "vmSource",
    "datacenter": "vsphereDatacenter",
    "compute_clusters": "vsphereComputeClusters",
}
_ENDPOINT = {"endpoint": "rancherHostname"}

CHECKS = {
    "foundation": {
        **_CLUSTER,
        "masters": "planMasters",
        "workers": "planWorkers",
        "privileged": "planPrivileged",
        "kubernetes_version": "kubernetesVersion",
        "check_kubernetes": "kubernetesVersionCheck",
        "network_profile_parameters": "networkProfileParameters",
    },
    "ingress_chart": {
        **_CHART_ACCESS,
        "chart": "ingressChart",
        "repository": "ingressChartRepository",
        "version": "ingressChartVersion",
    },
    "rancher_chart": {
        **_CHART_ACCESS,
        "chart": "rancherChart",
        "repository": "rancherChartRepository",
        "version": "rancherVersion",
    },
    "helm2": {"helm": "helm2Cli", "tiller": "tillerCli", "image": "tillerImage"},
    "dns": {
        "hostnames": "rancherHostname",
        "server": "dnsServer",
        "zone": "dnsZone",
        "move": "dnsMoveRecord",
    },
    "vcenter": {**_VCENTER, "bosh_cli": "boshCli", "masters": "planMasters", "workers": "workers"},
    "images": {
        "registry": "imageRegistry",
        "ca_file": "imageRegistryCaFile",
        "username": "imagePullSecretUsername",
        "digests": "imageLockFile",
    },
    "certificates": {key: key for key in CERTIFICATE_KEYS},
    "nsx": {"manager": "nsxManager", "figures": "podNetwork", "pools": "networkProfileParameters"},
}
"""The same for the inputs of each check of the preflight."""

KEYS: labels.Table = {
    ("preflight:Preflight", ""): {
        f"{check}.{name}": key for check, names in CHECKS.items() for name, key in names.items()
    },
    ("pks:NetworkProfile", ""): {
        "name": "networkProfile",
        "description": "networkProfileDescription",
        "parameters": "networkProfileParameters",
    },
    ("pks:Cluster", ""): {
        **_CLUSTER,
        "workers": "workers",
        "tags": "clusterTags",
        "timeout_minutes": "clusterTimeoutMinutes",
    },
    ("pks:Kubeconfig", ""): {
        **_NAMES,
        "cluster": "clusterName",
        "api_access": "apiAccess",
        "expected_version": "kubernetesVersion",
    },
    ("capacity:PodNetwork", ""): {"figures": "podNetwork", "measured_at": "podNetworkMeasuredAt"},
    ("placement:VmCids", ""): {"executable": "boshCli"},
    ("placement:VirtualMachines", ""): _VCENTER,
    ("dns:Record", ""): {"server": "dnsServer", "zone": "dnsZone", "ttl": "dnsTtl"},
    ("dns:Record", "rancher-"): {"hostname": "rancherHostname"},
    ("dns:Record", "api-"): {"hostname": "externalHostname"},
    ("dns:Claim", ""): {"server": "dnsServer", "zone": "dnsZone"},
    ("dns:Resolution", ""): {"resolver": "dnsResolver", "timeout_minutes": "dnsTimeoutMinutes"},
    ("dns:Resolution", "rancher-"): {"hostname": "rancherHostname"},
    ("dns:Resolution", "api-"): {"hostname": "externalHostname"},
    ("helm:Rollout", "ingress"): {"timeout_minutes": "ingressTimeoutMinutes"},
    ("helm:Rollout", "rancher"): {"timeout_minutes": "rancherTimeoutMinutes"},
    ("ingress:VirtualIp", ""): {
        "network": "vipCidr",
        "service": "ingressValues",
        "timeout_minutes": "ingressTimeoutMinutes",
    },
    ("rancher:EndpointCheck", "endpoint"): {**_ENDPOINT, "timeout_minutes": "ingressTimeoutMinutes"},
    ("rancher:EndpointCheck", "rancher-server"): {**_ENDPOINT, "timeout_minutes": "rancherTimeoutMinutes"},
    ("rancher:UpgradeCheck", ""): {
        "version": "rancherVersion",
        "ca_sha256": "caCertificateFile",
        "webhook": "rancherValues",
        "enabled": "rancherUpgradeCheck",
    },
    ("rancher:Admin", ""): {
        **_ENDPOINT,
        "version": "rancherVersion",
        "password": "rancherAdminPassword",
        "telemetry": "rancherTelemetry",
        "token_days": "rancherTokenDays",
        "renew_days": "rancherTokenRenewDays",
    },
    ("rancher:BrakeRoles", ""): _ENDPOINT,
    ("rancher:LocalCluster", ""): {**_ENDPOINT, "timeout_minutes": "rancherLocalTimeoutMinutes"},
}


def label_resources() -> None:
    """Make the errors of all resources that are declared from now on name config keys."""
    labels.register(KEYS)
