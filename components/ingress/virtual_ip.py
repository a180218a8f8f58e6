"""Waits for the address that NSX-T assigns to the ingress controller's Service, and reads it again."""

from __future__ import annotations

from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, KubernetesError
from components.kubernetes.provider import ClusterProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from components.runtime.waiting import STEADY, wait
from domain import virtual_ip
from domain.finding import FindingError
from domain.workloads import ncp_errors, owned_by

_RESUME = (
    "Check the load balancer in the NSX-T manager and the log of NCP, and whether the network of the virtual "
    "IP is right. Then run `pulumi up` again"
)


class VirtualIpProvider(ClusterProvider):
    """Reads the address once NSX-T has assigned it."""

    updates = ("release", "namespace", "network", "service", "kubeconfig")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        release = wanted["release"]
        missing = f"release {release} has no Service of type LoadBalancer", None
        with kube.client(wanted["kubeconfig"]) as kubernetes:
            address = wait(
                f"virtual IP of Helm release {release}",
                lambda: _look(kubernetes, wanted) or missing,
                timeout=wanted["timeout_minutes"] * 60,
                pace=STEADY,
                resume=_RESUME,
            )
        return {"address": address}

    def identity(self, properties: Properties) -> str:
        return f"{properties['namespace']}/{properties['release']}"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        try:
            with kube.client(known["kubeconfig"]) as kubernetes:
                found = _look(kubernetes, known)
        except KubernetesError as error:  # expired credentials too
            log.warning("warning: the virtual IP is not checked: %s", error)
            return {}
        return None if found is None else {"address": found[1] or ""}


def _look(kubernetes: Kubernetes, wanted: Properties) -> tuple[str, str | None] | None:
    """State of the release's Service and the virtual IP; None: there is no such Service."""
    namespace, release, network = wanted["namespace"], wanted["release"], wanted["network"]
    services = kubernetes.list(f"/api/v1/namespaces/{namespace}/services")
    try:
        owned = [item for item in services if owned_by(item, namespace, release)]
        service = virtual_ip.load_balancer(release, owned)
        if service is None:
            return None
        address = virtual_ip.pick(virtual_ip.addresses(service), network)
    except FindingError as error:
        raise ProviderError.of(error.finding) from None
    return virtual_ip.state(service, network, ncp_errors(service)), address
