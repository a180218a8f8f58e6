"""``PodNetwork``: the figures of the pod network and of the plan for it, as the policies judge them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from capacity.model.figures import LIVE, without_use
from components.runtime.provider import Properties, Provider


class PodNetworkProvider(Provider):
    """Keeps the figures; nothing is created from them."""

    updates = ("figures", "source", "measured_at")

    def identity(self, properties: Properties) -> str:
        del properties
        return "pod-network"

    def changed(self, before: Properties, wanted: Properties, names: Iterable[str]) -> list[str]:
        """What others use changes all the time: as long as it is live, that is not a change of this stack."""
        if before.get("source") == wanted.get("source") == LIVE:
            before, wanted = (
                {**item, "figures": without_use(item.get("figures"))} for item in (before, wanted)
            )
        return super().changed(before, wanted, names)


class PodNetwork(Resource, module="capacity", name="PodNetwork"):
    """The figures, type ``pulumi-python:dynamic/capacity:PodNetwork``. All inputs are known at preview."""

    def __init__(
        self,
        resource_name: str,
        *,
        figures: pulumi.Input[Mapping[str, Any]],
        source: pulumi.Input[str],
        measured_at: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            figures: Document of ``capacity.model.figures``.
            source: Where the figures of others come from: ``configured``, ``nsx-t`` or ``server``.
            measured_at: Day of configured figures; empty when unknown.
            opts: Anything that must wait for the policies depends on this resource.
        """
        props = {"figures": figures, "source": source, "measured_at": measured_at}
        super().__init__(PodNetworkProvider(), resource_name, props, opts)
