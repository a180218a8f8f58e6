"""``RancherBootstrap``: Rancher's first login, server URL, API token, and its own cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.rancher.admin import AdminProvider
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.first_login import USER
from components.rancher.local_cluster import LocalClusterProvider
from components.runtime.resource import DynamicResource


@dataclass(frozen=True, kw_only=True)
class RancherBootstrapArgs:
    """A Rancher that answers, and how it is set up.

    Attributes:
        endpoint: Where Rancher is reached; its URL becomes the server URL that agents use.
        version: Rancher's version.
        kubeconfig: Secret; Rancher keeps its first password in the cluster.
        password: Secret. The administrator's.
        telemetry: Whether usage data is sent to the vendor; only before 2.11.
        token_days: Life of the API token; from 2.8 on Rancher grants at most 90.
        renew_days: An ``up`` renews it that many days before its end; less when Rancher grants it a
            shorter life.
        local_timeout_minutes: Longest time until Rancher's own cluster is active.
    """

    endpoint: RancherEndpointArgs
    version: str
    kubeconfig: pulumi.Input[str] = field(repr=False)
    password: pulumi.Input[str] = field(repr=False)
    telemetry: Literal["in", "out"] = "out"
    token_days: int = 90
    renew_days: int = 30
    local_timeout_minutes: int = 10


class Admin(DynamicResource, module="rancher", name="Admin"):
    """Rancher after its first start, type ``pulumi-python:dynamic/rancher:Admin``.

    Attributes:
        token: API token. Secret.
        token_expires: When it expires, ISO 8601 in UTC.
    """

    token: pulumi.Output[str]
    token_expires: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        args: RancherBootstrapArgs,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the resource; ``opts`` must depend on a Rancher that answers."""
        props = {
            "endpoint": args.endpoint.inputs(),
            "version": args.version,
            "kubeconfig": args.kubeconfig,
            "password": args.password,
            "server_url": args.endpoint.url,
            "telemetry": args.telemetry,
            "token_days": args.token_days,
            "renew_days": args.renew_days,
            # Rancher lists the stack's tokens and sessions under it.
            "description": f"rancher-on-pks {pulumi.get_project()}/{pulumi.get_stack()}",
            **dict.fromkeys(("token", "token_name", "token_expires", "token_life_days")),
        }
        secrets = ("kubeconfig", "password", "token")
        super().__init__(AdminProvider(), resource_name, props, opts, secrets=secrets)


class LocalCluster(DynamicResource, module="rancher", name="LocalCluster"):
    """Rancher's cluster ``local``, active; type ``pulumi-python:dynamic/rancher:LocalCluster``.

    Attributes:
        state: Its state in Rancher, ``active``.
    """

    state: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        args: RancherBootstrapArgs,
        token: pulumi.Output[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the resource; the secret token must come from what sets the server URL."""
        props = {
            "endpoint": args.endpoint.inputs(),
            "token": token,
            "server_url": args.endpoint.url,
            "timeout_minutes": args.local_timeout_minutes,
            "state": None,
        }
        super().__init__(LocalClusterProvider(), resource_name, props, opts, secrets=["token"])


class RancherBootstrap(pulumi.ComponentResource):
    """Rancher's first start, by hand done in the browser (type ``rancher-on-pks:rancher:RancherBootstrap``).

    Produces an Admin and a LocalCluster.

    Attributes:
        user: Name of the administrator.
        password: Secret.
        token: Secret. An API token of the administrator.
        token_expires: When it expires, ISO 8601 in UTC.
        local_state: State of the cluster ``local``.
        ready: Depend on it for a Rancher that accepts clusters.
    """

    user: str
    password: pulumi.Output[str]
    token: pulumi.Output[str]
    token_expires: pulumi.Output[str]
    local_state: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]

    def __init__(
        self, name: str, args: RancherBootstrapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the component; ``opts`` must depend on a Rancher that answers."""
        super().__init__("rancher-on-pks:rancher:RancherBootstrap", name, None, opts)
        child_opts = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        self.user = USER
        self.password = pulumi.Output.secret(args.password)
        admin = Admin(f"{name}-admin", args, child_opts)
        local = LocalCluster(f"{name}-local", args, admin.token, child_opts)
        self.token, self.token_expires = admin.token, admin.token_expires
        self.local_state, self.ready = local.state, [admin, local]
        self.register_outputs({"tokenExpires": self.token_expires, "localState": self.local_state})
