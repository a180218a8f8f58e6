"""A simulated Rancher without a cluster, whose clock the test moves."""

from __future__ import annotations

import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from lab.rancher.context import Context
from lab.rancher.first_start import begin
from lab.rancher.server import application
from lab.rancher.state import State

HOST = "rancher.example.com"
FIRST = "the-first-password"
START = datetime.datetime(2026, 11, 23, 7, 16, 53, tzinfo=datetime.UTC).timestamp()
_LOGIN = "/v3-public/localProviders/local?action=login"


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    text: str
    headers: dict[str, str]


@dataclass
class Server:
    """One server and a client of it; ``token`` is sent along."""

    url: str
    client: aiohttp.ClientSession
    context: Context
    now: list[float]
    fault: dict[str, Any]
    token: str = field(default="", repr=False)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now[0] += seconds

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, **headers: str
    ) -> Answer:
        """One request through a proxy that ends TLS, as the ingress does; an empty ``token`` sends none."""
        sent = {"X-Forwarded-Proto": "https", "Host": HOST, **headers}
        known = self.token if token is None else token
        if known:
            sent["Authorization"] = f"Bearer {known}"
        async with self.client.request(
            method, self.url + path, json=body, headers=sent, allow_redirects=False
        ) as response:
            text = await response.text()
            value = await response.json(content_type=None) if text.startswith("{") else None
            found = {name.lower(): entry for name, entry in response.headers.items()}
            return Answer(response.status, value, text, found)

    async def login(self, password: str = FIRST, username: str = "admin") -> Answer:
        """Log in, and stay so when it works."""
        answer = await self.ask("POST", _LOGIN, {"username": username, "password": password}, token="")
        if answer.status == 201:
            self.token = answer.body["token"]
        return answer


@contextlib.asynccontextmanager
async def serving(
    version: str = "v2.15.0",
    *,
    password: str = FIRST,
    ca: str = "",
    now: float = START,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """A server of ``version``, started for the first time.

    With ``tls`` it ends TLS itself, for a client that verifies it.
    """
    clock, fault = [now], dict[str, Any]()
    context = Context(
        State(),
        lambda: version,
        seed="seed",
        clock=lambda: clock[0],
        ca=lambda: ca,
        fault=lambda: fault,
    )
    begin(context, password)
    runner = web.AppRunner(application(context), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        # The test looks behind TLS without verifying it.
        connector = aiohttp.TCPConnector(ssl=False) if tls else None
        async with aiohttp.ClientSession(connector=connector) as client:
            yield Server(url, client, context, clock, fault)
    finally:
        await runner.cleanup()
