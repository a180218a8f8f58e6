"""The login with which nodes pull images from the image registry."""

from __future__ import annotations

import pulumi

from components.images.pull_secret import PullSecret, PullSecretArgs
from settings import Settings, secret_text


def pull_secret(
    settings: Settings, name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> PullSecret | None:
    """The Secret with the registry's login in a namespace; None if the program makes none."""
    given = settings.images
    registry = given.registry
    if registry is None or not given.makes_pull_secret:
        return None
    args = PullSecretArgs(
        secret_name=registry.pull_secret,
        namespace=namespace,
        host=registry.host,
        username=given.image_pull_secret_username,
        password=secret_text(given.image_pull_secret_password) or "",
    )
    return PullSecret(name, args, opts)
