"""``RancherConnection``: the Rancher that takes the sites, verified before any site is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import Resource

from components.runtime.errors import ProviderError
from components.runtime.provider import Properties
from fleet.session import ACCESS, FleetProvider

if TYPE_CHECKING:
    from fleet.access import RancherAccess


class RancherConnectionProvider(FleetProvider):
    """Asks Rancher when the access is new: one error instead of one for each site."""

    updates = ACCESS

    def declared(self, wanted: Properties) -> None:
        self.sessions.declare(wanted)

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del before
        session = self.sessions.of(wanted)
        url = session.call("GET", "/v3/settings/server-url").get("value")
        if url != session.url:
            raise ProviderError(
                f"Rancher's server-url is {url or 'not set'}, and agents would connect to it; the server's "
                f"stack has {session.url}. Run `pulumi up` in that stack (with rancherBootstrap), and then "
                "here"
            )
        return {}

    def identity(self, properties: Properties) -> str:
        del properties
        return "rancher"


class RancherConnection(Resource, module="fleet", name="RancherConnection"):
    """A Rancher that takes sites, type ``pulumi-python:dynamic/fleet:RancherConnection``."""

    def __init__(
        self, resource_name: str, *, access: RancherAccess, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            access: Access to Rancher.
            opts: Options. Every other resource of the fleet must depend on this one.
        """
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(
            RancherConnectionProvider(),
            resource_name,
            access.inputs(),
            pulumi.ResourceOptions.merge(opts, secret),
        )
