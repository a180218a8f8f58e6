"""Steps 5 and 6: Rancher, three replicas behind the virtual IP, and its first start."""

from __future__ import annotations

import pulumi

from components.helm.engine import HelmEngine
from components.rancher.bootstrap import RancherBootstrap, RancherBootstrapArgs
from components.rancher.password import Password
from components.rancher.server import RancherServer, RancherServerArgs
from settings import Settings, secret_text
from steps.cluster import InCluster
from steps.ingress import Endpoint
from steps.preflight import Preflight


def password(settings: Settings, preflight: Preflight) -> Password | None:
    """The administrator's password, generated; None if one is configured, and with rancherBootstrap false."""
    wanted = settings.bootstrap
    if not wanted.rancher_bootstrap or wanted.rancher_admin_password:
        return None
    return Password("rancher-password", preflight.options)


def rancher(
    settings: Settings,
    preflight: Preflight,
    in_cluster: InCluster,
    endpoint: Endpoint,
    engine: HelmEngine,
) -> RancherServer:
    """Rancher's release, ready when Rancher answers."""
    wanted = settings.rancher
    return RancherServer(
        "rancher-server",
        RancherServerArgs(
            engine=engine,
            chart=preflight.rancher_chart,
            endpoint=endpoint.rancher,
            replicas=wanted.rancher_replicas,
            namespace=in_cluster.namespace,
            kubeconfig=in_cluster.cluster.kubeconfig,
            values=wanted.rancher_values,
            images=settings.images.registry,
            check_upgrades=wanted.rancher_upgrade_check,
            timeout_minutes=wanted.rancher_timeout_minutes,
            triggers=(endpoint.certificates.fingerprint,),
        ),
        pulumi.ResourceOptions.merge(
            in_cluster.release_options, pulumi.ResourceOptions(depends_on=endpoint.ready)
        ),
    )


def bootstrap(
    settings: Settings,
    in_cluster: InCluster,
    endpoint: Endpoint,
    rancher: RancherServer,
    password: Password | None,
) -> RancherBootstrap | None:
    """First login, server URL, a token, and the cluster ``local``; None with rancherBootstrap false."""
    wanted = settings.bootstrap
    if not wanted.rancher_bootstrap:
        return None
    return RancherBootstrap(
        "rancher-bootstrap",
        RancherBootstrapArgs(
            endpoint=endpoint.rancher,
            version=settings.rancher.rancher_version,
            kubeconfig=in_cluster.cluster.kubeconfig,
            password=password.value if password else secret_text(wanted.rancher_admin_password) or "",
            telemetry=wanted.rancher_telemetry,
            token_days=wanted.rancher_token_days,
            renew_days=wanted.rancher_token_renew_days,
            local_timeout_minutes=wanted.rancher_local_timeout_minutes,
        ),
        pulumi.ResourceOptions(depends_on=rancher.ready, deleted_with=in_cluster.cluster.resource),
    )
