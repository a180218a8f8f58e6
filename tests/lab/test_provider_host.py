"""Programs of the project and the process of their dynamic providers under the real engine."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import bringup
from lab.layout import Lab
from tests import pki
from tests.lab.fake_nsx import free_net
from tests.lab.program import ProgramStack

pytestmark = pytest.mark.lab

_PROGRAM = """
import pulumi
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.bootstrap import LocalCluster, RancherBootstrapArgs
from components.rancher.password import Password

Password("made")
if known := pulumi.Config().get_object("endpoint"):
    endpoint = RancherEndpointArgs(**known)
    args = RancherBootstrapArgs(endpoint=endpoint, version="2.15.0", kubeconfig="", password="")
    LocalCluster("waiting", args, pulumi.Output.secret("token-a:b"), pulumi.ResourceOptions())
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "lab", free_net())
    bringup.prepare(made)
    yield made


def hosts(engine: int) -> list[int]:
    """The processes of dynamic providers that an engine has started, now or before it was killed."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes().split(b"\0")
            group = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"provider_host" in command and group == engine:
            found.append(int(directory.name))
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_killed_engine_takes_them_along(lab: Lab, tmp_path: Path) -> None:
    stack = await ProgramStack.make(lab, tmp_path / "program", _PROGRAM, {})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        endpoint = {
            "address": "127.0.0.1",
            "port": silent.getsockname()[1],
            "hostname": "rancher.example.com",
            "ca_bundle": pki.root().pem,
        }
        stack.set(endpoint=endpoint)
        engine = await stack.start("up", "--skip-preview")
        asked = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(silent))
        ended = asyncio.ensure_future(engine.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert asked.done(), "the update ended before its provider asked Rancher"
        (host,) = hosts(engine.pid)
        os.kill(engine.pid, signal.SIGKILL)
        await ended
        killed = time.monotonic()
        while not gone(host):
            assert time.monotonic() - killed < 10
            await asyncio.sleep(0.1)


class _Runs:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


async def test_a_provider_that_somebody_put_into_the_state_is_not_loaded(lab: Lab, tmp_path: Path) -> None:
    stack = await ProgramStack.make(lab, tmp_path / "program", _PROGRAM, {})
    await stack.run("up", "--skip-preview")
    ran, file = tmp_path / "ran", tmp_path / "state.json"
    state = json.loads(await stack.run("stack", "export"))
    for resource in state["deployment"]["resources"]:
        for values in (resource.get("inputs", {}), resource.get("outputs", {})):
            if "__provider" in values:
                values["__provider"] = base64.b64encode(pickle.dumps(_Runs(ran))).decode()
    file.write_text(json.dumps(state))
    await stack.run("stack", "import", "--file", str(file))
    for command in ("refresh", "destroy"):
        output = await stack.run(command, "--skip-preview", check=False)
        assert "names a dynamic provider that is not one of this program" in output
        assert "Traceback" not in output
    assert not ran.exists()


async def test_the_sdk_speaks_to_debug_only_when_asked(lab: Lab, tmp_path: Path) -> None:
    """Each of its messages costs a call of the engine, which shows none without ``--debug``."""
    program = f"import console.program\n{_PROGRAM}"
    stack = await ProgramStack.make(lab, tmp_path / "program", program, {})
    said = "resource registration successful"
    assert said not in await stack.run("preview", "--debug")
    assert said in await stack.run("preview", "--debug", RANCHER_ON_PKS_LOG="DEBUG")
    assert said not in await stack.run("preview", RANCHER_ON_PKS_LOG="DEBUG")
