"""Runs the SDK's host of dynamic providers; the arguments are the engine's."""

from __future__ import annotations

import gc

# The imports make objects that stay: collections of garbage meanwhile are a fifth of this process's start.
gc.disable()

import runpy

import dill

from components.runtime import engine_link
from components.runtime.private_files import sweep
from provider_host.known import load

gc.freeze()
gc.enable()
engine_link.attach()
sweep()
dill.loads = load
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
