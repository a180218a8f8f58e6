"""``VirtualIp``: the address that NSX-T assigns to the ingress controller's Service.

NCP writes two addresses into the status of the Service (10.50.0.79 and 100.64.128.125 in the article): one of
the floating IP pool, and one of the network between the Tier-0 and Tier-1 routers. Their order means nothing.
The rule: addresses in 100.64.0.0/10 (RFC 6598, which NSX-T uses for its transit links) are dropped; if a
network is configured, only addresses in it are kept; one must remain.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from components.helm.workloads import ncp_errors, owned_by
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, KubernetesError, Object, UnreachableError
from components.kubernetes.provider import ClusterProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties
from components.runtime.resource import DynamicResource
from components.runtime.waiting import STEADY, wait

_TRANSIT = ipaddress.ip_network("100.64.0.0/10")
_RESUME = (
    "Check the load balancer in the NSX-T manager and the log of NCP, and whether the network of the virtual "
    "IP is right. Then run `pulumi up` again"
)


def pick(addresses: Iterable[str], network: str | None) -> str | None:
    """Returns the one address that clients reach; None if none remains.

    Raises:
        ProviderError: Several remain.
    """
    listed = list(dict.fromkeys(addresses))
    wanted = ipaddress.ip_network(network) if network else None
    left = [
        text
        for text in listed
        if (address := ipaddress.ip_address(text)) not in _TRANSIT and (wanted is None or address in wanted)
    ]
    if len(left) > 1:
        raise ProviderError(
            f"several addresses could be the virtual IP: {', '.join(left)} (of {', '.join(listed)}). Set the "
            "network that the right one is in",
            "network",
        )
    return left[0] if left else None


class VirtualIpProvider(ClusterProvider):
    """Reads the address once NSX-T has assigned it."""

    updates = ("release", "namespace", "network", "service", "kubeconfig")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        return {"address": _wait(wanted)}

    def identity(self, properties: Properties) -> str:
        return f"{properties['namespace']}/{properties['release']}"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        del id_
        try:
            with kube.client(known["kubeconfig"]) as kubernetes:
                service = _service(kubernetes, known)
        except KubernetesError as error:  # expired credentials too
            log.warning("warning: the virtual IP is not checked: %s", error)
            return {}
        if service is None:
            return None
        return {"address": pick(_addresses(service), known["network"]) or ""}


class VirtualIp(DynamicResource, module="ingress", name="VirtualIp"):
    """Address of a release's Service, type ``pulumi-python:dynamic/ingress:VirtualIp``."""

    address: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        release: str,
        namespace: pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        network: str | None,
        service: Mapping[str, Any],
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            release: Helm release with one Service of type LoadBalancer.
            namespace: Its namespace.
            kubeconfig: Secret.
            network: CIDR of the address; None: any except the transit network.
            service: Chart and values of the Service; a change reads the address again.
            timeout_minutes: Deadline for the address.
            opts: Must depend on the release.
        """
        props = {
            "release": release,
            "namespace": namespace,
            "kubeconfig": kubeconfig,
            "network": network or "",
            "service": service,
            "timeout_minutes": timeout_minutes,
            "address": None,
        }
        super().__init__(VirtualIpProvider(), resource_name, props, opts, secrets=["kubeconfig"])


def _wait(wanted: Properties) -> str:
    with kube.client(wanted["kubeconfig"]) as kubernetes:

        def poll() -> tuple[str, str | None]:
            try:
                service = _service(kubernetes, wanted)
            except UnreachableError as error:
                return str(error), None
            if service is None:
                return f"release {wanted['release']} has no Service of type LoadBalancer", None
            return _state(service, wanted["network"]), pick(_addresses(service), wanted["network"])

        return wait(
            f"virtual IP of Helm release {wanted['release']}",
            poll,
            timeout=wanted["timeout_minutes"] * 60,
            pace=STEADY,
            resume=_RESUME,
        )


def _state(service: Object, network: str) -> str:
    addresses = _addresses(service)
    name = f"Service {service['metadata']['name']}"
    if addresses:
        wanted = f"in {network}" if network else f"outside the transit network {_TRANSIT}"
        return f"{name} has the addresses {', '.join(addresses)}, none {wanted}"
    return "; ".join([f"{name} has no address yet", *ncp_errors(service)])


def _service(kubernetes: Kubernetes, wanted: Properties) -> Object | None:
    """Returns the Service of type LoadBalancer of the release."""
    namespace, release = wanted["namespace"], wanted["release"]
    services = kubernetes.list(f"/api/v1/namespaces/{namespace}/services")
    owned = [item for item in services if owned_by(item, namespace, release)]
    found = [item for item in owned if item["spec"].get("type") == "LoadBalancer"]
    if len(found) > 1:
        names = ", ".join(item["metadata"]["name"] for item in found)
        raise ProviderError(
            f"Helm release {release} has several Services of type LoadBalancer: {names}. Disable all but the "
            "controller's in the values of the chart",
            "service",
        )
    return found[0] if found else None


def _addresses(service: Object) -> list[str]:
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [str(item["ip"]) for item in given if item.get("ip")]
