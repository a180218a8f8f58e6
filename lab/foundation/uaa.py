"""UAA: tokens of the PKS API (docs-pks 1.5 ``_uaa``: 600 s access, 21600 s refresh) and of the BOSH Director.

Tokens contain their claims and a signature, so they survive a restart of the foundation; their format is
invented (UAA's are JWTs). Faults: ``lab.faults``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from aiohttp import encode_basic_auth, web

from lab.faults import fault
from lab.foundation.http import faulty
from lab.layout import Lab

ACCESS_SECONDS = 600
REFRESH_SECONDS = 21600
_PERSONAL = encode_basic_auth("pks_cli", "")
"""Client for logins of users; it has no secret."""


class Uaa:
    """Issues and checks tokens.

    Args:
        lab: The lab.
        system: Whose clients and users it knows: ``pks`` or ``bosh``.
        part: Its name in the faults file.
        scope: What its tokens permit.
    """

    def __init__(
        self, lab: Lab, system: str = "pks", part: str = "uaa", scope: str = "pks.clusters.admin"
    ) -> None:
        self._lab, self._part, self._scope = lab, part, scope
        self._credentials: dict[str, str] = json.loads(lab.credentials.read_text())[system]
        self._key = self._credentials["client_secret"].encode()

    def application(self) -> web.Application:
        """Returns the application of the UAA's port."""
        app = web.Application(middlewares=[faulty(self._lab, self._part)])
        app.add_routes([web.post("/oauth/token", self._token)])
        return app

    def valid(self, request: web.Request) -> bool:
        """Whether the request has a valid access token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._claims(token, "access") is not None

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        grant, injected = form.get("grant_type"), fault(self._lab, self._part)
        client = request.headers.get("Authorization", "")
        subject = None if injected.get("reject") else self._subject(grant, client, form)
        if subject is None:
            body = {"error": "unauthorized", "error_description": "Bad credentials"}
            return web.json_response(body, status=401)
        seconds = float(injected.get("access_seconds", ACCESS_SECONDS))
        answer: dict[str, Any] = {
            "access_token": self._issue(subject, "access", seconds),
            "token_type": "bearer",
            "expires_in": int(seconds),
            "scope": self._scope,
            "jti": secrets.token_hex(16),
        }
        if grant != "client_credentials":
            lifetime = float(injected.get("refresh_seconds", REFRESH_SECONDS))
            answer["refresh_token"] = self._issue(subject, "refresh", lifetime)
        return web.json_response(answer)

    def _subject(self, grant: object, client: str, form: Any) -> str | None:
        """Returns the authenticated user or client; None if the credentials are rejected."""
        known = self._credentials
        if grant == "client_credentials":
            accepted = client == encode_basic_auth(known["client"], known["client_secret"])
            return known["client"] if accepted else None
        if client != _PERSONAL or "username" not in known:
            return None
        if grant == "password":
            accepted = (form.get("username"), form.get("password")) == (known["username"], known["password"])
            return known["username"] if accepted else None
        claims = self._claims(str(form.get("refresh_token", "")), "refresh")
        return claims["sub"] if claims and grant == "refresh_token" else None

    def _issue(self, subject: str, kind: str, seconds: float) -> str:
        now = time.time()
        claims = json.dumps({"sub": subject, "kind": kind, "iat": now, "exp": now + seconds}).encode()
        body = base64.urlsafe_b64encode(claims).decode()
        return f"{body}.{self._sign(body)}"

    def _claims(self, token: str, kind: str) -> dict[str, Any] | None:
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            return None
        try:
            claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError):
            return None
        revoked = float(fault(self._lab, self._part).get("revoked_before", 0))
        live = claims["exp"] > time.time() and claims["iat"] >= revoked
        return claims if live and claims["kind"] == kind else None

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()
