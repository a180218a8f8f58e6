"""Steps 5 and 6: Rancher, three replicas behind the virtual IP, and its first start."""

from __future__ import annotations

import pulumi

from components.helm import Tiller
from components.rancher import RancherBootstrap, RancherBootstrapArgs, RancherServer, RancherServerArgs
from settings import Settings, secret_text
from steps.cluster import Inside
from steps.ingress import Endpoint
from steps.preflight import Checks


def rancher(
    settings: Settings,
    checks: Checks,
    inside: Inside,
    endpoint: Endpoint,
    tiller: Tiller | None,
) -> RancherServer:
    """Rancher's chart, until it answers."""
    return RancherServer(
        "rancher-server",
        RancherServerArgs(
            chart=checks.rancher_chart,
            endpoint=endpoint.rancher,
            replicas=settings.rancher_replicas,
            namespace=inside.namespace,
            kubeconfig=inside.cluster.kubeconfig,
            values=settings.rancher_values,
            check_upgrades=settings.rancher_upgrade_check,
            timeout_minutes=settings.rancher_timeout_minutes,
            triggers=(endpoint.certificates.fingerprint,),
            tiller=tiller,
        ),
        pulumi.ResourceOptions.merge(inside.options, pulumi.ResourceOptions(depends_on=endpoint.ready)),
    )


def bootstrap(
    settings: Settings,
    inside: Inside,
    endpoint: Endpoint,
    rancher: RancherServer,
) -> RancherBootstrap | None:
    """First login, server URL, a token, and the cluster ``local``."""
    if not settings.rancher_bootstrap:
        return None
    return RancherBootstrap(
        "rancher-bootstrap",
        RancherBootstrapArgs(
            endpoint=endpoint.rancher,
            version=settings.rancher_version,
            kubeconfig=inside.cluster.kubeconfig,
            password=secret_text(settings.rancher_admin_password),
            telemetry=settings.rancher_telemetry,
            token_days=settings.rancher_token_days,
            renew_days=settings.rancher_token_renew_days,
            local_timeout_minutes=settings.rancher_local_timeout_minutes,
        ),
        pulumi.ResourceOptions(depends_on=rancher.ready, deleted_with=inside.cluster.resource),
    )
