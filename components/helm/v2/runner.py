"""Declares the stack's commands that run ``components.helm.v2.actions``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local

from components.helm.v2.task import VARIABLE


def run(
    name: str,
    *,
    task: Mapping[str, Any],
    credentials: Mapping[str, pulumi.Input[str]],
    change: str,
    delete: str,
    opts: pulumi.ResourceOptions,
    triggers: list[pulumi.Input[Any]] | None = None,
) -> local.Command:
    """Declares a command.

    Args:
        name: Name of the resource in the stack.
        task: Fields of ``HelmTask``, shown at preview.
        credentials: Fields of ``TaskCredentials``.
        change: Action at creation and at each change.
        delete: Action at deletion.
        opts: Options.
        triggers: Values whose change replaces the resource.
    """
    hidden: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(dict(credentials)))
    return local.Command(
        name,
        interpreter=[_python(), "-m", "components.helm.v2.actions"],
        create=change,
        update=change,
        delete=delete,
        environment={VARIABLE: pulumi.Output.json_dumps(dict(task), sort_keys=True)},
        stdin=hidden,
        triggers=triggers,
        logging=local.Logging.STDERR,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                # The digest in stdout covers secret values.
                additional_secret_outputs=["stdin", "stdout"],
                delete_before_replace=True,
            ),
        ),
    )


def _python() -> str:
    """This interpreter, relative to the program, so that the state does not depend on its location."""
    python, here = Path(sys.executable), Path.cwd()
    return str(python.relative_to(here)) if python.is_relative_to(here) else str(python)
