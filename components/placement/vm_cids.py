"""``VmCids``: which VMs BOSH has for the masters and workers of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.placement.bosh_cli import UnknownDeploymentError, cids
from components.placement.credentials import PlacementProvider
from components.runtime.provider import Properties, changed, plain


class VmCidsProvider(PlacementProvider):
    """Asks BOSH at creation, when the cluster has changed, and at a refresh."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        replaces = changed(_olds, _news, ["deployment"])
        return DiffResult(changes=bool(replaces or changed(_olds, _news, ["triggers"])), replaces=replaces)

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        return CreateResult(str(wanted["deployment"]), self._asked(wanted))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._asked(plain(_news)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        try:
            return ReadResult(id_, self._asked(plain(props)))
        except UnknownDeploymentError:
            return ReadResult("", {})

    def _asked(self, wanted: Properties) -> Properties:
        found = cids(self.bosh(wanted["executable"]), wanted["deployment"])
        return {**wanted, "masters": found["master"], "workers": found["worker"]}


class VmCids(Resource, module="placement", name="VmCids"):
    """CIDs of a cluster's VMs, type ``pulumi-python:dynamic/placement:VmCids``.

    On vSphere a CID (``vm-<guid>``) is the VM's name. BOSH gives a VM that it makes anew another one.
    """

    masters: pulumi.Output[list[str]]
    workers: pulumi.Output[list[str]]

    def __init__(
        self,
        resource_name: str,
        *,
        deployment: pulumi.Input[str],
        executable: str,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            deployment: BOSH deployment, ``service-instance_<uuid>``.
            executable: The ``bosh`` CLI.
            triggers: Values whose change makes BOSH be asked again, such as the number of workers.
            opts: Options.
        """
        props = {
            "deployment": deployment,
            "executable": executable,
            "triggers": list(triggers),
            "masters": None,
            "workers": None,
        }
        super().__init__(VmCidsProvider(), resource_name, props, opts)
