"""Base of the dynamic resources: what is secret is marked in one place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.runtime.provider import Provider


class DynamicResource(Resource):
    """A resource of a dynamic provider; its subclass declares ``module`` and ``name`` of its type."""

    def __init__(
        self,
        provider: Provider,
        name: str,
        properties: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        *,
        secrets: Collection[str] = (),
    ) -> None:
        """Declare the resource.

        Args:
            provider: Has no state: only its class is stored.
            name: Name in the stack.
            properties: Inputs; an output is None.
            opts: Options.
            secrets: Inputs and outputs that are encrypted in the state and masked in the engine's output.
        """
        given = [item for item in secrets if properties[item] is not None]
        props = {**properties, **{item: pulumi.Output.secret(properties[item]) for item in given}}
        options = pulumi.ResourceOptions(additional_secret_outputs=list(secrets))
        super().__init__(provider, name, props, pulumi.ResourceOptions.merge(opts, options))
