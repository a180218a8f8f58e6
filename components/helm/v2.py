"""Releases by Helm v2: its CLI, run by a ``pulumi_command.local.Command`` (see ``helm2.py``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local

from components.helm.content import Content
from components.helm.tiller import Tiller


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


def run(
    name: str,
    *,
    job: Mapping[str, Any],
    secrets: Mapping[str, pulumi.Input[str]],
    change: str,
    delete: str,
    opts: pulumi.ResourceOptions,
    triggers: list[pulumi.Input[Any]] | None = None,
) -> local.Command:
    """Declare a command that runs ``components.helm.helm2``.

    Args:
        name: The resource's name in the stack.
        job: What ``helm2.Job`` takes; shown at preview as far as it is no secret.
        secrets: What ``helm2.Secrets`` takes.
        change: Action at creation and at every change.
        delete: Action at deletion.
        opts: Options.
        triggers: What cannot be changed in place.
    """
    hidden: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(dict(secrets)))
    return local.Command(
        name,
        interpreter=[_python(), "-m", "components.helm.helm2"],
        create=change,
        update=change,
        delete=delete,
        environment={"HELM2_JOB": pulumi.Output.json_dumps(dict(job), sort_keys=True)},
        stdin=hidden,
        triggers=triggers,
        logging=local.Logging.STDERR,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                # The digest in stdout is one of the values.
                additional_secret_outputs=["stdin", "stdout"],
                delete_before_replace=True,
            ),
        ),
    )


def _python() -> str:
    """This interpreter, named so that a checkout in another place has the same state."""
    python, here = Path(sys.executable), Path.cwd()
    return str(python.relative_to(here)) if python.is_relative_to(here) else str(python)
