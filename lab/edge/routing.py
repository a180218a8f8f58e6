"""Routing that ingress-nginx would derive from a cluster's objects: listeners, sites, backends. Pure.

The rules are those of ingress-nginx 1.x (user guide, "Ingress path matching", "TLS/HTTPS") and of the
Kubernetes documentation of Ingress and Service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lab.cluster.api import Object, annotations_of
from lab.cluster.objects import load_balancer_ips

INGRESS_CLASS = "nginx"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_SSL_REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"
# Selector values that identify an ingress controller: ingress-nginx has app.kubernetes.io/name=ingress-nginx,
# stable/nginx-ingress has app=nginx-ingress.
_CONTROLLERS = {"ingress-nginx", "nginx-ingress"}


@dataclass(frozen=True)
class View:
    """Objects that determine routing, each by ``namespace/name``."""

    services: Mapping[str, Object]
    ingresses: Mapping[str, Object]
    slices: Mapping[str, Object]


@dataclass(frozen=True)
class Listener:
    """One port of a virtual IP."""

    address: str
    port: int
    tls: bool
    container_port: int
    """The controller's own port, sent as X-Forwarded-Port."""
    service: str = field(default="", compare=False)
    """The controller's Service (``namespace/name``)."""


@dataclass(frozen=True)
class Location:
    """A path of a site and its Service (``namespace/name``)."""

    path: str
    exact: bool
    service: str

    def matches(self, path: str) -> bool:
        """Whether this location serves ``path``; nginx treats Prefix and ImplementationSpecific alike."""
        if self.exact:
            return path == self.path
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


@dataclass
class Site:
    """Combined rules of all Ingresses for one host."""

    locations: list[Location] = field(default_factory=list)
    tls_secret: str | None = None
    """``namespace/name`` of the certificate's Secret, which may not exist."""
    tls: bool = False
    ssl_redirect: bool = True

    def service(self, path: str) -> str | None:
        """Returns the Service for ``path``: exact matches first, then the longest prefix."""
        found = [location for location in self.locations if location.matches(path)]
        found.sort(key=lambda location: (not location.exact, -len(location.path)))
        return found[0].service if found else None


def listeners(view: View, network: str) -> set[Listener]:
    """Returns the ports of controllers' load balancers in ``network`` that have a ready pod."""
    return {
        Listener(address, port["port"], _is_tls(port), _container_port(view, key, port), key)
        for key, service in view.services.items()
        if is_controller(service) and ready(view, key)
        for address in addresses(service, network)
        for port in service["spec"].get("ports", [])
        if port.get("protocol", "TCP") == "TCP"
    }


def is_controller(service: Object) -> bool:
    """Whether a Service of type LoadBalancer selects an ingress controller."""
    selector = service["spec"].get("selector") or {}
    return service["spec"].get("type") == "LoadBalancer" and bool(_CONTROLLERS & set(selector.values()))


def addresses(service: Object, network: str) -> list[str]:
    """Returns the load balancer's addresses in ``network``."""
    allowed = ipaddress.ip_network(network)
    return [ip for ip in load_balancer_ips(service) if ipaddress.ip_address(ip) in allowed]


def ready(view: View, service: str) -> bool:
    """Whether a Service (``namespace/name``) has a ready endpoint."""
    return bool(nodes(view, service))


def nodes(view: View, service: str) -> list[str]:
    """Returns the node of each ready endpoint of a Service (``namespace/name``), in a stable order."""
    return sorted(
        endpoint.get("nodeName", "")
        for piece in _slices(view, service)
        for endpoint in piece.get("endpoints") or []
        if endpoint.get("addresses") and (endpoint.get("conditions") or {}).get("ready") is not False
    )


def sites(ingresses: Iterable[Object]) -> dict[str, Site]:
    """Returns the sites of Ingresses of class nginx, by host; older Ingresses take precedence.

    The empty host matches requests for all other hosts.
    """
    found: dict[str, Site] = {}
    ours = [ingress for ingress in ingresses if is_ours(ingress)]
    for ingress in sorted(ours, key=lambda item: str(item["metadata"].get("creationTimestamp", ""))):
        for host, locations in _rules(ingress):
            site = found.setdefault(host, Site())
            known = {(location.path, location.exact) for location in site.locations}
            site.locations += [new for new in locations if (new.path, new.exact) not in known]
            _add_tls(site, host, ingress)
    return found


def is_ours(ingress: Object) -> bool:
    """Whether the class is nginx; the annotation takes precedence over ``spec.ingressClassName``."""
    annotation = annotations_of(ingress).get(_CLASS_ANNOTATION)
    name: str | None = annotation or ingress["spec"].get("ingressClassName")
    return name == INGRESS_CLASS


def find_site(by_host: Mapping[str, Site], host: str) -> Site | None:
    """Returns the site of a host name (lower case, no port): exact, wildcard, or the empty host."""
    _, _, parent = host.partition(".")
    return by_host.get(host) or by_host.get(f"*.{parent}") or by_host.get("")


def _slices(view: View, service: str) -> Iterator[Object]:
    namespace, name = service.split("/")
    for piece in view.slices.values():
        metadata = piece["metadata"]
        labels = metadata.get("labels") or {}
        if metadata["namespace"] == namespace and labels.get("kubernetes.io/service-name") == name:
            yield piece


def _is_tls(port: Object) -> bool:
    return port.get("name") == "https" or port.get("targetPort") in {"https", 443}


def _container_port(view: View, service: str, port: Object) -> int:
    for piece in _slices(view, service):
        for resolved in piece.get("ports") or []:
            if resolved.get("name", "") == port.get("name", "") and resolved.get("port"):
                return int(resolved["port"])
    return 443 if _is_tls(port) else 80


def _rules(ingress: Object) -> Iterator[tuple[str, list[Location]]]:
    namespace = ingress["metadata"]["namespace"]
    spec = ingress["spec"]
    if "defaultBackend" in spec and "service" in spec["defaultBackend"]:
        yield "", [Location("/", False, f"{namespace}/{spec['defaultBackend']['service']['name']}")]
    for rule in spec.get("rules") or []:
        paths = (rule.get("http") or {}).get("paths") or []
        yield (
            rule.get("host", "").lower(),
            [
                Location(
                    path.get("path") or "/",
                    path.get("pathType") == "Exact",
                    f"{namespace}/{path['backend']['service']['name']}",
                )
                for path in paths
                if "service" in path["backend"]
            ],
        )


def _add_tls(site: Site, host: str, ingress: Object) -> None:
    for entry in ingress["spec"].get("tls") or []:
        if site.tls or host not in [name.lower() for name in entry.get("hosts") or []]:
            continue
        site.tls = True
        site.ssl_redirect = annotations_of(ingress).get(_SSL_REDIRECT) != "false"
        if entry.get("secretName"):
            site.tls_secret = f"{ingress['metadata']['namespace']}/{entry['secretName']}"
