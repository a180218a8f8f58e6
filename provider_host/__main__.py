"""Runs the SDK's host of dynamic providers; the arguments are the engine's."""

from __future__ import annotations

import runpy

import dill

from components.runtime import engine_link
from components.runtime.private_files import sweep
from provider_host.known import load

engine_link.attach()
sweep()
dill.loads = load
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
