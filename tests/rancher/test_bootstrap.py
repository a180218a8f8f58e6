"""The first start of Rancher 2.2, 2.6, 2.8 and 2.15, against the simulator, over verified TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from components.kubernetes import api as kube
from components.rancher import api, local_cluster
from components.rancher.admin import AdminProvider
from components.rancher.api import RancherError
from components.rancher.local_cluster import LocalClusterProvider
from components.rancher.password import PasswordProvider
from components.runtime.errors import ProviderError
from settings.bootstrap import BootstrapSettings
from tests import pki
from tests.lab import rancher_server
from tests.lab.rancher_server import FIRST, HOST, Server, serving
from tests.servers import server_context

VERSIONS = ["2.2.8", "2.6.14", "2.8.5", "2.15.0"]
PASSWORD = "correct horse battery"
T = TypeVar("T")


@dataclass
class World:
    """One Rancher, and the properties by which the providers find it."""

    server: Server
    properties: dict[str, Any]

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The providers block, the simulator shares this thread's loop."""
        return await asyncio.to_thread(function, *arguments)

    async def create(self, **changes: Any) -> dict[str, Any]:
        made = await self.run(AdminProvider().create, {**self.properties, **changes})
        assert made.outs
        return dict(made.outs)

    async def update(self, olds: dict[str, Any], **changes: Any) -> dict[str, Any]:
        done = await self.run(AdminProvider().update, "admin", olds, {**self.properties, **changes})
        assert done.outs
        return dict(done.outs)

    async def read(self, olds: dict[str, Any]) -> dict[str, Any]:
        found = await self.run(AdminProvider().read, "admin", olds)
        return dict(found.outs or {})

    def changes(self, olds: dict[str, Any], **changes: Any) -> bool:
        return bool(AdminProvider().diff("admin", olds, {**self.properties, **changes}).changes)

    async def pass_time(self) -> None:
        """Let the simulator's clock go."""
        while True:
            self.server.wait(0.1)
            await asyncio.sleep(0.1)

    async def setting(self, name: str, token: str) -> Any:
        answer = await self.server.ask("GET", f"/v3/settings/{name}", token=token)
        return answer.body["value"] if answer.status == 200 else answer.status


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_PAUSE_SECONDS", 0.01)


@contextlib.asynccontextmanager
async def world(version: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> AsyncIterator[World]:
    root = pki.root()
    tls = server_context(pki.server(root))
    first = "admin" if version == "2.2.8" else FIRST

    @contextlib.contextmanager
    def client(kubeconfig: str) -> Iterator[Any]:
        assert kubeconfig == "the kubeconfig"
        data = {"bootstrapPassword": base64.b64encode(first.encode()).decode()}
        yield type("Kubernetes", (), {"get": lambda _, path: {"data": data}})()

    monkeypatch.setattr(kube, "client", client)
    async with serving(f"v{version}", password=first, tls=tls, now=time.time()) as server:
        properties = {
            "address": "127.0.0.1",
            "port": int(server.url.rsplit(":", 1)[1]),
            "hostname": HOST,
            "ca_bundle": root.pem,
            "version": version,
            "kubeconfig": "the kubeconfig",
            "password": PASSWORD,
            "server_url": f"https://{HOST}",
            "telemetry": "out",
            "token_days": 90,
            "renew_days": 30,
            **changes,
        }
        yield World(server, properties)


@pytest.mark.parametrize("version", VERSIONS)
async def test_first_start(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(version, monkeypatch) as rancher:
        made = await rancher.create()
        assert (await rancher.server.login(PASSWORD)).status == 201
        assert (await rancher.server.login("admin" if version == "2.2.8" else FIRST)).status == 401
        assert await rancher.setting("server-url", made["token"]) == f"https://{HOST}"
        telemetry = await rancher.setting("telemetry-opt", made["token"])
        assert telemetry == (404 if version == "2.15.0" else "out")
        assert not rancher.changes(made)
        assert await rancher.read(made) == made

        # Cut off before the state was written: the same call again, with what it has left behind.
        again = await rancher.create()
        assert again["token"] != made["token"]


@pytest.mark.parametrize("version", ["2.2.8", "2.15.0"])
async def test_what_somebody_changed_is_seen_and_mended(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(version, monkeypatch) as rancher:
        made = await rancher.create()
        server = rancher.server
        server.token = made["token"]
        other = {"name": "server-url", "value": "https://other.example.com"}
        await server.ask("PUT", "/v3/settings/server-url", other)
        change = {"currentPassword": PASSWORD, "newPassword": "changed by somebody"}
        assert (await server.ask("POST", "/v3/users?action=changepassword", change)).status == 200
        seen = await rancher.read(made)
        assert (seen["server_url"], seen["password"]) == ("https://other.example.com", "")
        assert rancher.changes(seen)

        mended = await rancher.update(seen)
        assert mended["token"] == made["token"]
        assert await rancher.read(mended) == mended == made


async def test_a_new_password_needs_no_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.8.5", monkeypatch) as rancher:
        made = await rancher.create()
        assert rancher.changes(made, password="another good password")
        changed = await rancher.update(made, password="another good password")
        assert changed["token"] == made["token"]
        assert (await rancher.server.login("another good password")).status == 201
        assert (await rancher.server.login(PASSWORD)).status == 401


async def test_the_token_renews_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch, token_days=365) as rancher:
        made = await rancher.create()
        days = (time.mktime(time.strptime(made["token_expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.time()) / 86400
        assert 88 < days < 91  # Rancher allows no longer life
        assert not rancher.changes(made, token_days=365)
        assert rancher.changes(made, token_days=365, renew_days=91)
        renewed = await rancher.update(made, token_days=365, renew_days=91)
        assert renewed["token"] != made["token"]
        rancher.server.token = made["token"]
        assert (await rancher.server.ask("GET", "/v3/users?me=true")).status == 401  # the old one is revoked


async def test_a_dead_token_is_seen_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        made = await rancher.create()
        rancher.server.wait(91 * 86400)
        seen = await rancher.read(made)
        assert seen["token_expires"] == ""
        assert rancher.changes(seen)
        again = await rancher.update(seen)
        assert again["token"] != made["token"]
        rancher.server.token = again["token"]
        assert (await rancher.server.ask("GET", "/v3/users?me=true")).status == 200


async def test_no_password_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        await rancher.create()
        with pytest.raises(ProviderError, match="Set config rancherAdminPassword") as caught:
            await rancher.create(password="a wrong password of ours")
        assert "a wrong password" not in str(caught.value)
        assert FIRST not in str(caught.value)


async def test_a_password_that_rancher_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        with pytest.raises(ProviderError, match=r"at least 12 characters.*rancherAdminPassword") as caught:
            await rancher.create(password="short-pw")
        assert "short-pw" not in str(caught.value)
        await rancher.create()


async def test_only_our_ca_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch, ca_bundle=pki.root().pem) as rancher:
        with pytest.raises(RancherError, match="CERTIFICATE_VERIFY_FAILED"):
            await rancher.create()


async def test_delete_revokes_the_token_and_bears_a_rancher_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        made = await rancher.create()
        await rancher.run(AdminProvider().delete, "admin", made)
        rancher.server.token = made["token"]
        assert (await rancher.server.ask("GET", "/v3/users?me=true")).status == 401
        await rancher.run(AdminProvider().delete, "admin", made)
    AdminProvider().delete("admin", made)
    assert "the API token is not revoked" in caplog.text
    assert AdminProvider().read("admin", made).outs == made


@pytest.mark.parametrize(("version", "saved"), [("2.2.8", True), ("2.15.0", False)])
async def test_the_local_cluster_is_saved_when_it_hangs(
    version: str, saved: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "rancher-on-pks")
    if saved:
        monkeypatch.setattr(local_cluster, "_PATIENCE_SECONDS", 0.5)
    async with world(version, monkeypatch) as rancher:
        made = await rancher.create()
        clock = asyncio.create_task(rancher.pass_time())
        wanted = {**rancher.properties, "token": made["token"], "timeout_minutes": 1}
        local = await rancher.run(LocalClusterProvider().create, wanted)
        assert local.outs and local.outs["state"] == "active"
        assert ("is saved without a change" in caplog.text) == saved
        assert not LocalClusterProvider().diff("local", local.outs, wanted).changes
        seen = await rancher.run(LocalClusterProvider().read, "local", local.outs)
        assert seen.outs == local.outs
        clock.cancel()


async def test_a_local_cluster_that_does_not_get_on_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_cluster, "_save", lambda *_: None)
    async with world("2.2.8", monkeypatch) as rancher:
        made = await rancher.create()
        wanted = {**rancher.properties, "token": made["token"], "timeout_minutes": 0.05}
        with pytest.raises(ProviderError, match=r"provisioning: .*server-url.*run pulumi up again"):
            await rancher.run(LocalClusterProvider().create, wanted)


def test_a_generated_password_is_long_and_made_once() -> None:
    one, other = (PasswordProvider().create({}).outs or {} for _ in range(2))
    assert len(one["value"]) >= 24
    assert one != other
    assert not PasswordProvider().diff("password", one, {}).changes


@pytest.mark.parametrize(
    ("values", "version", "told"),
    [
        ({"rancherAdminPassword": "short"}, "2.15.0", "rancherAdminPassword = ***: has 5 characters"),
        ({"rancherAdminPassword": "short"}, "2.2.8", None),
        ({"rancherTokenDays": "365", "rancherTokenRenewDays": "90"}, "2.8.5", "rancherTokenRenewDays = 90"),
        ({"rancherTokenDays": "10", "rancherTokenRenewDays": "3"}, "2.8.5", None),
    ],
)
def test_settings(values: dict[str, Any], version: str, told: str | None) -> None:
    found = [str(problem) for problem in BootstrapSettings.model_validate(values).bootstrap_problems(version)]
    assert len(found) == (1 if told else 0)
    assert not told or found[0].startswith(told)
    assert rancher_server.HOST == pki.HOST
