"""Login and authentication of requests."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from aiohttp import web

from lab.rancher import identity, tokens
from lab.rancher.answers import answer, stamp
from lab.rancher.context import CONTEXT, Call, Context, RefusalError, read_body
from lab.rancher.state import Object


async def login(request: web.Request) -> web.Response:
    """Handles ``POST /v3-public/localProviders/local?action=login`` and ``POST /v1-public/login``.

    A ``ttl`` is ignored: the setting auth-user-session-ttl-minutes determines the lifetime of a session.
    """
    context = request.app[CONTEXT]
    body = await read_body(request)
    user = _user_of(context, str(body.get("username") or ""), str(body.get("password") or ""))
    if request.path.startswith("/v1-public") and body.get("type") != "localProvider":
        user = None
    if user is None:
        raise RefusalError(401, "Unauthorized", "authentication failed")
    user["lastLogin"] = int(context.clock())
    minutes = int(context.setting("auth-user-session-ttl-minutes"))
    token, value = tokens.make(
        context, user, description=str(body.get("description") or ""), ttl=minutes * 60_000, session=True
    )
    context.commit()
    if body.get("responseType") == "cookie":
        response = answer(None)
        response.set_cookie(tokens.COOKIE, value, path="/", secure=True, httponly=True)
        return response
    shown = {"baseType": "token", "type": "token", "id": token["id"], "token": value}
    return answer({**shown, "expiresAt": stamp(tokens.expiry(token) or 0)}, 201)


def _user_of(context: Context, username: str, password: str) -> Object | None:
    for user in context.state.users.values():
        if user["username"] == username and user["enabled"] and identity.matches(password, user["password"]):
            return user
    return None


async def authenticate(request: web.Request) -> Call | None:
    """Returns the authenticated caller; None if the request has no valid token."""
    context = request.app[CONTEXT]
    name, _, secret = _credentials(request.headers, request.cookies).partition(":")
    token = context.state.tokens.get(name)
    if token is None or not hmac.compare_digest(token["digest"], identity.digest(secret)):
        return None
    user = context.state.users.get(token["userId"])
    if user is None or not user["enabled"] or not token["enabled"] or tokens.expired(context, token):
        return None
    return Call(context, request, user, token, await read_body(request))


def _credentials(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """Returns ``<token name>:<secret>`` from a bearer token, a basic login or the session's cookie."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return cookies.get(tokens.COOKIE, "")


def unauthenticated() -> web.Response:
    """Returns the response to an unauthenticated request. Its status is a text, and it has no code."""
    return answer({"type": "error", "status": "401", "message": "Unauthorized 401: must authenticate"}, 401)
