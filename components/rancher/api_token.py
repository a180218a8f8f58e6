"""The stack's API token in Rancher: issued, renewed in time, and the only one that the stack leaves there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from components.rancher.api import Json, Login, Rancher, RancherError
from components.runtime.errors import log
from components.runtime.provider import Properties
from domain.rancher_releases import release

_OUTPUTS = ("token", "token_name", "token_expires", "token_life_days")
_TOKENS = "/v3/tokens"


def longest_life(version: str, token_days: int) -> int:
    """Days that a token of this version lives at most, as long as nobody changed Rancher's own limit."""
    return min(token_days, release(version).longest_token_days or token_days)


def is_due(known: Properties, wanted: Properties) -> bool:
    """Whether the token of ``known`` is unknown, has expired, or is in the last part of its life.

    That part is the share that ``renew_days`` is of the life asked for, so a Rancher that grants shorter
    lives (setting ``auth-token-max-ttl-minutes``) does not get a new token at each update.
    """
    try:
        expires = datetime.fromisoformat(str(known.get("token_expires") or ""))
    except ValueError:
        return True
    asked = longest_life(wanted["version"], wanted["token_days"])
    granted = float(known.get("token_life_days") or asked)
    window = timedelta(days=wanted["renew_days"] * min(granted / asked, 1))
    return expires - datetime.now(UTC) < window


def ensure(rancher: Rancher, login: Login, wanted: Properties, before: Properties) -> Properties:
    """The token of ``before`` while it is valid for long enough, else a new one.

    Every other token and session with the stack's description is revoked: what a killed run left behind, and
    the token that the new one replaces. Only the session of ``login`` remains, for the caller to log out.

    Raises:
        RancherError: Rancher refuses, or does not answer.
    """
    valid = bool(login.token) and login.token == before.get("token")
    if valid and before.get("token_days") == wanted["token_days"] and not is_due(before, wanted):
        kept = {name: before.get(name) for name in _OUTPUTS}
    else:
        kept = _issue(rancher, login, wanted)
    valid_login = Login(str(kept["token"]), login.user)
    replaced = {str(before.get("token_name") or "")} - {"", kept["token_name"]}
    revoke_others(rancher, valid_login, wanted, kept={_name(login)}, gone=replaced)
    return kept


def revoke_others(
    rancher: Rancher,
    login: Login,
    known: Properties,
    *,
    kept: Collection[str] = (),
    gone: Collection[str] = (),
) -> None:
    """Revoke the stack's tokens and sessions, but for that of ``login`` and ``kept``; ``gone`` in any case.

    A login whose answer was lost, or whose process was killed, leaves a session.

    Raises:
        RancherError: Rancher refuses, or does not answer.
    """
    found = set(_left_behind(rancher, login, known)) - {_name(login), *kept}
    for name in sorted(found | set(gone)):
        _revoke(rancher, login, name)


def revoke_all(rancher: Rancher, login: Login, known: Properties) -> None:
    """Revoke every token and session of the stack, that of ``login`` last.

    Raises:
        RancherError: Rancher refuses, or does not answer.
    """
    own = _name(login)
    names = {str(known.get("token_name") or ""), *_left_behind(rancher, login, known)} - {"", own}
    for name in (*sorted(names), own):
        _revoke(rancher, login, name)


def _issue(rancher: Rancher, login: Login, wanted: Properties) -> Properties:
    asked = timedelta(days=wanted["token_days"])
    body = {
        "type": "token",
        "description": wanted["description"],
        "ttl": int(asked.total_seconds() * 1000),
    }
    made = rancher.call("POST", _TOKENS, body, token=login.token, needed=("name", "token"))
    # The answer to the POST has no expiry yet.
    found = rancher.call("GET", f"{_TOKENS}/{made['name']}", token=str(made["token"]))
    life = timedelta(milliseconds=int(found.get("ttl") or body["ttl"]))
    days = life / timedelta(days=1)
    expected = longest_life(wanted["version"], wanted["token_days"])
    if days < expected:
        window = wanted["renew_days"] * days / expected
        log.warning(
            "warning: Rancher grants API tokens %g days instead of %g (its setting "
            "auth-token-max-ttl-minutes). Run `pulumi up` in the last %g days of a token to renew it",
            *(round(days, 2), expected, round(window, 2)),
        )
    return {
        "token": made["token"],
        "token_name": made["name"],
        "token_expires": found.get("expiresAt") or f"{datetime.now(UTC) + life:%Y-%m-%dT%H:%M:%SZ}",
        "token_life_days": days,
    }


def _left_behind(rancher: Rancher, login: Login, wanted: Properties) -> Iterator[str]:
    """Names of the user's tokens and sessions that this stack created."""
    listed: list[Json] = rancher.call("GET", _TOKENS, token=login.token).get("data") or []
    for item in listed:
        if item.get("description") == wanted["description"] and item.get("userId") == login.user:
            yield str(item.get("id"))


def _name(login: Login) -> str:
    """Name of a token or session, with which its value begins."""
    return login.token.partition(":")[0]


def _revoke(rancher: Rancher, login: Login, name: str) -> None:
    try:
        rancher.call("DELETE", f"{_TOKENS}/{name}", token=login.token)
    except RancherError as error:
        # A 401 proves nothing about another token: this login has ended, and that token may still be there.
        gone = {HTTPStatus.NOT_FOUND, *((HTTPStatus.UNAUTHORIZED,) if name == _name(login) else ())}
        if error.status not in gone:
            raise
