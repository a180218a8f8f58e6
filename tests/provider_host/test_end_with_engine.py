"""The process of the dynamic providers ends with the engine, in every state."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests import contract, pki
from tests.provider_host.host import Host, running

TYPES = json.loads(contract.FILE.read_text())["types"]
PASSWORD = TYPES["pulumi-python:dynamic/rancher:Password"]["provider"]
LOCAL = TYPES["pulumi-python:dynamic/rancher:LocalCluster"]["provider"]
PROFILE = TYPES["pulumi-python:dynamic/pks:NetworkProfile"]["provider"]
SECONDS = 10.0


def ends(host: Host) -> None:
    host.end_of_engine()
    assert host.process.wait(SECONDS) != 0


def test_before_the_first_provider_is_loaded() -> None:
    with running() as host:
        assert host.process.poll() is None
        ends(host)


def test_after_a_call() -> None:
    with running() as host:
        host.check(PASSWORD, length=20)
        ends(host)


def test_in_a_network_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, running() as host:
        endpoint = {
            "address": "127.0.0.1",
            "port": silent.getsockname()[1],
            "hostname": "rancher.example.com",
            "ca_bundle": pki.root().pem,
        }
        running_call = host.create(
            LOCAL, endpoint=endpoint, token="token-a:b", server_url="https://x", timeout_minutes=10
        )
        silent.accept()  # its client now waits for the handshake
        assert not running_call.done()
        ends(host)


@pytest.fixture
def foundation(tmp_path: Path) -> dict[str, str]:
    """A ``pks`` command that writes a token into its home and hangs."""
    commands, temporary = tmp_path / "bin", tmp_path / "tmp"
    commands.mkdir()
    temporary.mkdir()
    pks = commands / "pks"
    pks.write_text(f'#!/bin/sh\necho token >"$PKS_HOME/creds.yml"\necho $$ >{tmp_path}/pid\nexec sleep 600\n')
    pks.chmod(0o755)
    return {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "TMPDIR": str(temporary),
        "PKS_API": "pks.example.com",
        "PKS_CLIENT": "c",
        "PKS_CLIENT_SECRET": "s",
    }


def ordered(host: Host, temporary: Path) -> int:
    """Order a network profile; the process id of the hanging ``pks``."""
    call = host.create(PROFILE, name="lb", description="d", parameters={"lb_size": "medium"})
    file = temporary / "pid"
    while not (file.exists() and file.read_text()):
        assert not call.done(), call.exception()
        time.sleep(0.05)
    return int(file.read_text())


def test_in_a_command_which_ends_too_and_leaves_no_login(foundation: dict[str, str], tmp_path: Path) -> None:
    with running(**foundation) as host:
        pks = ordered(host, tmp_path)
        assert len(list((tmp_path / "tmp").iterdir())) == 2, "a login and the profile's file"
        ends(host)
        assert list((tmp_path / "tmp").iterdir()) == []
        with pytest.raises(ProcessLookupError):
            while True:  # until the kernel has cleared it away
                os.kill(pks, 0)
                time.sleep(0.05)


def test_the_next_start_removes_what_a_killed_one_left(foundation: dict[str, str], tmp_path: Path) -> None:
    with running(**foundation) as killed, running(**foundation) as alive:
        left = ordered(killed, tmp_path)
        (tmp_path / "pid").unlink()
        going_on = ordered(alive, tmp_path)
        before = set((tmp_path / "tmp").iterdir())
        assert len(before) == 4
        killed.process.kill()
        killed.process.wait()
        with running(**foundation):
            assert len(set((tmp_path / "tmp").iterdir()) & before) == 2, "the running one's is kept"
    for pid in (left, going_on):
        os.kill(pid, signal.SIGKILL)
