"""``RancherEndpoint``: where Rancher is reached, as one input of every resource that talks to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
        return url_of(self.hostname, self.port)

    def inputs(self) -> dict[str, pulumi.Input[Any]]:
        """The value of a resource's input ``endpoint``."""
        return {
            "address": self.address,
            "port": self.port,
            "hostname": self.hostname,
            "ca_bundle": self.ca_bundle,
        }


@dataclass(frozen=True, kw_only=True)
class RancherEndpoint:
    """Where Rancher is reached, with every value known. See ``RancherEndpointArgs``."""

    address: str
    port: int
    hostname: str
    ca_bundle: str

    @classmethod
    def of(cls, endpoint: Mapping[str, Any]) -> RancherEndpoint:
        """The endpoint of a resource's input ``endpoint``; other entries of it are ignored."""
        return cls(
            address=endpoint["address"],
            port=int(endpoint["port"]),
            hostname=endpoint["hostname"],
            ca_bundle=endpoint["ca_bundle"],
        )

    @property
    def url(self) -> str:
        """URL of Rancher."""
        return url_of(self.hostname, self.port)

    def server(self, name: str = "") -> Server:
        """The endpoint for ``HttpClient``.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        return Server(
            name=name or f"Rancher at {self.hostname}",
            url=self.url,
            trust=tls.trust_only(self.ca_bundle),
            address=self.address,
        )

    def __str__(self) -> str:
        """For messages."""
        return f"{self.url} at {self.address}:{self.port}"

    def document(self) -> dict[str, Any]:
        """The value of a resource's input ``endpoint``."""
        return asdict(self)


def url_of(hostname: str, port: int) -> str:
    """URL of an HTTPS server."""
    return f"https://{hostname}" if port == _HTTPS else f"https://{hostname}:{port}"
