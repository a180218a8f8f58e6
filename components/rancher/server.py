"""``RancherServer``: Rancher's chart, installed the way the article does it, until it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm import HelmChart, HelmEngine, HelmRelease, HelmReleaseArgs
from components.kubernetes.deleted_object import DeletedObject
from components.kubernetes.objects import ingress_api
from components.rancher.endpoint_check import Check
from domain import rancher_releases as compatibility
from domain import rancher_values as values

RELEASE = "rancher"
"""Name of the Helm release; with it the chart names its Deployment, Service and Ingress just ``rancher``."""


@dataclass(frozen=True, kw_only=True)
class RancherServerArgs:
    """What :class:`RancherServer` needs.

    Attributes:
        engine: Installs the chart.
        chart: Rancher's chart; its version is Rancher's.
        hostname: DNS name of Rancher.
        namespace: Namespace that exists and holds Secret ``tls-ca``: ``cattle-system``.
        kubeconfig: Secret.
        vip: Virtual IP that the host name leads to.
        https_port: Its port for HTTPS.
        ca_bundle: PEM of the CAs that Rancher's clients have to trust.
        private_ca: Whether agents have to be told of them; False only with a certificate of a public CA.
        replicas: Pods of Rancher.
        values: The user's values for the chart; they win over the program's, but not against the design.
        timeout_minutes: Longest time until the pods are ready, and until Rancher answers.
        triggers: Values whose change makes Rancher's answers be checked again.
    """

    engine: HelmEngine
    chart: HelmChart
    hostname: str
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    vip: pulumi.Input[str]
    https_port: int = 443
    ca_bundle: pulumi.Input[str]
    private_ca: bool = True
    replicas: int = 3
    values: Mapping[str, Any] = field(default_factory=dict)
    timeout_minutes: int = 20
    triggers: tuple[pulumi.Input[Any], ...] = ()


class RancherServer(pulumi.ComponentResource):
    """Rancher, reached through the virtual IP (type ``rancher-on-pks:rancher:RancherServer``).

    Produces a HelmRelease, an endpoint Check and, for charts that always make an Ingress of their own, an
    Absent that deletes it. The options must name the cluster's Kubernetes provider.

    Attributes:
        url: URL of Rancher.
        version: Version of Rancher.
        revision: Another one after each change of the Helm release.
        ready: Depend on it for a Rancher that answers.
    """

    url: pulumi.Output[str]
    version: pulumi.Output[str]
    revision: pulumi.Output[Any]
    ready: pulumi.Resource

    def __init__(
        self, name: str, args: RancherServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it.

        Raises:
            RunError: Rancher's version is not for the cluster's, or the user's values would break the design.
        """
        version, kubernetes = args.chart.args.version, args.chart.args.kubernetes_version
        if mismatch := compatibility.problem(version, kubernetes):
            raise pulumi.RunError(mismatch)
        design: dict[str, Any] = {
            "hostname": args.hostname,
            "replicas": args.replicas,
            "private_ca": args.private_ca,
        }
        if problems := values.problems(args.values, version, **design):
            raise pulumi.RunError("\n".join(f"values of Rancher: {text}" for text in problems))
        super().__init__("rancher-on-pks:rancher:RancherServer", name, None, opts)
        if doubt := compatibility.doubt(version, kubernetes):
            pulumi.log.warn(doubt, resource=self)
        deleted_with = opts.deleted_with if opts else None
        ca_bundle = pulumi.Output.from_input(args.ca_bundle)
        release = HelmRelease(
            name,
            HelmReleaseArgs(
                engine=args.engine,
                chart=args.chart,
                release=RELEASE,
                namespace=args.namespace,
                kubeconfig=args.kubeconfig,
                values=values.combine(
                    values.defaults(version, **design), args.values, ca_bundle.apply(_sha256)
                ),
                timeout_minutes=args.timeout_minutes,
            ),
            pulumi.ResourceOptions(parent=self, deleted_with=deleted_with),
        )
        done = [release.ready]
        if not compatibility.has_ingress_switch(version):
            path = pulumi.Output.format(
                "/apis/{0}/namespaces/{1}/ingresses/{2}", ingress_api(kubernetes), args.namespace, RELEASE
            )
            done.append(
                DeletedObject(
                    f"{name}-chart-ingress",
                    path=path,
                    creator=release.revision,
                    kubeconfig=args.kubeconfig,
                    opts=pulumi.ResourceOptions(
                        parent=self, deleted_with=deleted_with, depends_on=release.installed
                    ),
                )
            )
        self.ready = Check(
            f"{name}-ping",
            address=args.vip,
            port=args.https_port,
            hostname=args.hostname,
            ca_bundle=ca_bundle,
            expect="rancher",
            timeout_minutes=args.timeout_minutes,
            triggers=[release.revision, *args.triggers],
            opts=pulumi.ResourceOptions(parent=self, depends_on=done),
        )
        port = "" if args.https_port == 443 else f":{args.https_port}"
        self.url = pulumi.Output.from_input(f"https://{args.hostname}{port}")
        self.version = args.chart.version
        self.revision = release.revision
        self.register_outputs({"url": self.url, "version": self.version})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
