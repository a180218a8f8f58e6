"""A stack of a small program of its own, run by the real engine."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from lab import bringup
from lab.engine import Engine, Tools
from lab.layout import REPO, Lab

_ASKING = {"up", "refresh", "destroy"}
S = TypeVar("S", bound="ProgramStack")


@dataclass
class ProgramStack:
    """A program in a directory. ``env`` is added to what the lab gives the engine."""

    engine: Engine
    directory: Path
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def make(cls: type[S], lab: Lab, directory: Path, program: str, env: dict[str, str]) -> S:
        """A new stack in a lab that is prepared; none of its simulators is needed."""
        built = bringup.build_tools()
        engine = Engine(lab, Tools(built.bin, built.plugins))
        engine.install_plugins()
        (lab.home / "state").mkdir(exist_ok=True)
        directory.mkdir()
        project = {
            "name": "rancher-on-pks",
            "runtime": "python",
            "plugins": {"providers": [{"name": "pulumi-python", "path": str(REPO / "provider_host")}]},
        }
        (directory / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (directory / "__main__.py").write_text(program)
        made = cls(engine, directory, env)
        await made.run("stack", "init")
        return made

    async def run(self, *arguments: str, check: bool = True, **env: str) -> str:
        """What ``pulumi`` prints; with ``check`` it must succeed, without it must fail."""
        done = await asyncio.to_thread(
            subprocess.run,
            _command(arguments),
            cwd=self.directory,
            env=self._environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == check, done.stdout
        return str(done.stdout)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """A running ``pulumi``, whose output is dropped."""
        return await asyncio.create_subprocess_exec(
            *_command(arguments),
            cwd=self.directory,
            env=self._environment({}),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    def _environment(self, env: dict[str, str]) -> dict[str, str]:
        return {**self.engine.process_environment(self.env), "PYTHONPATH": str(REPO), **env}

    def set(self, **values: object) -> None:
        """Set the stack's config."""
        file = self.directory / "Pulumi.test.yaml"
        document = yaml.safe_load(file.read_text()) or {}
        given = {f"rancher-on-pks:{name}": value for name, value in values.items()}
        document["config"] = document.get("config", {}) | given
        file.write_text(yaml.safe_dump(document))

    async def changes(self, *arguments: str) -> dict[str, str]:
        """Operation of each resource that a command changes, by name."""
        output = await self.run(*arguments, "--json")
        steps = json.loads(output[output.index("{\n") :])["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"]
            for step in steps
            if step["op"] not in {"same", "refresh", "read"} and "pulumi:pulumi" not in step["urn"]
        }

    async def state(self) -> list[dict[str, Any]]:
        """The resources of the stack."""
        found = json.loads(await self.run("stack", "export"))
        return list(found["deployment"].get("resources", []))


def _command(arguments: tuple[str, ...]) -> list[str]:
    command = [*arguments, "--non-interactive", *(["--yes"] if arguments[0] in _ASKING else [])]
    return ["pulumi", *command, "--stack", "test"]
