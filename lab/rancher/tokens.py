"""API tokens: ``/v3/tokens``."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from lab.rancher import identity
from lab.rancher.answers import answer, shown, stamp
from lab.rancher.context import Call, Context, RefusalError
from lab.rancher.resource import Resource
from lab.rancher.state import Object

COOKIE = "R_SESS"
"""Cookie of a browser session."""


def make(
    context: Context, user: Object, *, description: str, ttl: int, session: bool = False
) -> tuple[Object, str]:
    """Creates a token of ``user``; returns it with its value, which is not stored. ``ttl``: milliseconds."""
    name, secret = identity.name("token"), identity.secret()
    token = context.record(
        context.state.tokens,
        name,
        userId=user["id"],
        description=description,
        ttl=ttl,
        session=session,
        enabled=True,
        digest=identity.digest(secret),
    )
    return token, f"{name}:{secret}"


def expiry(token: Object) -> float | None:
    """Returns when a token expires; None for never."""
    made: float = token["created"]
    return made + token["ttl"] / 1000 if token["ttl"] else None


def expired(context: Context, token: Object) -> bool:
    """Whether a token has expired."""
    end = expiry(token)
    return end is not None and context.clock() >= end


def _allowed(call: Call, wanted: int) -> int:
    """Returns the granted lifetime: 0 (unlimited) and values above the maximum become the maximum."""
    longest = int(call.context.setting("auth-token-max-ttl-minutes") or 0) * 60_000
    return longest if longest and (wanted == 0 or wanted > longest) else wanted


def _shown(call: Call, token: Object) -> Object:
    user = call.state.users[token["userId"]]
    labels = {"authn.management.cattle.io/token-userId": user["id"]}
    if token["session"]:
        labels["authn.management.cattle.io/kind"] = "session"
    end = expiry(token)
    principal = (
        f"map[displayName:{user['name']} loginName:{user['username']} me:true "
        f"metadata:map[name:local://{user['id']}] principalType:user provider:local]"
    )
    own = {
        "authProvider": "local",
        "clusterId": None,
        "current": token is call.token,
        "description": token["description"],
        "enabled": token["enabled"],
        "expired": expired(call.context, token),
        "expiresAt": stamp(end) if end is not None else "",
        "isDerived": not token["session"],
        "labels": labels,
        "name": token["id"],
        "ttl": token["ttl"],
        "userId": user["id"],
        "userPrincipal": principal,
    }
    found = shown(call, "token", token, **own)
    del found["annotations"]  # the real ones have none either
    return found


def _all(call: Call) -> Iterator[Object]:
    """Yields the user's own tokens."""
    for token in call.state.tokens.values():
        if token["userId"] == call.user["id"]:
            yield _shown(call, token)


def _create(call: Call) -> Object:
    ttl = call.body.get("ttl", 0)
    if not isinstance(ttl, int) or isinstance(ttl, bool) or ttl < 0:
        raise RefusalError(422, "InvalidFormat", field_name="ttl")
    token, value = make(
        call.context, call.user, description=call.text("description"), ttl=_allowed(call, ttl)
    )
    # The expiry is filled in only after the response.
    return {**_shown(call, token), "token": value, "expiresAt": ""}


def _delete(call: Call, name: str) -> None:
    del call.state.tokens[name]


def _logout(call: Call, _: str) -> web.Response:
    _delete(call, call.token["id"])
    call.context.commit()
    response = answer(None)
    response.del_cookie(COOKIE, path="/")
    return response


RESOURCE = Resource(
    singular="token",
    all=_all,
    create=_create,
    delete=_delete,
    collection_actions={"logout": _logout},
    filters=("userId", "id", "name"),
    counted=False,
)
