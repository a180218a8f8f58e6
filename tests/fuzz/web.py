"""Servers of one input: each request gets a mutated answer, through the program's own HTTP client."""

from __future__ import annotations

import contextlib
import gzip
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any
from unittest import mock

import httpx

from components.runtime import tls
from tests.fuzz.mutation import document, raw, text_of

Answer = tuple[str, int, Any]
"""Pattern of method and path, status, and the body: a JSON document, or bytes."""
_STATUSES = (200, 200, 201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503)
_HEADERS = ("Location", "Content-Encoding", "Retry-After", "Www-Authenticate", "Content-Type", "Link")
_VALUES = (
    "gzip",
    "br",
    "x",
    "-1",
    "1e9",
    "Mon",
    "/",
    "https://[",
    "//",
    "bearer realm=x",
    'Bearer realm="https://r/",',
)
_REAL = httpx.Client
_BOMBS = 0.001
_BOMB_BYTES = 31 * 2**20
"""Just below what the client accepts."""


def mutated(draw: Random, answers: list[Answer]) -> list[tuple[str, int, bytes, dict[str, str]]]:
    """The answers; one to half of them are hostile."""
    hostile = {draw.randrange(len(answers)) for _ in range(draw.choice((1, 2, 4, len(answers) // 2)))}
    found = []
    for number, (pattern, status, body) in enumerate(answers):
        content = body if isinstance(body, bytes) else text_of(Random(0), body)  # noqa: S311
        headers: dict[str, str] = {}
        if number in hostile:
            content = raw(draw, body) if isinstance(body, bytes) else text_of(draw, document(draw, body))
            headers = {draw.choice(_HEADERS): draw.choice(_VALUES)} if draw.random() < 0.1 else {}
        other = draw.choice(_STATUSES) if number in hostile and draw.random() < 0.1 else status
        if number in hostile and draw.random() < _BOMBS:
            content, headers = _bomb(draw.choice((b"{},", b"[[", b'{"":0},'))), {"Content-Encoding": "gzip"}
        found.append((pattern, other, content, headers))
    return found


@cache
def _bomb(part: bytes) -> bytes:
    """Megabytes of JSON in a few kilobytes."""
    return gzip.compress(b'{"items":[' + part * (_BOMB_BYTES // len(part)))


@contextlib.contextmanager
def serving(answers: list[tuple[str, int, bytes, dict[str, str]]]) -> Iterator[None]:
    """Every server gives these answers, and 404 to any other request; time passes by sleeping alone."""

    def handle(request: httpx.Request) -> httpx.Response:
        asked = f"{request.method} {request.url.raw_path.decode()}"
        for pattern, status, content, headers in answers:
            if re.fullmatch(pattern, asked):
                return httpx.Response(status, stream=httpx.ByteStream(content), headers=headers)
        return httpx.Response(404, json={"message": "not found", "code": "NotFound"})

    def client(**given: Any) -> httpx.Client:
        kept = {name: given[name] for name in ("headers", "auth", "timeout") if name in given}
        return _REAL(transport=httpx.MockTransport(handle), trust_env=False, **kept)

    real, slept = time.monotonic, [0.0]

    def sleep(seconds: float) -> None:
        slept[0] += 20 * seconds  # few polls

    with (
        mock.patch.object(httpx, "Client", client),
        mock.patch.object(tls, "trust_only", _trust(tls.trust_only)),
        mock.patch.object(tls, "trust_system", _trust(tls.trust_system)),
        mock.patch("time.sleep", sleep),
        mock.patch("time.monotonic", lambda: real() + slept[0]),
    ):
        yield


@cache
def _trust(make: Callable[..., Any]) -> Callable[..., Any]:
    """Contexts take long to make, and are not what is tested."""
    return cache(make)
