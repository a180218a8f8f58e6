"""``RancherAccess``: how the fleet's resources reach Rancher, from the outputs of the server's stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pulumi

from components.rancher.endpoint import RancherEndpoint
from rancher_on_pks.outputs import RancherStack

REQUIRED = ("cluster_uuid", "ca_bundle", "vip", "rancher_url", "rancher_token", "pod_network")
"""Outputs of the server's stack that the fleet reads."""
_REMEDY = "Run `pulumi up` in that stack, and then here again"


@dataclass(frozen=True, kw_only=True)
class RancherAccess:
    """Access to Rancher, as inputs of each resource.

    The token is an input, and so in the state, because it is a product of the server's stack: ``refresh``
    and ``destroy`` know nothing but the state.

    Attributes:
        endpoint: Document of ``RancherEndpoint``.
        server_uuid: UUID of the cluster that Rancher runs on. Another one means another Rancher, which knows
            nothing of the first one's clusters and users.
        token: API token of an administrator. Secret.
    """

    endpoint: pulumi.Input[dict[str, Any]]
    server_uuid: pulumi.Input[str]
    token: pulumi.Input[str]

    @classmethod
    def from_outputs(cls, server: RancherStack) -> RancherAccess:
        """The access that the server's outputs give."""
        return cls(
            endpoint=pulumi.Output.all(server.rancher_url, server.vip, server.ca_bundle).apply(
                lambda values: _document(*values)
            ),
            server_uuid=server.cluster_uuid,
            token=pulumi.Output.from_input(server.rancher_token or "").apply(_checked_token),
        )

    def inputs(self) -> dict[str, pulumi.Input[Any]]:
        """The inputs ``endpoint``, ``server_uuid`` and ``token`` of a resource."""
        return {
            "endpoint": self.endpoint,
            "server_uuid": self.server_uuid,
            "token": pulumi.Output.secret(self.token),
        }


def _document(url: str, address: str, ca_bundle: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        hostname, port = parts.hostname, parts.port or 443
    except ValueError:
        hostname, port = None, 0
    if not hostname or not url.isprintable() or parts.scheme != "https" or "@" in parts.netloc:
        raise pulumi.RunError(f"the server's output rancherUrl is not a URL of Rancher. {_REMEDY}")
    return RancherEndpoint(address=address, port=port, hostname=hostname, ca_bundle=ca_bundle).inputs()


def _checked_token(token: str) -> str:
    """The token, unless it cannot be sent in a header; errors of HTTP libraries would quote it."""
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise pulumi.RunError(f"the server's output rancherToken is not one line without spaces. {_REMEDY}")
    return token
