"""How a Pulumi program of the project begins: import this before its packages.

A package that is not installed ends the program with one sentence, the SDK's debug messages stay here, and
Python seldom looks for garbage.
"""

from __future__ import annotations

import gc
import importlib.util
import sys

import console

_REPORTED = 32
"""The language host's exit code for an error that is already reported."""
_PACKAGES = ("cryptography", "dns", "httpx", "pydantic", "tenacity", "yaml")

# What a program makes stays until its end: with the default of 700, looking for garbage is 3 % of a preview.
gc.set_threshold(50_000)
for _package in _PACKAGES:
    if importlib.util.find_spec(_package) is None:
        print(console.missing(ModuleNotFoundError(name=_package)), file=sys.stderr)
        sys.exit(_REPORTED)

import pulumi  # noqa: E402 - after the check of the packages


def _drop(
    msg: str, resource: object = None, stream_id: int | None = None, ephemeral: bool | None = None
) -> None:
    """Sends nothing, in place of ``pulumi.log.debug``."""


# Five messages for each resource, a tenth of a preview (docs/architecture.md): the SDK waits until the engine
# has each one, and without `--debug` the engine drops them all.
if console.log_level() != "DEBUG":
    pulumi.log.debug = _drop
