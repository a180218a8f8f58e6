"""The program's settings: read here and nowhere else, typed, and checked before any resource is declared.

``Pulumi.yaml`` describes the keys. Each section is a module here; ``model`` joins them, ``reading`` gets them
from a stack's config, ``stack_file`` reads a stack's file without the engine.
"""

import console  # noqa: F401 - `python -m settings` without the extra `program` is one sentence
from settings.errors import SettingsError
from settings.model import Settings
from settings.reading import REPORTED, load, parse, refuse
from settings.stack_file import PROJECT
from settings.types import secret_text

__all__ = ["PROJECT", "REPORTED", "Settings", "SettingsError", "load", "parse", "refuse", "secret_text"]
