"""The stack's own outputs of the last update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.runtime.waiting import QUICK, wait

_SECONDS = 5.0
_HALF_WRITTEN = "failed to load checkpoint"


def own_outputs() -> Mapping[str, Any]:
    """The outputs; empty before the first update.

    They are read by a call and not by a StackReference: each refresh would find its recorded outputs changed.

    Raises:
        Exception: They cannot be read.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"

    def poll() -> tuple[str, Mapping[str, Any] | None]:
        try:
            found = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value
        except Exception as error:
            # The engine writes the checkpoint while the program runs; a file backend may return half of it.
            if _HALF_WRITTEN not in str(error):
                raise
            return str(error), None
        outputs: Mapping[str, Any] = (found or {}).get("outputs", {})
        return "read", outputs

    return wait(
        f"outputs of stack {stack}", poll, timeout=_SECONDS, resume="Run the command again", pace=QUICK
    )
