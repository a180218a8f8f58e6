"""``IngressController`` and ``RancherIngress``: the way of a request from the virtual IP to Rancher.

nginx, as the NSX-T load balancer of PKS 1.5 cannot pass on the headers that Rancher needs at layer 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm import HelmChart, HelmRelease, HelmReleaseArgs, Tiller
from components.ingress.virtual_ip import VirtualIp
from components.kubernetes.objects import ingress_api
from domain import ingress_values
from domain.chart_values import merge

RELEASE = "nginx"
"""Name of the controller's Helm release, as in the article."""

INGRESS = "rancher-ingress"
"""Name of Rancher's Ingress, as in the article; the chart's own is called ``rancher``."""

_BACKEND = ("rancher", 80)
"""Service of Rancher's chart and its port."""

_TIMEOUTS = {"proxy-connect-timeout": "30", "proxy-read-timeout": "1800", "proxy-send-timeout": "1800"}
"""Seconds; agents and shells hold websockets open (defaults of the chart's own Ingress)."""


@dataclass(frozen=True, kw_only=True)
class IngressControllerArgs:
    """What :class:`IngressController` needs.

    Attributes:
        chart: ``ingress-nginx``, or ``nginx-ingress`` of the article's time.
        namespace: Namespace that exists; the article takes ``cattle-system``, which costs no further one.
        kubeconfig: Secret.
        values: The user's values for the chart; they win over the program's.
        http_port: Port of the virtual IP that redirects to HTTPS.
        https_port: Port of the virtual IP for HTTPS.
        vip_cidr: Network that the virtual IP is in; None: any but NSX-T's transit network.
        timeout_minutes: Longest time until the controller runs, and until it has its address.
        tiller: Helm v2 installs the chart through it; None: Helm 3 does.
    """

    chart: HelmChart
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    values: Mapping[str, Any] = field(default_factory=dict)
    http_port: int = 80
    https_port: int = 443
    vip_cidr: str | None = None
    timeout_minutes: int = 10
    tiller: Tiller | None = None


class IngressController(pulumi.ComponentResource):
    """nginx on each node behind an NSX-T virtual IP (type ``rancher-on-pks:ingress:IngressController``).

    Produces a HelmRelease and a VirtualIp, which wait for the pods and the address side by side. The options
    must name the cluster's Kubernetes provider.

    Attributes:
        vip: The virtual IP.
        https_port: Its port for HTTPS.
        ready: What to depend on for a controller that serves.
    """

    vip: pulumi.Output[str]
    https_port: int
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: IngressControllerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it.

        Raises:
            RunError: The user's values would break the design.
        """
        if problems := ingress_values.problems(args.values):
            raise pulumi.RunError("\n".join(f"values of the ingress controller: {text}" for text in problems))
        super().__init__("rancher-on-pks:ingress:IngressController", name, None, opts)
        deleted_with = opts.deleted_with if opts else None
        values = merge(ingress_values.defaults(args.http_port, args.https_port), args.values)
        release = HelmRelease(
            name,
            HelmReleaseArgs(
                chart=args.chart,
                release=RELEASE,
                namespace=args.namespace,
                kubeconfig=args.kubeconfig,
                values=values,
                timeout_minutes=args.timeout_minutes,
                tiller=args.tiller,
            ),
            pulumi.ResourceOptions(parent=self, deleted_with=deleted_with),
        )
        address = VirtualIp(
            f"{name}-vip",
            release=RELEASE,
            namespace=args.namespace,
            kubeconfig=args.kubeconfig,
            network=args.vip_cidr,
            maker={"chart": args.chart.args.chart, **values["controller"]["service"]},
            timeout_minutes=args.timeout_minutes,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=deleted_with, depends_on=release.installed),
        )
        self.vip, self.https_port, self.ready = address.address, args.https_port, [release.ready, address]
        self.register_outputs({"vip": self.vip})


@dataclass(frozen=True, kw_only=True)
class RancherIngressArgs:
    """What :class:`RancherIngress` needs.

    Attributes:
        namespace: Namespace of Rancher.
        hostname: DNS name of Rancher.
        tls_secret_name: ``kubernetes.io/tls`` Secret in the namespace, with the certificate of the name.
        kubernetes_version: ``major.minor``; before 1.19 the Ingress is an extensions/v1beta1 one.
    """

    namespace: pulumi.Input[str]
    hostname: str
    tls_secret_name: str
    kubernetes_version: str


class RancherIngress(pulumi.CustomResource):
    """The rule for Rancher's host name, in place of the chart's own Ingress (a Kubernetes ``Ingress``).

    Its class annotation gives it to nginx and keeps NCP from making NSX-T objects for it. The API version is
    that of the cluster; an alias keeps the Ingress when it changes.
    """

    def __init__(
        self, name: str, args: RancherIngressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it; the options must name the cluster's Kubernetes provider."""
        version = ingress_api(args.kubernetes_version)
        current = version == "networking.k8s.io/v1"
        other = "extensions/v1beta1" if current else "networking.k8s.io/v1"
        service, port = _BACKEND
        backend: dict[str, Any] = {"serviceName": service, "servicePort": port}
        path: dict[str, Any] = {"backend": backend}
        if current:
            backend = {"service": {"name": service, "port": {"number": port}}}
            path = {"path": "/", "pathType": "Prefix", "backend": backend}
        inputs = {
            "apiVersion": version,
            "kind": "Ingress",
            "metadata": {
                "name": INGRESS,
                "namespace": args.namespace,
                "annotations": {
                    "kubernetes.io/ingress.class": ingress_values.INGRESS_CLASS,
                    **{f"nginx.ingress.kubernetes.io/{key}": value for key, value in _TIMEOUTS.items()},
                    # It has no backend until Rancher is there, which the plugin would wait for.
                    "pulumi.com/skipAwait": "true",
                },
            },
            "spec": {
                "rules": [{"host": args.hostname, "http": {"paths": [path]}}],
                "tls": [{"hosts": [args.hostname], "secretName": args.tls_secret_name}],
            },
        }
        alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_=f"kubernetes:{other}:Ingress")])
        super().__init__(
            f"kubernetes:{version}:Ingress", name, inputs, pulumi.ResourceOptions.merge(opts, alias)
        )
