"""``Password``: a generated password of Rancher's administrator, kept before Rancher gets it."""

from __future__ import annotations

import secrets
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from components.runtime.provider import Provider

_BYTES = 24


class PasswordProvider(Provider):
    """Makes a password once."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=False)

    def create(self, props: dict[str, Any]) -> CreateResult:  # noqa: ARG002
        return CreateResult("password", {"value": secrets.token_urlsafe(_BYTES)})


class Password(Resource, module="rancher", name="Password"):
    """Type ``pulumi-python:dynamic/rancher:Password``.

    A resource of its own: it is in the state before Rancher gets the password, so that a run that is killed
    in between locks nobody out.
    """

    value: pulumi.Output[str]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(
            PasswordProvider(), resource_name, {"value": None}, pulumi.ResourceOptions.merge(opts, secret)
        )
