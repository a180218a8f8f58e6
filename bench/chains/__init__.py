"""Certificate chains for comparisons: a plan of plain data, drawn at random, and the PEM that it describes.

A plan can be stored as JSON, built again, and shrunk: what is left out of it has its ordinary value.
"""

from __future__ import annotations

from bench.chains.certificate import NOW
from bench.chains.files import HOST, Files, build, make_all
from bench.chains.plans import draw
from bench.chains.rewriting import Plan
from bench.chains.shrinking import shrink

__all__ = ["HOST", "NOW", "Files", "Plan", "build", "draw", "make_all", "shrink"]
