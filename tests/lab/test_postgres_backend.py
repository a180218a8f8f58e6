"""The state in PostgreSQL, through the real engine and a real server: two people, a lock, a killed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.standalone import engine_environment
from lab import build as build_module
from lab import pki, postgres
from lab.postgres import Postgres
from lab.recipes import ENGINE, LANGUAGE_HOST

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        postgres.commands() is None and "REQUIRE_POSTGRES" not in os.environ,
        reason="PostgreSQL is not installed (Debian: apt-get install postgresql)",
    ),
]

PROVIDER = """
    import pathlib, time
    import pulumi
    from pulumi import dynamic

    class Provider(dynamic.ResourceProvider):
        serialize_as_secret_always = False

        def create(self, props):
            gate = pathlib.Path(props["gate"])
            (gate / "started").touch()
            while not (gate / "open").exists():
                time.sleep(0.05)
            return dynamic.CreateResult("made", {**props, "minted": "very-secret"})

    class Thing(dynamic.Resource, module="trial", name="Thing"):
        def __init__(self, name, props):
            options = pulumi.ResourceOptions(additional_secret_outputs=["minted"])
            super().__init__(Provider(), name, {**props, "minted": None}, options)
"""
PROGRAM = """
    import pulumi
    from things import Thing

    config = pulumi.Config()
    for name in config.get("things", "").split():
        Thing(name, {"gate": config.require("gate")})
    pulumi.export("things", config.get("things", ""))
"""


@dataclass
class Person:
    """A checkout of the program on somebody's machine, and the engine to run it with."""

    directory: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        process = self.start(*arguments)
        printed, _ = process.communicate()
        assert (process.returncode != 0) is fails, printed
        return printed

    def up(self) -> subprocess.Popen[str]:
        return self.start("up", "--yes", "--skip-preview", "--stack", "team")


@dataclass
class Team:
    server: Postgres
    one: Person
    other: Person
    gate: Path

    def plan(self, things: str) -> None:
        """Both have the same settings, as from their repository."""
        for person in (self.one, self.other):
            person.pulumi("config", "set", "things", things, "--stack", "team")
            person.pulumi("config", "set", "gate", str(self.gate), "--stack", "team")

    def await_start(self) -> None:
        while not (self.gate / "started").exists():
            time.sleep(0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.running() as running:
        yield running


@pytest.fixture
def team(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("LAB_BUILD_ALL", "1")
    tools = build_module.build(recipes=[ENGINE, LANGUAGE_HOST])
    project = tmp_path.name.replace("_", "-").strip("-")
    people = []
    for name in ("one", "other"):
        directory = tmp_path / name
        directory.mkdir()
        runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
        (directory / "Pulumi.yaml").write_text(f"name: {project}\nruntime: {runtime}\n")
        (directory / "things.py").write_text(textwrap.dedent(PROVIDER))
        (directory / "__main__.py").write_text(textwrap.dedent(PROGRAM))
        environment = {**engine_environment(tools.bin, tmp_path / f"home-{name}"), **server.environment}
        people.append(Person(directory, environment))
    gate = tmp_path / "gate"
    gate.mkdir()
    one, other = people
    one.pulumi("stack", "init", "team")
    # The file goes through the repository.
    (other.directory / "Pulumi.team.yaml").write_bytes((one.directory / "Pulumi.team.yaml").read_bytes())
    return Team(server, one, other, gate)


def test_what_one_deploys_the_other_sees(team: Team) -> None:
    (team.gate / "open").touch()
    team.plan("a b")
    assert "3 created" in team.one.pulumi("up", "--yes", "--skip-preview", "--stack", "team")
    assert "3 unchanged" in team.other.pulumi("preview", "--expect-no-changes", "--stack", "team")
    assert team.other.pulumi("stack", "output", "things", "--stack", "team").strip() == "a b"
    stored = team.server.query(
        "SELECT convert_from(decode(data->>'data', 'base64'), 'UTF8') FROM pulumi_state"
    )
    assert "dynamic/trial:Thing" in stored, "the state is in the database"
    assert "very-secret" not in stored


def test_two_at_once_and_one_waits_its_turn(team: Team) -> None:
    team.plan("a")
    running = team.one.up()
    team.await_start()
    refused = team.other.pulumi("up", "--yes", "--skip-preview", "--stack", "team", fails=True)
    assert "the stack is currently locked by 1 lock(s)" in refused
    team.other.pulumi("preview", "--stack", "team")  # reads alone
    (team.gate / "open").touch()
    printed, _ = running.communicate()
    assert running.returncode == 0, printed
    assert "2 unchanged" in team.other.pulumi("up", "--yes", "--skip-preview", "--stack", "team")


def test_a_killed_run_loses_nothing(team: Team) -> None:
    team.plan("a")
    killed = team.one.up()
    team.await_start()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert "locked" in team.other.pulumi("up", "--yes", "--skip-preview", "--stack", "team", fails=True)
    team.other.pulumi("cancel", "--yes", "--stack", "team")
    (team.gate / "open").touch()
    printed = team.other.pulumi("up", "--yes", "--skip-preview", "--stack", "team")
    assert "1 created" in printed
    team.one.pulumi("preview", "--expect-no-changes", "--stack", "team")


def test_another_ca_is_not_trusted(team: Team, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.crt"
    pki.ensure_authority(stranger, tmp_path / "stranger.key", "Stranger")
    url = team.server.url.replace(str(team.server.ca), str(stranger))
    team.one.environment["PULUMI_BACKEND_URL"] = url
    printed = team.one.pulumi("stack", "ls", fails=True)
    assert "certificate signed by unknown authority" in printed
    assert team.server.password not in printed
