"""``IngressController`` and ``RancherIngress``: route requests from the virtual IP to Rancher.

The controller is nginx: in PKS 1.5 the layer 7 load balancer of NSX-T cannot set the headers that Rancher
needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm import local_chart
from components.helm.chart import HelmChart
from components.helm.engine import HelmEngine
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.ingress.virtual_ip import VirtualIpProvider
from components.runtime.resource import DynamicResource
from domain import ingress_values, rancher_ingress
from domain.images import ImageRegistry

RELEASE = "nginx"
"""Name of the controller's Helm release, as in the article."""


@dataclass(frozen=True, kw_only=True)
class IngressControllerArgs:
    """Arguments of :class:`IngressController`.

    Attributes:
        engine: Installs the chart.
        chart: ``ingress-nginx``, or its predecessor ``nginx-ingress``.
        namespace: Namespace that exists. The article uses ``cattle-system``, which saves a namespace.
        kubeconfig: Secret.
        values: The user's values for the chart; they override the program's.
        http_port: Port of the virtual IP that redirects to HTTPS.
        https_port: Port of the virtual IP for HTTPS.
        images: Registry of all images; None: those that the chart names.
        vip_cidr: Network of the virtual IP; None: any except NSX-T's transit network.
        timeout_minutes: Deadline for the controller to run, and for its address.
    """

    engine: HelmEngine
    chart: HelmChart
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    values: Mapping[str, Any] = field(default_factory=dict)
    http_port: int = 80
    https_port: int = 443
    images: ImageRegistry | None = None
    vip_cidr: str | None = None
    timeout_minutes: int = 10


class VirtualIp(DynamicResource, module="ingress", name="VirtualIp"):
    """Address of a release's Service, type ``pulumi-python:dynamic/ingress:VirtualIp``."""

    address: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        args: IngressControllerArgs,
        service: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            args: Of the controller.
            service: Chart and values of its Service; a change reads the address again.
            opts: Must depend on the release.
        """
        props = {
            "release": RELEASE,
            "namespace": args.namespace,
            "kubeconfig": args.kubeconfig,
            "network": args.vip_cidr or "",
            "service": service,
            "timeout_minutes": args.timeout_minutes,
            "address": None,
        }
        super().__init__(VirtualIpProvider(), resource_name, props, opts, secrets=["kubeconfig"])


class IngressController(pulumi.ComponentResource):
    """nginx on each node behind an NSX-T virtual IP (type ``rancher-on-pks:ingress:IngressController``).

    Produces a HelmRelease and a VirtualIp, which wait for the pods and the address in parallel. The options
    must name the cluster's Kubernetes provider.

    Attributes:
        vip: The virtual IP.
        https_port: Its port for HTTPS.
        ready: A controller that serves requests.
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
            lines = (f"values of the ingress controller: {problem}" for problem in problems)
            raise pulumi.RunError("\n".join(lines))
        super().__init__("rancher-on-pks:ingress:IngressController", name, None, opts)
        deleted_with = opts.deleted_with if opts else None
        values = ingress_values.values(
            args.values,
            local_chart.name(args.chart.reference) if args.images else args.chart.chart,
            args.chart.version,
            args.images,
            http_port=args.http_port,
            https_port=args.https_port,
        )
        release = HelmRelease(
            name,
            HelmReleaseArgs(
                engine=args.engine,
                chart=args.chart,
                release=RELEASE,
                namespace=args.namespace,
                kubeconfig=args.kubeconfig,
                values=values,
                timeout_minutes=args.timeout_minutes,
            ),
            pulumi.ResourceOptions(parent=self, deleted_with=deleted_with),
        )
        address = VirtualIp(
            f"{name}-vip",
            args,
            {"chart": args.chart.chart, **values["controller"]["service"]},
            pulumi.ResourceOptions(parent=self, deleted_with=deleted_with, depends_on=release.installed),
        )
        self.vip, self.https_port, self.ready = address.address, args.https_port, [release.ready, address]
        self.register_outputs({"vip": self.vip})


@dataclass(frozen=True, kw_only=True)
class RancherIngressArgs:
    """Arguments of :class:`RancherIngress`.

    Attributes:
        namespace: Namespace of Rancher.
        hostname: DNS name of Rancher.
        extra_hostnames: Further names that lead to Rancher.
        tls_secret_name: ``kubernetes.io/tls`` Secret in the namespace, with the certificate of the name.
        kubernetes_version: ``major.minor``; before 1.19 the API version is extensions/v1beta1.
    """

    namespace: pulumi.Input[str]
    hostname: str
    tls_secret_name: str
    kubernetes_version: str
    extra_hostnames: tuple[str, ...] = ()


class RancherIngress(pulumi.CustomResource):
    """A Kubernetes ``Ingress`` for Rancher's host name, in place of the chart's own.

    The API version is the one of the cluster; an alias keeps the Ingress when it changes.
    """

    def __init__(
        self, name: str, args: RancherIngressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it; the options must name the cluster's Kubernetes provider."""
        version = rancher_ingress.api_version(args.kubernetes_version)
        other = rancher_ingress.other_version(version)
        inputs = rancher_ingress.manifest(
            version, args.namespace, [args.hostname, *args.extra_hostnames], args.tls_secret_name
        )
        alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_=f"kubernetes:{other}:Ingress")])
        super().__init__(
            f"kubernetes:{version}:Ingress", name, inputs, pulumi.ResourceOptions.merge(opts, alias)
        )
