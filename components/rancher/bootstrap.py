"""``RancherBootstrap``: Rancher's first login, server URL, API token, and its own cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.rancher.admin import USER, Admin
from components.rancher.local_cluster import LocalCluster
from components.rancher.password import Password


@dataclass(frozen=True, kw_only=True)
class RancherBootstrapArgs:
    """A Rancher that answers, and what it is to be told.

    Attributes:
        address: The virtual IP.
        port: Its port for HTTPS.
        hostname: Rancher's DNS name.
        ca_bundle: PEM of the CAs to trust.
        version: Rancher's version.
        kubeconfig: Secret; Rancher keeps its first password in the cluster.
        password: Secret. The administrator's; None: one is generated.
        telemetry: Whether usage data is sent to the vendor; only before 2.11.
        token_days: Life of the API token.
        renew_days: It is renewed by an ``up`` so many days before its end.
        local_timeout_minutes: Longest time until Rancher's own cluster is active.
    """

    address: pulumi.Input[str]
    port: int
    hostname: str
    ca_bundle: pulumi.Input[str]
    version: str
    kubeconfig: pulumi.Input[str] = field(repr=False)
    password: pulumi.Input[str] | None = field(default=None, repr=False)
    telemetry: Literal["in", "out"] = "out"
    token_days: int = 90
    renew_days: int = 30
    local_timeout_minutes: int = 10


class RancherBootstrap(pulumi.ComponentResource):
    """Rancher's first start (type ``rancher-on-pks:rancher:RancherBootstrap``), by hand done in the browser.

    Produces a Password unless one is given, an Admin and a LocalCluster.

    Attributes:
        user: Name of the administrator.
        password: Secret.
        token: Secret. An API token of the administrator.
        token_expires: When it ends, ISO 8601 in UTC.
        local_state: State of the cluster ``local``.
        ready: Depend on it for a Rancher that takes clusters.
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
        """Declare it; ``opts`` must depend on a Rancher that answers."""
        super().__init__("rancher-on-pks:rancher:RancherBootstrap", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        port = "" if args.port == 443 else f":{args.port}"
        url = f"https://{args.hostname}{port}"
        self.user = USER
        given = args.password
        password = Password(f"{name}-password", inside).value if given is None else given
        self.password = pulumi.Output.secret(password)
        admin = Admin(
            f"{name}-admin",
            address=args.address,
            port=args.port,
            hostname=args.hostname,
            ca_bundle=args.ca_bundle,
            version=args.version,
            kubeconfig=args.kubeconfig,
            password=self.password,
            server_url=url,
            telemetry=args.telemetry,
            token_days=args.token_days,
            renew_days=args.renew_days,
            opts=inside,
        )
        local = LocalCluster(
            f"{name}-local",
            address=args.address,
            port=args.port,
            hostname=args.hostname,
            ca_bundle=args.ca_bundle,
            version=args.version,
            token=admin.token,
            server_url=url,
            timeout_minutes=args.local_timeout_minutes,
            opts=inside,
        )
        self.token, self.token_expires = admin.token, admin.token_expires
        self.local_state, self.ready = local.state, [admin, local]
        self.register_outputs({"tokenExpires": self.token_expires, "localState": self.local_state})
