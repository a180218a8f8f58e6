"""The program's settings: read here and nowhere else, typed, and checked before any resource is made.

The keys, their meaning and defaults are described in ``Pulumi.yaml``. One module a section; ``model`` joins
them, ``reading`` gets them from a stack's config.
"""

from settings.model import Settings
from settings.problem import Problem, SettingsError
from settings.reading import PROJECT, load, parse
from settings.types import secret_text

__all__ = ["PROJECT", "Problem", "Settings", "SettingsError", "load", "parse", "secret_text"]
