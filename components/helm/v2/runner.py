"""Helm v2's CLI, run by a ``pulumi_command.local.Command`` through ``helm2.py``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local


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
    """Declare a command that runs ``components.helm.v2.actions``.

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
        interpreter=[_python(), "-m", "components.helm.v2.actions"],
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
