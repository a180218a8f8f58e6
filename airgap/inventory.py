"""``Inventory``: what an environment needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airgap.engine import Plugin
from airgap.wheels import Requirement
from domain.charts import ChartReference
from domain.images import MirroredImage


@dataclass(frozen=True, order=True)
class Chart:
    """A chart that the program installs.

    Attributes:
        reference: Name, version and repository; for a local chart its path.
        sha256: Of the packaged chart; empty for a directory, which is part of the project.
    """

    reference: ChartReference
    sha256: str

    @property
    def file(self) -> str:
        """Name of the packaged chart."""
        name = self.reference.chart.rstrip("/").rpartition("/")[2].removesuffix(".tgz")
        version = f"-{self.reference.version}"
        return f"{name.removesuffix(version)}{version}.tgz"


@dataclass(frozen=True, order=True)
class Command:
    """A program on PATH.

    Attributes:
        name: Its name.
        purpose: What needs it.
        sha256: Of the file on this machine; empty if there is none.
    """

    name: str
    purpose: str
    sha256: str = ""


@dataclass(frozen=True)
class Inventory:
    """What an environment needs from outside.

    Attributes:
        stack: Its name.
        commit: The project's commit.
        python: What the wheels are for: version of Python, system and machine.
        registry: Address of the image registry of the stack; empty: none.
        images: Every image that the stack runs.
        run_time: Whether ``images`` has those that Rancher installs at run time.
        charts: Charts.
        engine: Version of Pulumi's engine on this machine; empty: there is none.
        plugins: Resource plugins, each with the SHA-256 of its executable; empty: not on this machine.
        wheels: Python packages.
        commands: Commands that are no part of a bundle unless ``--tools`` gives them.
    """

    stack: str
    commit: str
    python: str
    registry: str
    images: Sequence[MirroredImage]
    run_time: bool
    charts: Sequence[Chart]
    engine: str
    plugins: Sequence[tuple[Plugin, str]]
    wheels: Sequence[Requirement]
    commands: Sequence[Command]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "stack": self.stack,
            "commit": self.commit,
            "python": self.python,
            "imageRegistry": self.registry,
            "images": [
                {
                    "source": str(image.source),
                    "target": str(image.target),
                    "digest": image.source.digest,
                    "origin": image.origin,
                }
                for image in self.images
            ],
            "imagesOfRunTime": self.run_time,
            "charts": [
                {
                    "name": chart.reference.chart,
                    "version": chart.reference.version,
                    "repository": "" if chart.reference.is_local else chart.reference.source,
                    "sha256": chart.sha256,
                }
                for chart in self.charts
            ],
            "engine": self.engine,
            "plugins": [
                {"name": plugin.name, "version": plugin.version, "sha256": digest}
                for plugin, digest in self.plugins
            ],
            "wheels": [
                {"name": wheel.name, "version": wheel.version, "sha256": list(wheel.hashes)}
                for wheel in self.wheels
            ],
            "commands": [
                {"name": command.name, "purpose": command.purpose, "sha256": command.sha256}
                for command in self.commands
            ],
        }
