"""``Password``: a generated password for Rancher's administrator, stored before Rancher gets it."""

from __future__ import annotations

import secrets

import pulumi

from components.runtime.provider import Properties, Provider
from components.runtime.resource import DynamicResource

_BYTES = 24


class PasswordProvider(Provider):
    """Generates a password once."""

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        del wanted
        return {"value": before.get("value") or _generated()}

    def identity(self, properties: Properties) -> str:
        del properties
        return "password"


def _generated() -> str:
    """A password that no command takes for a flag: ``-`` is not its first character."""
    while (value := secrets.token_urlsafe(_BYTES)).startswith("-"):
        pass
    return value


class Password(DynamicResource, module="rancher", name="Password"):
    """Type ``pulumi-python:dynamic/rancher:Password``.

    It is a resource of its own so that the password is in the state before Rancher gets it: a run that is
    killed in between locks nobody out. What Rancher runs on should depend on it: then a `pulumi destroy` that
    fails half-way keeps the password of a Rancher that still runs.

    Attributes:
        value: Secret.
    """

    value: pulumi.Output[str]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the resource."""
        super().__init__(PasswordProvider(), resource_name, {"value": None}, opts, secrets=["value"])
