"""The guard in front of everything: a protected stack is destroyed as a whole or not at all."""

from __future__ import annotations

import pulumi
from pulumi.runtime import register_stack_transformation

from components.runtime.guard import DeletionGuard
from settings import Settings
from steps.outputs import Outputs


def declared() -> list[pulumi.Resource]:
    """A list that each resource joins when the program declares it from now on."""
    resources: list[pulumi.Resource] = []
    register_stack_transformation(lambda args: resources.append(args.resource))
    return resources


def guard(settings: Settings, resources: list[pulumi.Resource], outputs: Outputs) -> None:
    """Protect all resources; some are declared only when the outputs are known, such as the DRS rules."""

    def others(_: object) -> list[pulumi.Resource]:
        return [resource for resource in resources if not isinstance(resource, DeletionGuard)]

    DeletionGuard(
        "protectCluster",
        depends_on=pulumi.Output.all(*outputs.values()).apply(others),
        protect=settings.cluster.protect_cluster,
    )
