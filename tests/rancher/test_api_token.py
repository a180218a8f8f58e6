"""The stack's API token: renewed in time, and no other token or session of the stack stays in Rancher."""

from __future__ import annotations

import time

import pytest

from components.rancher import api_token
from components.rancher.admin import AdminProvider
from components.rancher.api import Rancher, RancherError
from components.runtime.provider import Properties
from tests.rancher.world import DESCRIPTION, PASSWORD, World, world

DAY = 86400


async def set_longest_life(rancher: World, days: float) -> None:
    """Rancher's own limit, which its administrator may lower."""
    await rancher.server.login(PASSWORD)
    body = {"name": "auth-token-max-ttl-minutes", "value": str(int(days * 24 * 60))}
    path = "/v3/settings/auth-token-max-ttl-minutes"
    assert (await rancher.server.ask("PUT", path, body)).status == 200


def days_left(made: Properties) -> float:
    end = time.mktime(time.strptime(made["token_expires"], "%Y-%m-%dT%H:%M:%SZ"))
    return (end - time.time()) / DAY


def ends_in(days: float, made: Properties) -> Properties:
    end = time.gmtime(time.time() + days * DAY)
    return {**made, "token_expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", end)}


async def test_a_token_is_renewed_in_the_last_days_of_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch, token_days=365) as rancher:
        made = await rancher.create()
        assert 88 < days_left(made) < 91  # Rancher allows no longer life
        assert not rancher.changes(made)
        soon = ends_in(29, made)
        assert rancher.changes(soon)
        renewed = await rancher.update(soon)
        assert renewed["token"] != made["token"]
        assert not await rancher.works(made["token"])
        assert await rancher.works(renewed["token"])


async def test_c8_a_rancher_that_grants_a_short_life_gets_no_new_token_at_each_update(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        first = await rancher.create()
        await set_longest_life(rancher, 9)
        made = await rancher.update({**first, "token_expires": ""})
        assert 8 < days_left(made) < 10
        assert "grants API tokens 9 days instead of 90" in caplog.text
        assert "in the last 3 days" in caplog.text
        caplog.clear()
        assert not rancher.changes(made)
        again = await rancher.update(made, password="another good password")
        assert again["token"] == made["token"]
        assert not caplog.text  # warned once, when the token was created

        assert not rancher.changes(ends_in(3.1, made))
        assert rancher.changes(ends_in(2.9, made))


@pytest.mark.parametrize("version", ["2.2.8", "2.8.5", "2.15.0"])
async def test_f4_what_a_killed_run_left_behind_is_revoked(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(version, monkeypatch) as rancher:
        killed = await rancher.create()  # its state was never written
        other = await rancher.server.ask(
            "POST", "/v3/tokens", {"type": "token", "description": "somebody's"}, token=killed["token"]
        )
        again = await rancher.create()
        assert not await rancher.works(killed["token"])
        assert await rancher.works(other.body["token"])
        assert DESCRIPTION not in await rancher.listed(again["token"])

        await rancher.run(AdminProvider().delete, "admin", again)
        assert not await rancher.works(again["token"])
        assert await rancher.works(other.body["token"])


async def test_f4_a_session_that_was_never_logged_out_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        with monkeypatch.context() as killed:
            killed.setattr(Rancher, "logout", lambda *_: None)
            made = await rancher.create()
        assert DESCRIPTION in await rancher.listed(made["token"])
        kept = await rancher.update(made, telemetry="in")
        assert kept["token"] == made["token"]
        assert DESCRIPTION not in await rancher.listed(kept["token"])


async def test_f4_a_token_that_cannot_be_revoked_now_is_at_the_next_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        killed = await rancher.create()

        def refuse(*_: object) -> None:
            raise RancherError(500, "refused")

        with monkeypatch.context() as broken:
            broken.setattr(api_token, "_revoke", refuse)
            with pytest.raises(RancherError, match="refused"):
                await rancher.create()
        made = await rancher.create()
        assert not await rancher.works(killed["token"])
        assert DESCRIPTION not in await rancher.listed(made["token"])


async def test_a_window_as_long_as_the_life_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world("2.15.0", monkeypatch) as rancher:
        inputs = {**rancher.inputs, "token_days": 365, "renew_days": 90}
        [failure] = AdminProvider().check({}, inputs).failures
        assert (failure.reason.partition(":")[0], "life of a token, 90 days" in failure.reason) == (
            "renew_days",
            True,
        )
