"""Command-line tools: what they get, what they give away, and how they end."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.runtime.command import Command, CommandMissingError, CommandTimeoutError


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "tool"
    path.touch()
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def tool(script: Path, text: str, **more: object) -> Command:
    script.write_text(f"#!/bin/sh\n{text}\n")
    return Command(str(script), more.pop("environment", {}), **more)  # type: ignore[arg-type]


def test_s7_a_tool_gets_no_credential_of_another(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PULUMI_CONFIG_PASSPHRASE",
        "PKS_PASSWORD",
        "VSPHERE_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "X",
    ):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("SSL_CERT_DIR", "/ca")
    found = tool(script, "env", environment={"BOSH_CLIENT": "ops"}).run(timeout=10)
    assert found.exit_code == 0
    assert "s3cret" not in found.output
    assert {"BOSH_CLIENT=ops", "SSL_CERT_DIR=/ca"} <= set(found.output.splitlines())
    assert f"PATH={os.environ['PATH']}" in found.output


def test_what_it_prints_has_no_secret(script: Path) -> None:
    command = tool(script, 'echo "a $SECRET"; echo "b s3cr%33t-x" >&2; exit 3', secrets=["s3cr3t-x"])
    found = command.run(timeout=10, environment={"SECRET": "s3cr3t-x"})
    assert (found.exit_code, found.text) == (3, "a [secret]\n\nb [secret]")


def test_a_password_goes_to_the_prompt(script: Path) -> None:
    text = 'printf "Password: "; stty -echo; read -r it; echo; echo "got $it from $# $*"; exit 4'
    found = tool(script, text).run("login", timeout=20, password="pass 'word' $1 \\ end")
    assert found.exit_code == 4
    assert "got [secret] from 1 login" in found.text


def test_a_tool_that_asks_for_no_password_just_runs(script: Path) -> None:
    assert tool(script, "echo done").run(timeout=20, password="password").text == "done"


def test_a_tool_that_hangs_is_killed(script: Path) -> None:
    command = tool(script, "exec sleep 60")
    for password in (None, "password"):
        with pytest.raises(
            CommandTimeoutError, match=r"^`tool create` did not answer within 0\.5 s and was killed$"
        ):
            command.run("--flag", "create", timeout=0.5, password=password)


def test_a_missing_tool_names_its_property(tmp_path: Path) -> None:
    for password in (None, "password"):
        with pytest.raises(CommandMissingError, match="is not on PATH or not executable") as caught:
            Command(str(tmp_path / "none"), {}, property="cli").run("x", timeout=5, password=password)
        assert caught.value.properties == ("cli",)


def test_background_ends_with_the_body(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with Command("sh", {}).background("-c", "echo started; exec sleep 600", output=output) as process:
        deadline = time.monotonic() + 30
        while not output.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None
    assert output.read_text() == "started\n"
    assert process.poll() == -signal.SIGTERM
    with (
        pytest.raises(CommandMissingError, match="'no-such-tool' is not on PATH"),
        Command("no-such-tool", {}).background(output=output),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_tool_ends_with_its_killed_parent(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = (
        "from components.runtime.command import Command\n"
        f"command = Command('sh', {{}}, ends_with_parent=True)\n"
        f"command.run('-c', 'echo $$ > {file}; exec sleep 600', timeout=600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    child = int(file.read_text())
    parent.kill()
    parent.wait()
    while Path(f"/proc/{child}").exists() and "sleep" in Path(f"/proc/{child}/cmdline").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
