"""Releases by Helm v2."""

from __future__ import annotations

import json

import pulumi

from components.helm.content import Content
from components.helm.v2.runner import run
from components.helm.v2.tiller import Tiller


def install(
    name: str, content: Content, tiller: Tiller, timeout_minutes: int, opts: pulumi.ResourceOptions
) -> tuple[pulumi.CustomResource, pulumi.Output[str]]:
    """Declare the release; also returns a text that names its revision.

    It is no number: what waits for the release is to act again when Helm 3 takes it over as its revision 1.
    """
    chart = content.chart
    reference = chart.args.reference
    job = {
        **tiller.job,
        "release": content.release,
        "namespace": content.namespace,
        "chart": reference.chart,
        "version": chart.version,
        "repository": "" if reference.is_local else reference.repository,
        "ca_file": chart.args.ca_file or "",
        "username": chart.args.username,
        "values": content.values,
        "timeout_minutes": timeout_minutes,
    }
    command = run(
        name,
        job=job,
        secrets={"kubeconfig": tiller.kubeconfig, "password": chart.args.password or ""},
        change="apply",
        delete="delete",
        triggers=[content.release, content.namespace],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=tiller.ready)),
    )
    revision = command.stdout.apply(lambda text: f"tiller-{json.loads(text)['revision']}")
    return command, pulumi.Output.unsecret(revision)
