"""``Server``: Rancher as the fleet needs it, seen before any site is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, Provider, changed, plain
from fleet.session import ACCESS, learn, session


class ServerProvider(Provider):
    """Asks Rancher when the access to it is new: one error in place of one for each site."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        learn(plain(_news))
        return DiffResult(changes=bool(changed(_olds, _news, [*ACCESS])))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("server", _checked(plain(props)))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_checked(plain(_news)))


class Server(Resource, module="fleet", name="Server"):
    """A Rancher that takes sites, type ``pulumi-python:dynamic/fleet:Server``."""

    def __init__(
        self,
        resource_name: str,
        *,
        access: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            access: How Rancher is reached (``fleet.session.inputs``).
            opts: Every site must depend on this.
        """
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(
            ServerProvider(), resource_name, {**access}, pulumi.ResourceOptions.merge(opts, secret)
        )


def _checked(wanted: Properties) -> Properties:
    login = session(wanted)
    url = login.call("GET", "/v3/settings/server-url").get("value")
    if url != login.url:
        raise ProviderError(
            f"Rancher's server-url is {url or 'not set'}, and agents would be told so; the server's stack "
            f"has {login.url}. Run `pulumi up` in that stack (with rancherBootstrap), and then here"
        )
    return wanted
