"""Two stacks side by side, by one user on one machine, share no login, port or file."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from lab.layout import REPO
from tests.lab.foundation_site import Site, idle_site, site
from tests.lab.held import Held

__all__ = ["idle_site", "site"]


def _variables(site: Site, temporary: Path) -> dict[str, str]:
    known = site.credentials["pks"]
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PKS_")},
        **site.lab.environment,
        "PKS_API": site.lab.pks_host,
        "PKS_USERNAME": known["username"],
        "PKS_PASSWORD": known["password"],
        "PKS_CA_CERT": str(site.lab.ca_certificate),
        "TMPDIR": str(temporary),
    }


async def _live(site: Site, name: str, temporary: Path, held: Held) -> tuple[int, str]:
    """Run the life of a stack; returns its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.lab.stack_life", name, str(site.lab.home / "bin" / "pks")),
        cwd=REPO,
        env=_variables(site, temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    ended = asyncio.create_task(process.communicate())
    while not ended.done():
        await asyncio.to_thread(held.note, process.pid)
        await asyncio.sleep(0.02)
    return process.returncode or 0, (await ended)[0].decode()


async def test_two_stacks_share_no_login_port_or_file(
    site: Site, tmp_path: Path, record_property: Any
) -> None:
    """Both at once, with one home and one temporary folder."""
    site.faults(pks_api={"delay_seconds": 1}, uaa={"delay_seconds": 1})  # connections last long enough
    one, other = Held(), Held()
    ended = await asyncio.gather(_live(site, "one", tmp_path, one), _live(site, "other", tmp_path, other))
    assert [code for code, _ in ended] == [0, 0], ended
    for name, mine, theirs in (
        ("PKS_HOME", one.homes, other.homes),
        ("logins", one.logins, other.logins),
        ("open files", one.files, other.files),
        ("ports", one.ports, other.ports),
    ):
        record_property(name, {"one": sorted(mine), "other": sorted(theirs)})
        assert mine, f"{name}: nothing was seen"
        assert theirs, f"{name}: nothing was seen"
        assert not mine & theirs, f"{name}: both have {mine & theirs}"
    assert one.listening | other.listening == set(), "no stack listens"
    assert list(tmp_path.glob(".rancher-on-pks-private-*")) == [], "nothing private outlives them"
    assert site.state["clusters"] == []
    assert not {"lb-one", "lb-other"} & site.state["network_profiles"].keys()


def test_what_is_shared_would_be_seen(tmp_path: Path) -> None:
    held = Held()
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.NamedTemporaryFile(dir=tmp_path) as file:
        held.note(os.getpid())
        assert file.name in held.files
        assert any(address.endswith(f":{server.getsockname()[1]:04X}") for address in held.listening)


@pytest.mark.parametrize("kind", ["homes", "logins"])
def test_the_cli_of_a_person_is_seen(kind: str, tmp_path: Path) -> None:
    (tmp_path / "creds.yml").write_text("access_token: the-token\n")
    with subprocess.Popen(["sleep", "30"], env={**os.environ, "PKS_HOME": str(tmp_path)}) as process:
        held = Held()
        while not held.homes:
            held.note(process.pid)
        process.kill()
    assert {"homes": held.homes, "logins": held.logins}[kind] == {
        "homes": {str(tmp_path)},
        "logins": {"the-token"},
    }[kind]
