"""The first start of Rancher 2.2, 2.6, 2.8 and 2.15, against the simulator, over verified TLS."""

from __future__ import annotations

import pytest

from components.rancher.admin import AdminProvider
from components.rancher.api import RancherError
from components.runtime.errors import ProviderError
from tests import pki
from tests.lab.rancher_server import FIRST, HOST
from tests.rancher.world import PASSWORD, world

VERSIONS = ["2.2.8", "2.6.14", "2.8.5", "2.15.0"]


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
        assert await rancher.refresh(made) == made

        # Cut off before the state was written: the same call again, with what it has left behind.
        again = await rancher.create()
        assert again["token"] != made["token"]


@pytest.mark.parametrize("version", ["2.2.8", "2.15.0"])
async def test_what_somebody_changed_is_seen_and_corrected(
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
        seen = await rancher.refresh(made)
        assert (seen["server_url"], seen["password"]) == ("https://other.example.com", "")
        assert rancher.changes(seen)

        corrected = await rancher.update(seen)
        assert corrected["token"] == made["token"]
        assert await rancher.refresh(corrected) == corrected == made


async def test_a_new_password_needs_no_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.8.5", monkeypatch) as rancher:
        made = await rancher.create()
        assert rancher.changes(made, password="another good password")
        changed = await rancher.update(made, password="another good password")
        assert changed["token"] == made["token"]
        assert (await rancher.server.login("another good password")).status == 201
        assert (await rancher.server.login(PASSWORD)).status == 401


async def test_a_dead_token_is_seen_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        made = await rancher.create()
        rancher.server.wait(91 * 86400)
        seen = await rancher.refresh(made)
        assert seen["token_expires"] == ""
        assert rancher.changes(seen)
        again = await rancher.update(seen)
        assert again["token"] != made["token"]
        assert await rancher.works(again["token"])


async def test_no_password_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        await rancher.create()
        with pytest.raises(ProviderError, match="Set the password that is valid") as caught:
            await rancher.create(password="a wrong password of ours")
        assert "a wrong password" not in str(caught.value)
        assert FIRST not in str(caught.value)


async def test_a_password_that_rancher_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        with pytest.raises(ProviderError, match=r"at least 12 characters.*Set another password") as caught:
            await rancher.create(password="short-pw")
        assert "short-pw" not in str(caught.value)
        await rancher.create()


async def test_only_our_ca_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch, ca_bundle=pki.root().pem) as rancher:
        with pytest.raises(RancherError, match="CERTIFICATE_VERIFY_FAILED"):
            await rancher.create()


async def test_delete_revokes_the_token_and_ignores_an_absent_rancher(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        made = await rancher.create()
        await rancher.run(AdminProvider().delete, "admin", made)
        assert not await rancher.works(made["token"])
        await rancher.run(AdminProvider().delete, "admin", made)
    AdminProvider().delete("admin", made)
    assert "the API token is not revoked" in caplog.text
    assert AdminProvider().read("admin", made).outs == made
