"""``RancherServer``: Rancher's chart, installed as the article does it, until Rancher answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.helm.chart import HelmChart
from components.helm.engine import HelmEngine
from components.helm.release import HelmRelease, HelmReleaseArgs
from components.kubernetes.deleted_object import DeletedObject
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.endpoint_check import EndpointCheck
from components.rancher.upgrade_check import UpgradeCheckProvider
from components.runtime.resource import DynamicResource
from domain import rancher_values
from domain.images import ImageRegistry
from domain.rancher_ingress import api_version
from domain.rancher_releases import Release, release
from domain.rancher_upgrades import pinned_webhook

RELEASE = "rancher"
"""Name of the Helm release; with it the chart names its Deployment, Service and Ingress just ``rancher``."""

_CA_VARIABLE = "RANCHER_ON_PKS_CA_SHA256"


@dataclass(frozen=True, kw_only=True)
class RancherServerArgs:
    """Inputs of :class:`RancherServer`.

    Attributes:
        engine: Installs the chart.
        chart: Rancher's chart; its version is Rancher's.
        endpoint: Where Rancher is reached; its CA bundle is what Rancher's clients must trust.
        namespace: Namespace that exists and holds Secret ``tls-ca``: ``cattle-system``.
        kubeconfig: Secret.
        private_ca: Whether agents must trust the CA bundle; False only with a certificate of a public CA.
        replicas: Pods of Rancher.
        values: The user's values for the chart; they override the program's unless they conflict with the
            design.
        images: Registry of all images, also of those that Rancher starts later; None: those that the chart
            names.
        check_upgrades: Whether unsupported changes of a deployed Rancher are errors; otherwise they are
            warnings.
        timeout_minutes: Longest time until the pods are ready, and until Rancher answers.
        triggers: Values whose change makes Rancher's answers be checked again.
    """

    engine: HelmEngine
    chart: HelmChart
    endpoint: RancherEndpointArgs
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str] = field(repr=False)
    private_ca: bool = True
    replicas: int = 3
    values: Mapping[str, Any] = field(default_factory=dict)
    images: ImageRegistry | None = None
    check_upgrades: bool = True
    timeout_minutes: int = 20
    triggers: tuple[pulumi.Input[Any], ...] = ()


class UpgradeCheck(DynamicResource, module="rancher", name="UpgradeCheck"):
    """A supported change of Rancher, type ``pulumi-python:dynamic/rancher:UpgradeCheck``."""

    def __init__(self, resource_name: str, args: RancherServerArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare the resource; the Helm release must depend on it.

        The kubeconfig identifies the cluster: on another one, Rancher is installed, not changed.
        """
        ca_bundle = pulumi.Output.from_input(args.endpoint.ca_bundle if args.private_ca else "")
        props = {
            "version": args.chart.version,
            "ca_sha256": ca_bundle.apply(lambda text: _sha256(text) if text else ""),
            "webhook": pinned_webhook(args.values),
            "kubeconfig": args.kubeconfig,
            "enabled": args.check_upgrades,
        }
        super().__init__(UpgradeCheckProvider(), resource_name, props, opts, secrets=["kubeconfig"])


class RancherServer(pulumi.ComponentResource):
    """Rancher, reached through the virtual IP (type ``rancher-on-pks:rancher:RancherServer``).

    Produces an UpgradeCheck, a HelmRelease, an EndpointCheck and, for charts that always create an Ingress
    of their own, a DeletedObject. The options must name the cluster's Kubernetes provider.

    Attributes:
        url: URL of Rancher.
        version: Version of Rancher.
        revision: Changes with each change of the Helm release.
        ready: Depend on it for a Rancher that answers.
    """

    url: pulumi.Output[str]
    version: pulumi.Output[str]
    revision: pulumi.Output[Any]
    ready: pulumi.Resource

    def __init__(
        self, name: str, args: RancherServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the component.

        Raises:
            RunError: Rancher's version does not run on the cluster, or the user's values conflict with the
                design.
        """
        chosen = release(args.chart.version)
        design: dict[str, Any] = {
            "hostname": args.endpoint.hostname,
            "replicas": args.replicas,
            "private_ca": args.private_ca,
        }
        found = list(chosen.findings(args.chart.kubernetes_version))
        errors = [item.text for item in found if item.severity == "error"]
        wrong_values = rancher_values.findings(args.values, chosen, **design)
        errors += [f"values of Rancher: {item}" for item in wrong_values]
        if errors:
            raise pulumi.RunError("\n".join(errors))
        super().__init__("rancher-on-pks:rancher:RancherServer", name, None, opts)
        for doubt in (*found, *rancher_values.image_doubts(chosen, args.images)):
            pulumi.log.warn(doubt.text, resource=self)
        child_opts = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        upgrade_check = UpgradeCheck(f"{name}-upgrade", args, child_opts)
        installed = HelmRelease(
            name,
            HelmReleaseArgs(
                engine=args.engine,
                chart=args.chart,
                release=RELEASE,
                namespace=args.namespace,
                kubeconfig=args.kubeconfig,
                values=_values(args, chosen, **design),
                timeout_minutes=args.timeout_minutes,
            ),
            pulumi.ResourceOptions.merge(child_opts, pulumi.ResourceOptions(depends_on=upgrade_check)),
        )
        depends_on = [installed.ready]
        if not chosen.has_ingress_switch:
            depends_on.append(_chart_ingress(name, args, installed, child_opts))
        self.ready = EndpointCheck(
            f"{name}-ping",
            endpoint=args.endpoint,
            expect="rancher",
            timeout_minutes=args.timeout_minutes,
            triggers=[installed.revision, *args.triggers],
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )
        self.url = pulumi.Output.from_input(args.endpoint.url)
        self.version = pulumi.Output.from_input(args.chart.version)
        self.revision = installed.revision
        self.register_outputs({"url": self.url, "version": self.version})


def _values(args: RancherServerArgs, chosen: Release, **design: Any) -> dict[str, Any]:
    """The program's values with the user's merged into them.

    Rancher reads the CA in Secret ``tls-ca`` when it starts: the bundle's checksum in the pods' environment
    makes a new CA restart them, but not a new certificate from the same CA.
    """
    values = rancher_values.values(args.values, chosen, args.images, **design)
    checksum = pulumi.Output.from_input(args.endpoint.ca_bundle).apply(_sha256)
    return {**values, "extraEnv": [{"name": _CA_VARIABLE, "value": checksum}, *values.get("extraEnv", [])]}


def _chart_ingress(
    name: str, args: RancherServerArgs, installed: HelmRelease, child_opts: pulumi.ResourceOptions
) -> DeletedObject:
    """The chart's own Ingress, deleted whenever a change of the release has created it again."""
    path = pulumi.Output.format(
        "/apis/{0}/namespaces/{1}/ingresses/{2}",
        api_version(args.chart.kubernetes_version),
        args.namespace,
        RELEASE,
    )
    return DeletedObject(
        f"{name}-chart-ingress",
        path=path,
        creator=installed.revision,
        kubeconfig=args.kubeconfig,
        opts=pulumi.ResourceOptions.merge(child_opts, pulumi.ResourceOptions(depends_on=installed.installed)),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
