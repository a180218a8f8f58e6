"""``RancherEndpoint``: where Rancher is reached, as one input of every resource that talks to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pulumi

from components.runtime import tls
from components.runtime.http import Server

_HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class RancherEndpointArgs:
    """Where Rancher is reached, as the program knows it.

    Attributes:
        address: The virtual IP; the host name need not resolve.
        port: Its port for HTTPS.
        hostname: Rancher's DNS name: sent as SNI and Host, and verified in the certificate.
        ca_bundle: PEM of the CAs to trust, and no others.
    """

    address: pulumi.Input[str]
    port: int
    hostname: str
    ca_bundle: pulumi.Input[str]

    @property
    def url(self) -> str:
        """URL of Rancher."""
        return f"https://{self.hostname}" + (f":{self.port}" if self.port != _HTTPS else "")

    def inputs(self) -> dict[str, Any]:
        """The value of a resource's input ``endpoint``."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, kw_only=True)
class RancherEndpoint(RancherEndpointArgs):
    """Where Rancher is reached, with every value known."""

    address: str
    ca_bundle: str

    @classmethod
    def of(cls, endpoint: Mapping[str, Any]) -> RancherEndpoint:
        """The endpoint of a resource's input ``endpoint``; other entries of it are ignored."""
        return cls(**{item.name: endpoint[item.name] for item in fields(cls)})

    def server(self) -> Server:
        """The endpoint for ``HttpClient``.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        return Server(
            name=f"Rancher at {self.hostname}",
            url=self.url,
            trust=tls.trust_only(self.ca_bundle),
            address=self.address,
        )

    def __str__(self) -> str:
        """For messages."""
        return f"{self.url} at {self.address}:{self.port}"
