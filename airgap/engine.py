"""Pulumi's engine and the resource plugins of the installed SDKs, as ``pulumi install`` puts them here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from airgap import load
from airgap.problem import AirgapError

_COMMANDS = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-analyzer-policy-python",
)
"""What a Python program and its policies need of the engine's directory. Some releases lack some of them."""


@dataclass(frozen=True, order=True)
class Plugin:
    """A resource plugin, in the version that its installed SDK asks for."""

    name: str
    version: str

    @property
    def folder(self) -> str:
        """Its directory in the plugin folder."""
        return f"resource-{self.name}-v{self.version}"

    def files(self, environment: Mapping[str, str]) -> dict[str, Path]:
        """Name to file in its directory here; empty if it is not installed."""
        folder = plugin_folder(environment) / self.folder
        return {path.name: path for path in sorted(folder.glob("*")) if path.is_file()}

    def checksum(self, environment: Mapping[str, str]) -> str:
        """SHA-256 of its executable here; empty if it is not installed."""
        file = self.files(environment).get(f"pulumi-resource-{self.name}")
        return load.sha256(file) if file else ""


def plugins() -> tuple[Plugin, ...]:
    """The plugins that the engine loads: one for each installed SDK."""
    packages = Path(sysconfig.get_path("purelib")).glob("pulumi_*/pulumi-plugin.json")
    described = [json.loads(file.read_text()) for file in packages]
    return tuple(sorted(Plugin(item["name"], item["version"]) for item in described if item.get("resource")))


def plugin_folder(environment: Mapping[str, str]) -> Path:
    """The engine's plugin folder."""
    return Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"


def sdk_version() -> str:
    """Version of Pulumi's SDK; an engine of the same version fits."""
    return metadata.version("pulumi")


def version(path: str | None = None) -> str:
    """Version of the engine on PATH; empty if there is none.

    Args:
        path: As PATH, which is the default.

    Raises:
        AirgapError: It does not run.
    """
    command = shutil.which("pulumi", path=path)
    if command is None:
        return ""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(
        [command, "version"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise AirgapError(f"`{command} version` fails: {done.stderr.strip()}. Install Pulumi again")
    return done.stdout.strip().removeprefix("v")


def commands(path: str | None = None) -> dict[str, Path]:
    """Name to file of the engine's commands, from the directory of ``pulumi``; empty if there is none.

    Args:
        path: As PATH, which is the default.
    """
    found = shutil.which("pulumi", path=path or os.environ.get("PATH"))
    if found is None:
        return {}
    directory = Path(found).resolve().parent
    return {name: directory / name for name in _COMMANDS if (directory / name).is_file()}


def carried(environment: Mapping[str, str]) -> dict[str, Path]:
    """Name in the bundle to file, of the engine and the plugins.

    Raises:
        AirgapError: The engine or a plugin is not on this machine.
    """
    files = {f"pulumi/bin/{name}": path for name, path in commands(environment.get("PATH")).items()}
    missing = [] if files else ["the command pulumi (https://www.pulumi.com/docs/install/)"]
    for plugin in plugins():
        own = plugin.files(environment)
        files |= {f"pulumi/plugins/{plugin.folder}/{name}": path for name, path in own.items()}
        if not own:
            missing.append(f"the plugin {plugin.name} {plugin.version} (pulumi install --no-dependencies)")
    if missing:
        raise AirgapError(f"not installed on this machine: {', '.join(missing)}. Install them first")
    return files
