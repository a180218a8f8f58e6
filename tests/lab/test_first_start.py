"""Rancher's first start and its later life through the real engine, against the simulator of old and new."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import bringup
from lab.layout import Lab
from tests import kubernetes_api, pki
from tests.lab.fake_nsx import free_net
from tests.lab.program import ProgramStack
from tests.lab.rancher_server import FIRST, HOST, Server, serving
from tests.servers import server_context

pytestmark = pytest.mark.lab

_PROGRAM = """
import pulumi
from components.rancher.bootstrap import RancherBootstrap, RancherBootstrapArgs
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.password import Password

known = pulumi.Config().require_object("rancher")
endpoint = RancherEndpointArgs(**known.pop("endpoint"))
known.setdefault("password", Password("password").value)
made = RancherBootstrap("first", RancherBootstrapArgs(endpoint=endpoint, **known))
for name in ("password", "token", "token_expires", "local_state"):
    pulumi.export(name, getattr(made, name))
"""
DAY = 86400
THEIRS = "changed by somebody else"


class Stack(ProgramStack):
    """A stack of a program that has nothing but the first start."""

    def configure(self, **changes: Any) -> None:
        """Set the stack's config; of what is not named the last value stays."""
        self.known: dict[str, Any] = {**getattr(self, "known", {}), **changes}
        self.set(rancher=self.known)

    async def secret(self, name: str) -> str:
        """A secret output."""
        return (await self.run("stack", "output", name, "--show-secrets")).strip()


@contextlib.asynccontextmanager
async def rancher(version: str, password: str, stack: Stack) -> AsyncIterator[Server]:
    """One Rancher whose clock is five days behind and goes on, in a cluster; the stack is told of it."""
    root = pki.root()
    tls = server_context(pki.server(root))
    start = time.time() - 5 * DAY
    with kubernetes_api.running() as api:
        data = {"bootstrapPassword": base64.b64encode(FIRST.encode()).decode()}
        api.add("api/v1/secrets", "bootstrap-secret", data=data)
        async with serving(f"v{version}", password=password, tls=tls, now=start) as server:
            stack.configure(
                endpoint={
                    "address": "127.0.0.1",
                    "port": int(server.url.rsplit(":", 1)[1]),
                    "hostname": HOST,
                    "ca_bundle": root.pem,
                },
                version=version,
                kubeconfig=api.kubeconfig,
                token_days=40,
                renew_days=30,
            )
            clock = asyncio.create_task(_pass_time(server))
            yield server
            clock.cancel()


async def _pass_time(server: Server) -> None:
    while True:
        server.wait(0.1)
        await asyncio.sleep(0.1)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "lab", free_net())
    bringup.prepare(made)
    yield made


@pytest.mark.parametrize("version", ["2.2.8", "2.15.0"])
async def test_from_the_first_start_on(version: str, lab: Lab, tmp_path: Path) -> None:
    old = version == "2.2.8"
    stack = await Stack.make(lab, tmp_path / "program", _PROGRAM, {})
    async with rancher(version, "admin" if old else FIRST, stack) as server:
        if not old:
            stack.configure(password="short-pw")
            output = await stack.run("up", "--skip-preview", check=False)
            assert "Password must be at least 12 characters. Set another password" in output
            assert "short-pw" not in output
            assert "Traceback" not in output
            del stack.known["password"]
            stack.configure()
        output = await stack.run("up", "--skip-preview")
        assert ("Rancher's cluster local hangs" in output) == old
        password, token = await stack.secret("password"), await stack.secret("token")
        assert (await status(server, password), await alive(server, token)) == (201, True)
        assert await status(server, "admin" if old else FIRST) == 401
        assert await stack.secret("local_state") == "active"
        assert await stack.changes("preview") == {}
        await stack.run("refresh", "--expect-no-changes")
        state = await stack.run("stack", "export")
        assert password not in state
        assert token not in state

        # Its end is near: the token renews itself, and the one before ends.
        stack.configure(renew_days=36)
        assert (await stack.changes("preview"))["first-admin"] == "update"
        server.wait(5 * DAY)
        await stack.run("up", "--skip-preview")
        renewed = await stack.secret("token")
        assert (await alive(server, token), await alive(server, renewed)) == (False, True)
        assert await stack.changes("preview") == {}

        # It has ended, no `up` came in time: the password in force makes another.
        server.wait(41 * DAY)
        assert not await alive(server, renewed)
        await stack.run("refresh", "--skip-preview")
        await stack.run("up", "--skip-preview")
        token = await stack.secret("token")
        assert await alive(server, token)

        # Somebody has another password, and the token is dead: it has to be told, once.
        await server.login(password)
        change = {"currentPassword": password, "newPassword": THEIRS}
        assert (await server.ask("POST", "/v3/users?action=changepassword", change)).status == 200
        gone = await server.ask("DELETE", f"/v3/tokens/{token.partition(':')[0]}")
        assert gone.status in {200, 204}
        await stack.run("refresh", "--skip-preview")
        for wrong in (None, "not the one in force"):
            if wrong:
                stack.configure(password=wrong)
            output = await stack.run("up", "--skip-preview", check=False)
            assert (
                "user admin has another password than the wanted, the last known and the first one" in output
            )
            assert "Set the password that is valid" in output
            assert "Traceback" not in output
            assert not [secret for secret in (password, wrong, FIRST) if secret and secret in output]
        stack.configure(password=THEIRS)
        await stack.run("up", "--skip-preview")
        token = await stack.secret("token")
        assert (await status(server, THEIRS), await alive(server, token)) == (201, True)
        assert await stack.changes("preview") == {}

        # The token does not outlive the stack.
        await stack.run("destroy", "--skip-preview")
        assert not await alive(server, token)


async def status(server: Server, password: str) -> int:
    """What a login with the password is answered."""
    return (await server.login(password)).status


async def alive(server: Server, token: str) -> bool:
    return (await server.ask("GET", "/v3/users?me=true", token=token)).status == 200
