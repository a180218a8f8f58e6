"""Tools that need no build because the machine has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from lab.recipes import ENGINE, KUBERNETES_PLUGIN, LANGUAGE_HOST, Recipe

_VERSION = {"pulumi": "version", "pulumi-language-python": "-version"}
"""Argument that makes a command print its version; ``--version`` of the others."""


def present(recipes: Iterable[Recipe], cache: Path) -> dict[Recipe, Path]:
    """Returns the recipes that need no build, and the first command of each.

    All commands of a recipe must be on PATH, and at least as new as what would be built. Results of earlier
    builds in ``cache``, and what a lab has of its own, do not count: a shell of the lab has both on its PATH,
    and the lab's Pulumi home. A language host counts only with an engine; a resource plugin also if it is
    installed in Pulumi's home.
    """
    if os.environ.get("LAB_BUILD_ALL") == "1":
        return {}
    directories = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(name for name in directories if name and not _is_ours(Path(name), cache))
    found: dict[Recipe, Path] = {}
    kept = (recipe for recipe in recipes if recipe.kind != "on demand")
    for recipe in sorted(kept, key=lambda recipe: recipe != ENGINE):
        places = [shutil.which(command, path=path) for command in recipe.commands]
        if recipe == LANGUAGE_HOST and ENGINE not in found:
            continue
        if recipe == KUBERNETES_PLUGIN:
            plugin = installed_plugin("kubernetes")
            if plugin.exists() and not _is_ours(plugin, cache):
                places = [str(plugin)]
        if all(place and _new_enough(recipe, place) for place in places):
            found[recipe] = Path(str(places[0]))
    return found


def installed_plugin(name: str) -> Path:
    """Returns where the user's Pulumi home has the plugin of the installed SDK of this name, if it does."""
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    command = f"pulumi-resource-{name}"
    return home / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi_{name}')}" / command


def _is_ours(place: Path, cache: Path) -> bool:
    """Whether a build or the lab of this shell has put it there."""
    found = place.resolve()
    home = os.environ.get("LAB_HOME")
    return found.is_relative_to(cache.resolve()) or bool(home and found.is_relative_to(Path(home).resolve()))


def _new_enough(recipe: Recipe, place: str) -> bool:
    """Whether the command has at least the version, major and minor, that the recipe would build."""
    if recipe == KUBERNETES_PLUGIN:
        return True  # the engine takes any version on PATH
    if not recipe.release:
        return False
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command = [place, _VERSION.get(Path(place).name, "--version")]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = _numbers(done.stdout) if done.returncode == 0 else None
    wanted = _numbers(recipe.version(recipe.release))
    return version is not None and wanted is not None and version >= wanted


def _numbers(text: str) -> tuple[int, int] | None:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
