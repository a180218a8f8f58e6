"""A server that asks for a pause: the header Retry-After, for reads alone and within a deadline."""

from __future__ import annotations

import time

import pytest

from components.runtime import tls
from components.runtime.http import HttpClient, UnreachableError
from components.runtime.http import Server as Target
from tests import pki
from tests.servers import ADDRESS, Request, Response, serve


@pytest.mark.parametrize(
    ("header", "within", "tries", "pause"),
    [
        ("1", 60.0, 2, 0.9),
        ("", 60.0, 2, 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 60.0, 2, 0.0),
        ("-5", 60.0, 2, 0.0),
        ("1" * 400, 60.0, 1, 0.0),
        ("3600", 60.0, 1, 0.0),
        ("2", 1.0, 1, 0.0),
    ],
)
def test_a9_a_pause_that_the_server_asks_for(header: str, within: float, tries: int, pause: float) -> None:
    authority = pki.root()
    first = [Response(503, {"message": "busy"}, {"Retry-After": header} if header else {})]

    def answer(_: Request) -> Response:
        return first.pop() if first else Response(200, {"ok": True})

    with serve(answer, identity=pki.server(authority, ADDRESS)) as server:
        target = Target(name="it", url=server.url, trust=tls.trust_only(authority.pem))
        start = time.monotonic()
        with HttpClient(target) as client:
            if tries == 1:
                with pytest.raises(UnreachableError, match="status 503: busy"):
                    client.request("GET", "/", within=within)
            else:
                assert client.request("GET", "/", within=within).object() == {"ok": True}
    assert len(server.requests) == tries
    assert time.monotonic() - start >= pause


def test_a9_a_write_is_sent_once() -> None:
    authority = pki.root()
    busy = Response(429, {"message": "busy"}, {"Retry-After": "0"})
    identity = pki.server(authority, ADDRESS)
    with (
        serve(lambda _: busy, identity=identity) as server,
        HttpClient(Target(name="it", url=server.url, trust=tls.trust_only(authority.pem))) as client,
        pytest.raises(UnreachableError, match="status 429"),
    ):
        client.request("POST", "/", {})
    assert len(server.requests) == 1
