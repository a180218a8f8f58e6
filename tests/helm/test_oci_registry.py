"""Charts in OCI registries: a real one, and answers that it does not give."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.helm.chart_repository import resolve
from domain.charts import ChartReference
from tests import pki
from tests.helm import registry as registries
from tests.helm.registry import BASIC, PASSWORD, USER, Registry, TokenServer
from tests.servers import ADDRESS, Request, Response, Server, serve

CHART: dict[str, Any] = {
    "apiVersion": "v2",
    "name": "rancher",
    "version": "2.15.0+up1",
    "appVersion": "v2.15.0",
    "kubeVersion": "< 1.37.0-0",
}


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, str]:
    """A folder of a registry with a chart and an image in it, and the digest of the chart."""
    with registries.running(tmp_path) as registry:
        digest = registry.push("team/charts/rancher", CHART)
        registry.push("team/charts/rancher", {**CHART, "version": "2.14.1"})
        registry.push("team/image", CHART, "application/vnd.oci.image.config.v1+json")
    return tmp_path, digest


def reference(registry: Registry, **changes: str) -> ChartReference:
    values = {
        "chart": "rancher",
        "repository": f"{registry.address}/team/charts",
        "version": "2.15.0+up1",
        "ca_file": str(registry.ca_file),
        "username": USER,
        "password": PASSWORD,
    }
    return ChartReference(**{**values, **changes})


@contextmanager
def token_registry(folder: Path) -> Iterator[tuple[Registry, TokenServer]]:
    """A registry that wants tokens. Its token server has a certificate of the same CA."""
    tokens, ca = TokenServer(folder), pki.root("CA of the token server")
    with (
        serve(tokens.answer, identity=pki.server(ca, ADDRESS)) as server,
        registries.running(folder, tokens.auth(server.url)) as registry,
    ):
        with (folder / "ca.pem").open("a") as bundle:
            bundle.write(ca.pem)
        yield registry, tokens


@contextmanager
def basic_registry(folder: Path) -> Iterator[tuple[Registry, None]]:
    with registries.running(folder, registries.basic_auth(folder)) as registry:
        yield registry, None


@pytest.mark.parametrize("kind", [basic_registry, token_registry])
def test_c5_login(stored: tuple[Path, str], kind: Callable[[Path], Any]) -> None:
    folder, digest = stored
    with kind(folder) as (registry, _):
        found = resolve(reference(registry))
        assert (found.version, found.kubernetes, found.digest) == ("2.15.0+up1", "< 1.37.0-0", digest)
        with pytest.raises(ChartError, match=r"no version '2\.14\.9' .* versions: 2\.15\.0\+up1, 2\.14\.1"):
            resolve(reference(registry, version="2.14.9"))
        with pytest.raises(ChartError, match="has no chart 'ranger'"):
            resolve(reference(registry, chart="ranger"))
        for login in ({"password": "wrong-one"}, {"username": "", "password": ""}):
            with pytest.raises(ChartError, match="access is denied") as caught:
                resolve(reference(registry, **login))
            assert caught.value.properties == ("username",)
            assert "wrong-one" not in str(caught.value)


def test_token_without_a_login(stored: tuple[Path, str]) -> None:
    with token_registry(stored[0]) as (registry, tokens):
        tokens.anonymous = True
        assert resolve(reference(registry, username="", password="")).version == "2.15.0+up1"


def test_open_registry_and_what_is_no_chart(stored: tuple[Path, str]) -> None:
    with registries.running(stored[0]) as registry:
        assert resolve(reference(registry, username="")).name == "rancher"
        image = reference(registry, repository=f"{registry.address}/team", chart="image")
        with pytest.raises(ChartError, match=r"/team/image is not a Helm chart"):
            resolve(image)


def fake(challenge: str, accepted: str, tokens: Response | None = None) -> Callable[[Request], Response]:
    """A registry whose 401 has this challenge, and which accepts this header ``Authorization``."""

    def answer(request: Request) -> Response:
        if request.path.startswith("/token"):
            return tokens or Response(body={"access_token": "t0ken"})
        if request.headers.get("authorization", "") != accepted:
            return Response(401, headers={"WWW-Authenticate": challenge.format(host=request.headers["host"])})
        if request.path.endswith("/manifests/2.15.0"):
            return Response(body={"config": {"digest": "sha256:c0"}})
        return Response(body={**CHART, "version": "2.15.0"})

    return answer


@contextmanager
def served(tmp_path: Path, answer: Callable[[Request], Response]) -> Iterator[tuple[Server, ChartReference]]:
    ca = pki.root()
    (tmp_path / "ca.pem").write_text(ca.pem)
    with serve(answer, identity=pki.server(ca, ADDRESS)) as server:
        address = f"oci://{ADDRESS}:{server.port}/charts"
        yield (
            server,
            ChartReference("rancher", address, "2.15.0", str(tmp_path / "ca.pem"), USER, PASSWORD),
        )


BEARER = 'Bearer realm="https://{host}/token",service="r",scope="repository:charts/rancher:pull,push"'


@pytest.mark.parametrize(
    ("challenge", "accepted"),
    [
        (f'Basic realm="x", {BEARER}', "Bearer t0ken"),
        (f'{BEARER}, Basic realm="x"', "Bearer t0ken"),
        (f'Negotiate, NTLM TlRMTVNT=, {BEARER}, Basic realm="a, b"', "Bearer t0ken"),
        (BEARER.replace("Bearer", "bearer"), "Bearer t0ken"),
        ('Bearer realm="https://{host}/token"', "Bearer t0ken"),
        (f'{BEARER}, Basic realm="x"', BASIC),
        ("Basic", BASIC),
        ("Negotiate, basic realm=x", BASIC),
        ("", BASIC),
    ],
)
def test_c5_the_challenge_that_fits_is_answered(tmp_path: Path, challenge: str, accepted: str) -> None:
    with served(tmp_path, fake(challenge, accepted)) as (server, wanted):
        assert resolve(wanted).version == "2.15.0"
    asked = [request for request in server.requests if request.path.startswith("/token")]
    for request in asked:
        assert "scope=repository%3Acharts%2Francher%3Apull" in request.path
        assert request.headers["authorization"] == BASIC


def test_token_service_that_refuses_leaves_the_login(tmp_path: Path) -> None:
    with served(tmp_path, fake(f'{BEARER}, Basic realm="x"', BASIC, Response(401))) as (_, wanted):
        assert resolve(wanted).version == "2.15.0"


@pytest.mark.parametrize(
    ("challenge", "tokens", "expected"),
    [
        ('Bearer realm="http://{host}/token"', None, "has no https:// URL"),
        (BEARER, Response(body={"token": ["x"]}), "returned no token"),
        (BEARER, Response(body={"token": "a\r\nb"}), "returned no token"),
        (BEARER, Response(401), "access is denied: .* GET /token: status 401"),
        ("Negotiate", None, "access is denied"),
    ],
)
def test_logins_that_fail(tmp_path: Path, challenge: str, tokens: Response | None, expected: str) -> None:
    with (
        served(tmp_path, fake(challenge, "Bearer t0ken", tokens)) as (_, wanted),
        pytest.raises(ChartError, match=expected) as caught,
    ):
        resolve(wanted)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("body", ["[]", "{", '{"config": 1}', '{"config": {"digest": 5}}', '{"config": {}}'])
def test_answers_that_are_not_manifests(tmp_path: Path, body: str) -> None:
    with (
        served(tmp_path, lambda _: Response(body=body)) as (_, wanted),
        pytest.raises(ChartError, match="is not a Helm chart"),
    ):
        resolve(wanted)


@contextmanager
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The first line of each request to a proxy that refuses everything."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode().strip())
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer((ADDRESS, 0), Handler) as server:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://{ADDRESS}:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield asked
        server.shutdown()


@pytest.mark.parametrize(
    ("repository", "host"),
    [
        ("oci://docker.io/bitnamicharts", "registry-1.docker.io"),
        ("oci://registry-1.docker.io/bitnamicharts", "registry-1.docker.io"),
        ("oci://ghcr.io/charts", "ghcr.io"),
    ],
)
def test_c5_docker_hub(monkeypatch: pytest.MonkeyPatch, repository: str, host: str) -> None:
    with proxy(monkeypatch) as asked:
        with pytest.raises(ChartUnreachableError):
            resolve(ChartReference("nginx", repository, "1.0.0"))
        assert asked == [f"CONNECT {host}:443 HTTP/1.1"]


def test_login_is_not_sent_to_storage_elsewhere(tmp_path: Path) -> None:
    """Registries redirect blobs to storage with signed URLs, which refuse another authorization."""
    seen: list[str | None] = []

    def storage(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response(body={**CHART, "version": "2.15.0"})

    def answer(request: Request) -> Response:
        if "/blobs/" in request.path:
            return Response(307, headers={"Location": f"{other.url}/blob?X-Amz-Signature=abc"})
        return fake("Basic", BASIC)(request)

    with serve(storage) as other, served(tmp_path, answer) as (_, wanted):
        assert resolve(wanted).version == "2.15.0"
    assert other.paths == ["GET /blob?X-Amz-Signature=abc"]
    assert seen == [None]
