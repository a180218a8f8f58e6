"""Login to a vCenter that does not answer, or never ends its answer."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.placement import vcenter_session
from components.runtime import http
from components.runtime.errors import ProviderError
from tests import pki
from tests.placement.fake_vcenter import login

Answer = Callable[[ssl.SSLSocket, bytes], None]
VERSIONS = (
    b'<?xml version="1.0"?><namespaces version="1.0"><namespace><name>urn:vim25</name>'
    b"<version>6.7</version></namespace></namespaces>"
)


def _versions(client: ssl.SSLSocket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(VERSIONS), VERSIONS))


def _silent_at_once(client: ssl.SSLSocket, request: bytes) -> None:
    time.sleep(30)


def _silent_after_versions(client: ssl.SSLSocket, request: bytes) -> None:
    _versions(client) if b"GET" in request else time.sleep(30)


def _drop_by_drop(client: ssl.SSLSocket, request: bytes) -> None:
    if b"GET" in request:
        _versions(client)
        return
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        time.sleep(0.1)
        client.sendall(b" ")


def _another_server(client: ssl.SSLSocket, request: bytes) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@contextmanager
def server(tmp_path: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A TLS server whose CA is trusted; returns ``host:port``."""
    root = pki.root("Our CA")
    leaf = pki.server(root, "localhost")
    (tmp_path / "cas").mkdir()
    (tmp_path / "cas" / "our.crt").write_text(root.pem)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "cas"))
    for name, text in (("leaf.pem", leaf.pem), ("leaf.key", leaf.key_pem)):
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem", tmp_path / "leaf.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(raw: socket.socket) -> None:
        try:
            client = context.wrap_socket(raw, server_side=True)
            while request := client.recv(65536):
                answer(client, request)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"localhost:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_silent_at_once, "timed out"),
        (_silent_after_versions, "timed out|no complete answer within"),
        (_drop_by_drop, "no complete answer within 0.5 s"),
        (_another_server, "it is not a vCenter"),
    ],
)
def test_r7_every_request_has_a_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str
) -> None:
    monkeypatch.setattr(vcenter_session, "_SECONDS", 0.5)
    monkeypatch.setattr(http, "_READ_SECONDS", 0.5)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with server(tmp_path, answer, monkeypatch) as address:
        began = time.monotonic()
        with (
            pytest.raises(ProviderError, match=f"vCenter {address} cannot be used .*({words})") as error,
            vcenter_session.content(login(server=address)),
        ):
            pass
        assert time.monotonic() - began < 10
    assert "hidden" not in str(error.value)


def test_an_untrusted_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(tmp_path, _another_server, monkeypatch) as address:
        monkeypatch.delenv("SSL_CERT_DIR")
        with (
            pytest.raises(
                ProviderError, match=r"is not trusted: unable to get local issuer certificate. Set SSL"
            ),
            vcenter_session.content(login(server=address)),
        ):
            pass


def test_missing_credentials() -> None:
    with (
        pytest.raises(ProviderError, match=r"no credentials for vCenter: vspherePassword \(environment"),
        vcenter_session.content(login(password="")),
    ):
        pass
