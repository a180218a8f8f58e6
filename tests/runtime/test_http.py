"""The one HTTPS client: verified, bounded, repeated only where that does no harm, and discreet."""

from __future__ import annotations

import gzip
import socket
import threading

import pytest

from components.runtime import http, tls
from components.runtime.errors import ProviderError, TransientError
from components.runtime.http import HttpClient, HttpError, Server, UnreachableError
from tests import pki
from tests.servers import ADDRESS, Request, Response, serve
from tests.servers import Server as TestServer

NAME = "api.example.com"
CA = pki.root()
IDENTITY = pki.server(CA, NAME)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def client(server: TestServer, **more: object) -> HttpClient:
    given = {"url": server.url.replace(ADDRESS, NAME), "address": ADDRESS, **more}
    return HttpClient(Server(name="the API", trust=tls.trust_only(CA.pem), **given))  # type: ignore[arg-type]


def test_the_address_is_fixed_and_the_name_verified() -> None:
    with serve(lambda _: Response(body={"a": 1}), identity=IDENTITY) as server:
        with client(server) as api:
            assert api.request("GET", "/x?y=1").object() == {"a": 1}
        assert server.requests[0].headers["host"] == f"{NAME}:{server.port}"
        with (
            client(server, tls_name="other.example.com") as api,
            pytest.raises(HttpError, match="CERTIFICATE_VERIFY") as caught,
        ):
            api.request("GET", "/")
        assert not isinstance(caught.value, TransientError), "another try would not help"


def test_a_read_is_repeated_and_a_write_sent_once() -> None:
    starting = Response(503, {"message": "starting"})
    with serve(lambda _: starting, identity=IDENTITY) as server, client(server) as api:
        with pytest.raises(UnreachableError, match=r"^the API: GET /a: status 503: starting$"):
            api.request("GET", "/a?token=x")
        assert len(server.requests) == 4
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            server.requests.clear()
            with pytest.raises(UnreachableError):
                api.request(method, "/a", {"b": 1})
            assert len(server.requests) == 1
        server.requests.clear()
        with pytest.raises(UnreachableError):
            api.request("PUT", "/a", {"b": 1}, repeatable=True)
        assert len(server.requests) == 4


def test_a_passing_failure_is_not_noticed() -> None:
    answers = [Response(429), Response(502), Response(body={"ok": True})]
    with serve(lambda _: answers.pop(0), identity=IDENTITY) as server, client(server) as api:
        assert api.request("GET", "/").object() == {"ok": True}


def test_a_refusal_has_its_reason_and_no_secret() -> None:
    def answer(request: Request) -> Response:
        return Response(400, {"message": f"no {request.headers['authorization']}"})

    with (
        serve(answer, identity=IDENTITY) as server,
        client(server, headers={"Authorization": "Bearer t0ken-t0ken"}, secrets=("t0ken-t0ken",)) as api,
        pytest.raises(HttpError) as caught,
    ):
        api.request("GET", "/")
    assert "no Bearer [secret]" in str(caught.value)


@pytest.mark.parametrize("token", ["t0ken-t0ken\n", "t0k\x00en-t0ken", "t0ken-t0k\u20ac"])
def test_s4_a_value_that_is_no_header_is_not_quoted(token: str) -> None:
    with serve(lambda _: Response(), identity=IDENTITY) as server:
        with client(server) as api, pytest.raises(ProviderError) as caught:
            api.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
        assert "t0k" not in str(caught.value)
        assert server.requests == []


def test_s9_an_answer_that_is_not_json_is_not_quoted() -> None:
    with (
        serve(lambda _: Response(500, "<html>s3cret of a proxy</html>"), identity=IDENTITY) as server,
        client(server) as api,
        pytest.raises(HttpError) as caught,
    ):
        api.request("POST", "/")
    assert "s3cret" not in str(caught.value)
    assert "status 500" in str(caught.value)


def test_s9_a_bomb_is_not_unpacked() -> None:
    answer = Response(200, gzip.compress(bytes(64 * 2**20)), {"Content-Encoding": "gzip"})
    with (
        serve(lambda _: answer, identity=IDENTITY) as server,
        client(server) as api,
        pytest.raises(HttpError, match="more than 1000000 bytes"),
    ):
        api.request("GET", "/", most_bytes=1_000_000)


def test_s9_a_slow_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TOTAL_SECONDS", 0.3)

    pause = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                for _ in range(100):
                    connection.sendall(b"x")
                    pause.wait(0.05)
            except OSError:
                return

    with socket.create_server((ADDRESS, 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}"
        server = Server(name="the API", url=url, trust=tls.trust_system())
        with HttpClient(server) as api, pytest.raises(UnreachableError, match="not complete"):
            api.request("GET", "/", repeatable=False)


def test_s8_a_redirect_is_an_answer_and_not_followed() -> None:
    with (
        serve(lambda _: Response(), identity=IDENTITY) as other,
        serve(lambda _: Response(302, "", {"Location": other.url}), identity=IDENTITY) as server,
        client(server, basic=("user", "password-1")) as api,
    ):
        found = api.request("POST", "/", {"a": 1})
        assert (found.status, found.headers["location"]) == (302, other.url)
        assert other.requests == []


def test_user_information_of_a_url_is_not_sent_or_shown() -> None:
    with serve(lambda _: Response(404), identity=IDENTITY) as server:
        url = server.url.replace("https://", "https://user:s3cret@").replace(ADDRESS, NAME)
        with client(server, url=url) as api, pytest.raises(HttpError) as caught:
            api.request("GET", "/")
        assert "s3cret" not in str(caught.value)
        assert "authorization" not in server.requests[0].headers
