"""Ends a Pulumi program with one sentence when its packages are not installed: import it before them."""

from __future__ import annotations

import importlib.util
import sys

import console

_REPORTED = 32
"""The language host's exit code for an error that is already reported."""
_PACKAGES = ("cryptography", "dns", "httpx", "pydantic", "tenacity", "yaml")

for _package in _PACKAGES:
    if importlib.util.find_spec(_package) is None:
        print(console.missing(ModuleNotFoundError(name=_package)), file=sys.stderr)
        sys.exit(_REPORTED)
