"""The resources of a stack, real providers, and what the engine does with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi.dynamic import Config, ConfigureRequest

from capacity.model.figures import to_document
from capacity.model.plan import Block, Demand, Network, Plan
from components.dns.claim import ClaimProvider
from components.dns.record import RecordProvider
from components.helm.rollout import RolloutProvider
from components.ingress.virtual_ip import VirtualIpProvider
from components.kubernetes.deleted_object import DeletedObjectProvider
from components.pks.cluster import ClusterProvider
from components.pks.network_profile import NetworkProfileProvider
from components.placement.virtual_machines import VirtualMachinesProvider
from components.preflight import PreflightProvider
from components.rancher.admin import AdminProvider
from components.rancher.local_cluster import LocalClusterProvider
from components.runtime.errors import ProviderError
from components.runtime.provider import Provider
from tests.dns.sites import ADDRESS, ZONE
from tests.faults import web
from tests.faults.gate import Killed
from tests.faults.others import HOSTNAME
from tests.faults.world import SECRETS, World
from tests.kubernetes_api import NAMESPACE, kubeconfig

DESCRIPTION = "rancher-on-pks rancher/test"
_PROFILE = {"name": "lb-medium", "description": "d", "parameters": {"lb_size": "medium"}}
_SPEC: dict[str, Any] = {
    **{"name": "c", "external_hostname": "c.test", "plan": "rancher", "network_profile": "lb-medium"},
    **{"compute_profile": "", "node_pool_instances": {}},
}
_KUBECONFIG = {"kubeconfig": kubeconfig("https://c.test:8443")}
_RELEASE = {"release": "nginx", "namespace": NAMESPACE, **_KUBECONFIG, "timeout_minutes": 5}
_ENDPOINT = {"address": web.VIP, "port": 443, "hostname": web.RANCHER, "ca_bundle": "x"}
_NETWORK = Network(blocks=(Block(cidr="172.16.0.0/16"),), segment_limit=500, tier1_limit=500)


def resources(workers: int) -> list[tuple[str, type[Provider], dict[str, Any]]]:
    """Name, provider and inputs of each resource, in the order of creation."""
    foundation = {
        **_SPEC,
        **{"masters": 3, "workers": 3, "privileged": True, "kubernetes_version": ""},
        **{"check_kubernetes": True, "network_profile_parameters": _PROFILE["parameters"]},
    }
    chart = {
        **{"chart": "rancher", "repository": f"https://{web.CHARTS}", "version": "2.8.5", "ca_file": ""},
        **{"username": "", "kubernetes_version": "1.28", "api_versions": ["v1", "v2"]},
    }
    placement = {
        **{"source": "attributes", "masters": 3, "workers": 3, "mode": "should", "datacenter": ""},
        "compute_clusters": [],
    }
    checks = {
        "foundation": foundation,
        "rancher_chart": chart,
        "dns": {"hostnames": [HOSTNAME], "server": ADDRESS, "zone": ZONE, "move": False},
        "vcenter": placement,
        "nsx": {
            "manager": "",
            "figures": to_document(Plan(network=_NETWORK, demands=(Demand(),))),
            "pools": [],
        },
    }
    admin = {
        **{"endpoint": _ENDPOINT, "version": "2.8.5", **_KUBECONFIG, "password": SECRETS[4]},
        **{"server_url": f"https://{web.RANCHER}", "telemetry": "out", "token_days": 90, "renew_days": 30},
        "description": DESCRIPTION,
    }
    left_over = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/left-over"
    machines = {
        **{"role": "master", "deployment": "service-instance_1", "source": "attributes", "names": []},
        **{"datacenter": "", "compute_clusters": [], "mode": "should", "triggers": []},
    }
    return [
        ("preflight", PreflightProvider, checks),
        ("profile", NetworkProfileProvider, dict(_PROFILE)),
        ("cluster", ClusterProvider, {**_SPEC, "workers": workers, "tags": {}, "timeout_minutes": 60}),
        ("rollout", RolloutProvider, {**_RELEASE, "revision": 1}),
        ("vip", VirtualIpProvider, {**_RELEASE, "network": "10.50.0.0/24", "service": "nginx"}),
        ("gone", DeletedObjectProvider, {"path": left_over, "creator": 1, **_KUBECONFIG}),
        (
            "claim",
            ClaimProvider,
            {"hostname": HOSTNAME, "address": web.VIP, "server": ADDRESS, "zone": ZONE},
        ),
        (
            "record",
            RecordProvider,
            {
                "hostname": HOSTNAME,
                "address": web.VIP,
                "ttl": 300,
                "server": ADDRESS,
                "zone": ZONE,
                "move": False,
            },
        ),
        ("admin", AdminProvider, admin),
        (
            "local",
            LocalClusterProvider,
            {"endpoint": _ENDPOINT, "server_url": admin["server_url"], "token": None, "timeout_minutes": 5},
        ),
        ("machines", VirtualMachinesProvider, machines),
    ]


def configured(kind: type[Provider]) -> Provider:
    """A provider as its host process has it."""
    provider = kind()
    provider.configure(ConfigureRequest(Config({}, "rancher-on-pks")))
    return provider


@dataclass
class Stack:
    """What the engine does with the resources, and the state that it keeps."""

    world: World
    state: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    workers: int = 3
    errors: list[str] = field(default_factory=list)

    def run(self, operation: str) -> bool:
        """Run an operation in a process of its own; whether it succeeded."""
        try:
            with self.world.process():
                getattr(self, operation)()
        except (ProviderError, Killed) as error:
            self.errors.append(f"{operation}: {error}")
            return False
        return True

    def wanted(self) -> list[tuple[str, type[Provider], dict[str, Any]]]:
        """The resources, with the inputs that are outputs of others."""
        found = resources(self.workers)
        token = self.state["admin"][1]["token"] if "admin" in self.state else None
        return [
            (name, kind, {**inputs, "token": token} if name == "local" else inputs)
            for name, kind, inputs in found
        ]

    def up(self) -> None:
        for name, kind, _ in resources(self.workers):
            inputs = next(item for key, _, item in self.wanted() if key == name)
            provider, known = configured(kind), self.state.get(name)
            failures = provider.check(_inputs(known[1], inputs) if known else {}, inputs).failures
            if failures:
                raise ProviderError("; ".join(item.reason for item in failures))
            if known is None:
                made = provider.create(dict(inputs))
                self.state[name] = (made.id, made.outs or {})
            elif provider.diff(known[0], known[1], inputs).changes:
                outs = provider.update(known[0], known[1], inputs).outs
                self.state[name] = (known[0], outs or {})

    def refresh(self) -> None:
        for name, kind, _ in resources(self.workers):
            if name in self.state:
                read = configured(kind).read(*self.state[name])
                if read.id:
                    self.state[name] = (read.id, read.outs or {})
                else:
                    del self.state[name]

    def destroy(self) -> None:
        for name, kind, _ in reversed(resources(self.workers)):
            if name in self.state:
                configured(kind).delete(*self.state[name])
                del self.state[name]


def _inputs(known: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in inputs if name in known}
