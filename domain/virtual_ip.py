"""The virtual IP among the addresses that NSX-T assigns to the ingress controller's Service.

NCP writes two addresses into the status of the Service (10.50.0.79 and 100.64.128.125 in the article): one of
the floating IP pool, and one of the network between the Tier-0 and Tier-1 routers. Their order means nothing.
The rule: addresses in 100.64.0.0/10 (RFC 6598, which NSX-T uses for its transit links) are dropped; if a
network is configured, only addresses in it are kept; one must remain.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from domain.finding import FindingError

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_TRANSIT = ipaddress.ip_network("100.64.0.0/10")


def pick(addresses: Iterable[str], network: str | None) -> str | None:
    """Returns the one address that clients reach; None if none remains.

    Raises:
        FindingError: Several remain.
    """
    listed = list(dict.fromkeys(addresses))
    wanted = ipaddress.ip_network(network) if network else None
    left = [
        text
        for text in listed
        if (address := _parsed(text)) not in _TRANSIT and (wanted is None or address in wanted)
    ]
    if len(left) > 1:
        raise FindingError(
            "network",
            f"several addresses could be the virtual IP: {', '.join(left)} (of {', '.join(listed)})",
            "Set the network that the right one is in",
        )
    return left[0] if left else None


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        problem = f"the Service's status has an address that is none: {text[:80]!r}"
        raise FindingError("service", problem, "See the log of NCP") from None


def load_balancer(release: str, services: Iterable[Object]) -> Object | None:
    """Returns the Service of type LoadBalancer among those of a Helm release.

    Raises:
        FindingError: There are several.
    """
    found = [item for item in services if (item.get("spec") or {}).get("type") == "LoadBalancer"]
    if len(found) > 1:
        names = ", ".join(item["metadata"]["name"] for item in found)
        raise FindingError(
            "service",
            f"Helm release {release} has several Services of type LoadBalancer: {names}",
            "Disable all but the controller's in the values of the chart",
        )
    return found[0] if found else None


def addresses(service: Object) -> list[str]:
    """Returns the addresses in the status of a Service."""
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [str(item["ip"]) for item in given if item.get("ip")]


def state(service: Object, network: str | None, errors: Iterable[str]) -> str:
    """Describes a Service without the virtual IP; ``errors`` are NCP's."""
    name, given = f"Service {service['metadata']['name']}", addresses(service)
    if given:
        wanted = f"in {network}" if network else f"outside the transit network {_TRANSIT}"
        return f"{name} has the addresses {', '.join(given)}, none {wanted}"
    return "; ".join([f"{name} has no address yet", *errors])
