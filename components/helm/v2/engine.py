"""``Helm2``: installs releases with Helm v2, through Tiller."""

from __future__ import annotations

import json
from typing import Any

import pulumi

from components.helm.engine import HelmEngine, ReleaseSpec
from components.helm.v2.runner import run
from components.helm.v2.tiller import Tiller


class Helm2(HelmEngine):
    """Helm v2."""

    def __init__(self, tiller: Tiller) -> None:
        """Make the engine."""
        self._tiller = tiller

    def install(
        self, name: str, spec: ReleaseSpec, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.CustomResource, pulumi.Output[Any]]:
        """The revision is ``tiller-<number>``: it differs from Helm 3's revision 1 after a migration."""
        chart, tiller = spec.chart, self._tiller
        reference = chart.reference
        task = {
            **tiller.task,
            "release": spec.release,
            "namespace": spec.namespace,
            "chart": reference.chart,
            "version": chart.version,
            "repository": chart.repository_input,
            "ca_file": chart.ca_file or "",
            "username": chart.username,
            "values": spec.values,
            "timeout_minutes": spec.timeout_minutes,
        }
        command = run(
            name,
            task=task,
            credentials={"kubeconfig": tiller.kubeconfig, "password": chart.login_password or ""},
            change="apply",
            delete="delete",
            triggers=[spec.release, spec.namespace],
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=tiller.ready)),
        )
        revision = command.stdout.apply(lambda text: f"tiller-{json.loads(text)['revision']}")
        return command, pulumi.Output.unsecret(revision)
