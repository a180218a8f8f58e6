"""The virtual IP: the address that NSX-T gives to the ingress controller's Service.

NCP writes two addresses into the Service's status (10.50.0.79 and 100.64.128.125 in the article): one of the
floating IP pool, and one of the network between the Tier-0 and Tier-1 routers. Which one clients reach is
decided by the networks, not by the order: addresses in 100.64.0.0/10 (RFC 6598, which NSX-T uses for its
transit links) are dropped; if a network is configured, only addresses in it are kept; one must remain.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.helm.workloads import ncp_errors, owned_by
from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes, KubernetesError, Object, UnreachableError
from components.kubernetes.kubeconfig import same_cluster
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain, wait

_TRANSIT = ipaddress.ip_network("100.64.0.0/10")
_IDENTITY = ["release", "namespace", "network", "maker"]


def pick(addresses: Iterable[str], network: str | None) -> str | None:
    """The one address that clients reach; None when none is left.

    Raises:
        ProviderError: Several are left; the message lists them and names the config key that decides.
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
            f"several addresses could be the virtual IP: {', '.join(left)} (of {', '.join(listed)}). Set "
            "config vipCidr to the network that the right one is in"
        )
    return left[0] if left else None


class VirtualIpProvider(Provider):
    """Reads the address once NSX-T has given it."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        other = not same_cluster(_olds.get("kubeconfig"), _news.get("kubeconfig"))
        return DiffResult(changes=other or bool(changed(_olds, _news, _IDENTITY)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(f"{wanted['namespace']}/{wanted['release']}", _wait(wanted))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_wait(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        try:
            with kube.client(known["kubeconfig"]) as kubernetes:
                service = _service(kubernetes, known)
        except KubernetesError as error:  # also credentials that have expired since
            log.warning("warning: the virtual IP is not checked: %s", error)
            return ReadResult(id_, known)
        if service is None:
            return ReadResult("", {})
        address = pick(_addresses(service), known["network"]) or ""
        return ReadResult(id_, {**known, "address": address})


class VirtualIp(Resource, module="ingress", name="VirtualIp"):
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
        maker: Mapping[str, Any],
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            release: Helm release with one Service of type LoadBalancer.
            namespace: Its namespace.
            kubeconfig: Secret.
            network: CIDR in which the address must be; None: any but the transit network.
            maker: What makes the Service what it is; a change of it makes the address be read anew.
            timeout_minutes: Longest time until there is an address.
            opts: Must depend on the release.
        """
        props = {
            "release": release,
            "namespace": namespace,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "network": network or "",
            "maker": maker,
            "timeout_minutes": timeout_minutes,
            "address": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(
            VirtualIpProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret)
        )


def _wait(wanted: Properties) -> Properties:
    with kube.client(wanted["kubeconfig"]) as kubernetes:

        def poll() -> tuple[str, str | None]:
            try:
                service = _service(kubernetes, wanted)
            except UnreachableError as error:
                return str(error), None
            if service is None:
                return f"release {wanted['release']} has no Service of type LoadBalancer", None
            return _state(service, wanted["network"]), pick(_addresses(service), wanted["network"])

        address = wait(
            f"virtual IP of Helm release {wanted['release']}",
            poll,
            timeout=wanted["timeout_minutes"] * 60,
            first=0.3,
            cap=10,
            resume="Check the load balancer in the NSX-T manager and NCP's log (with an address of another "
            "network, config vipCidr), and run pulumi up again",
        )
    return {**wanted, "address": address}


def _state(service: Object, network: str) -> str:
    addresses = _addresses(service)
    name = f"Service {service['metadata']['name']}"
    if addresses:
        wanted = f"in config vipCidr {network}" if network else f"outside of the transit network {_TRANSIT}"
        return f"{name} has the addresses {', '.join(addresses)}, none {wanted}"
    return "; ".join([f"{name} has no address yet", *ncp_errors(service)])


def _service(kubernetes: Kubernetes, wanted: Properties) -> Object | None:
    """The release's Service of type LoadBalancer."""
    namespace, release = wanted["namespace"], wanted["release"]
    services = kubernetes.list(f"/api/v1/namespaces/{namespace}/services")
    owned = [item for item in services if owned_by(item, namespace, release)]
    found = [item for item in owned if item["spec"].get("type") == "LoadBalancer"]
    if len(found) > 1:
        names = ", ".join(item["metadata"]["name"] for item in found)
        raise ProviderError(
            f"Helm release {release} has several Services of type LoadBalancer: {names}. Turn all but the "
            "controller's off in config ingressValues"
        )
    return found[0] if found else None


def _addresses(service: Object) -> list[str]:
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [str(item["ip"]) for item in given if item.get("ip")]
