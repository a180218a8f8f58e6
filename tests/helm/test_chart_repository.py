"""Charts in a repository and on disk: what is found, and what is refused."""

from __future__ import annotations

import base64
import gzip
import io
import shutil
import socketserver
import tarfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.helm.chart_repository import resolve
from components.runtime import http
from components.runtime.errors import ProviderError
from domain.charts import ChartReference
from tests import pki
from tests.servers import ADDRESS, Request, Response, Server, serve

CHART = {"name": "rancher", "version": "2.15.0", "appVersion": "v2.15.0", "kubeVersion": "< 1.37.0-0"}
INDEX: dict[str, Any] = {
    "entries": {
        "rancher": [
            {**CHART, "digest": "abc", "urls": ["charts/rancher-2.15.0.tgz"]},
            {**CHART, "version": "2.14.1", "urls": ["charts/rancher-2.14.1.tgz"]},
            {**CHART, "version": "2.2.8", "urls": ["charts/gone.tgz"]},
        ]
    }
}


def repository(request: Request) -> Response:
    """``/stable`` is a chart repository for user ``me``."""
    login = "Basic " + base64.b64encode(b"me:s3cret").decode()
    if request.headers.get("authorization") != login:
        return Response(401)
    if request.path == "/stable/index.yaml":
        return Response(body=yaml.safe_dump(INDEX))
    found = request.path in {"/stable/charts/rancher-2.15.0.tgz", "/stable/charts/rancher-2.14.1.tgz"}
    return Response(200 if found else 404, b"archive")


def reference(server: Server, **changes: str) -> ChartReference:
    values = {
        "chart": "rancher",
        "repository": f"{server.url}/stable",
        "version": "2.15.0",
        "username": "me",
        "password": "s3cret",
    }
    return ChartReference(**{**values, **changes})


def test_chart_of_a_repository() -> None:
    with serve(repository) as server:
        found = resolve(reference(server, repository=f"{server.url}/stable/"))
    assert (found.name, found.app_version, found.kubernetes) == ("rancher", "v2.15.0", "< 1.37.0-0")
    assert found.digest == "sha256:abc"
    assert server.paths == ["GET /stable/index.yaml", "GET /stable/charts/rancher-2.15.0.tgz"]


@pytest.mark.parametrize(
    ("changes", "property", "message"),
    [
        (
            {"version": "2.14.9"},
            "version",
            r"no version '2\.14\.9' of chart 'rancher'\. Choose one of its versions: 2\.15\.0, 2\.14\.1",
        ),
        ({"chart": "ranger"}, "chart", r"has no chart 'ranger'\. Its charts: rancher$"),
        (
            {"version": "2.2.8"},
            "repository",
            r"index\.yaml lists an archive that does not exist: .*/charts/gone\.tgz: status 404",
        ),
        (
            {"password": "wrong"},
            "username",
            r"access is denied: .* status 401: .*\. Set user name and password",
        ),
    ],
)
def test_refusals_of_a_repository(changes: dict[str, str], property: str, message: str) -> None:
    with serve(repository) as server, pytest.raises(ChartError, match=message) as caught:
        resolve(reference(server, **changes))
    assert caught.value.properties == (property,)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (Response(404), ChartError, "is not a chart repository"),
        (Response(200, "<html>"), ChartError, "its index.yaml is invalid"),
        (Response(200, "entries: {rancher: [{}]}"), ChartError, "has no chart 'rancher'"),
        (Response(503), ChartUnreachableError, "status 503"),
        (Response(429), ChartUnreachableError, "status 429"),
        (Response(418), ChartError, "status 418"),
    ],
)
def test_other_answers(answer: Response, kind: type[Exception], message: str) -> None:
    with serve(lambda _: answer) as server, pytest.raises(kind, match=message):
        resolve(reference(server))


@pytest.mark.parametrize("address", [f"http://{ADDRESS}:1", "http://charts.invalid"])
def test_unreachable(address: str) -> None:
    with pytest.raises(ChartUnreachableError, match=r"is unreachable: .*: no answer"):
        resolve(ChartReference("rancher", address, "2.15.0"))


def test_certificate_of_a_repository(tmp_path: Path) -> None:
    ca = pki.root()
    trusted, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    trusted.write_text(ca.pem)
    other.write_text(pki.root("Another CA").pem)
    with serve(repository, identity=pki.server(ca, ADDRESS)) as server:
        assert resolve(reference(server, ca_file=str(trusted))).version == "2.15.0"
        for file in ("", str(other)):
            with pytest.raises(ChartError, match=r"certificate is not trusted: .*\. Set the CA file"):
                resolve(reference(server, ca_file=file))
        with pytest.raises(ProviderError, match="cannot be read") as caught:
            resolve(reference(server, ca_file=str(tmp_path)))
        assert caught.value.properties == ("ca_file",)


def test_login_is_not_sent_to_another_host() -> None:
    seen: list[str | None] = []

    def archives(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response()

    with serve(archives) as other:
        entry = {**CHART, "urls": [f"{other.url}/rancher.tgz"]}
        with serve(lambda _: Response(body=yaml.safe_dump({"entries": {"rancher": [entry]}}))) as server:
            resolve(reference(server))
    assert seen == [None]
    assert server.requests[0].headers["authorization"].startswith("Basic ")


def test_local_chart(tmp_path: Path) -> None:
    folder = tmp_path / "rancher"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump(CHART))
    by_folder = ChartReference(str(folder), "https://not-used.example.com", "2.15.0")
    assert by_folder.is_local
    first = resolve(by_folder)
    (folder / "templates" / "x.yaml").write_text("kind: X")
    assert resolve(by_folder).digest != first.digest

    archive = tmp_path / "rancher-2.15.0.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "rancher")
    assert resolve(ChartReference(str(archive), "", "2.15.0")).kubernetes == "< 1.37.0-0"

    with pytest.raises(ChartError, match=r"has version 2\.15\.0, not 2\.14\.0") as caught:
        resolve(ChartReference(str(folder), "", "2.14.0"))
    assert caught.value.properties == ("version",)
    shutil.rmtree(folder)
    with pytest.raises(ChartError, match=r"is not a chart \(Chart.yaml is missing\)") as caught:
        resolve(by_folder)
    assert caught.value.properties == ("chart",)


def test_archive_without_a_chart(tmp_path: Path) -> None:
    archive = tmp_path / "x.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("x/README"), io.BytesIO())
    with pytest.raises(ChartError, match="is not a chart"):
        resolve(ChartReference(str(archive), "", "1.0.0"))


def index_of(*entries: dict[str, Any]) -> Response:
    return Response(body=yaml.safe_dump({"apiVersion": "v1", "entries": {"rancher": list(entries)}}))


@pytest.mark.parametrize("path", ["/charts", "/charts/", ""])
@pytest.mark.parametrize("archive", ["rancher.tgz", "sub/rancher.tgz", "./rancher.tgz", "/srv/rancher.tgz"])
def test_c4_query_of_the_repository(path: str, archive: str) -> None:
    """Such as a shared access signature: the path is joined, the query kept, for the archive too."""
    query = "sv=2024-05-04&sp=rl&sig=ab%2Fc%3D"

    def answer(request: Request) -> Response:
        if not request.path.endswith(f"?{query}"):
            return Response(403)
        return index_of({**CHART, "urls": [archive]}) if "index.yaml" in request.path else Response()

    with serve(answer) as server:
        resolve(ChartReference("rancher", f"{server.url}{path}?{query}", "2.15.0"))
    folder = path.rstrip("/")
    place = archive if archive.startswith("/") else f"{folder}/{archive.removeprefix('./')}"
    assert server.paths == [f"GET {folder}/index.yaml?{query}", f"GET {place}?{query}"]


def test_c4_archive_with_a_url_of_its_own() -> None:
    """An absolute URL is taken as it is: it has its own signature."""
    with serve(lambda _: Response()) as storage:
        entry = {**CHART, "urls": [f"{storage.url}/rancher.tgz?sig=own"]}
        with serve(lambda _: index_of(entry)) as server:
            resolve(ChartReference("rancher", f"{server.url}/charts?sig=abc", "2.15.0"))
    assert storage.paths == ["GET /rancher.tgz?sig=own"]


@pytest.mark.parametrize(
    "answer",
    [
        Response(403),
        Response(404),
        Response(503),
        Response(302, headers={"Location": "ftp://x/?sig=t0psecret"}),
    ],
)
def test_c4_the_query_is_in_no_message(answer: Response) -> None:
    with serve(lambda _: answer) as server, pytest.raises(ProviderError) as caught:
        resolve(ChartReference("rancher", f"{server.url}/charts?sig=t0psecret", "2.15.0"))
    assert "t0psecret" not in str(caught.value)


def test_index_and_archive_redirect_to_signed_storage() -> None:
    def stored(request: Request) -> Response:
        if "authorization" in request.headers or "X-Signature" not in request.path:
            return Response(400)
        return index_of({**CHART, "urls": ["rancher.tgz"]}) if "/index" in request.path else Response()

    with serve(stored) as storage:

        def answer(request: Request) -> Response:
            name = request.path.rpartition("/")[2]
            return Response(302, headers={"Location": f"{storage.url}/bucket/{name}?X-Signature=1"})

        with serve(answer) as server:
            assert resolve(reference(server)).version == "2.15.0"
    # Relative to the repository, not to where its index was.
    assert server.paths == ["GET /stable/index.yaml", "GET /stable/rancher.tgz"]


def test_redirect_within_the_repository_keeps_the_login() -> None:
    def answer(request: Request) -> Response:
        if request.path.startswith("/stable"):
            return Response(301, headers={"Location": request.path.replace("/stable", "/moved")})
        return repository(Request("GET", request.path.replace("/moved", "/stable"), request.headers, b""))

    with serve(answer) as server:
        assert resolve(reference(server)).version == "2.15.0"


@pytest.mark.parametrize("target", ["", "/stable/index.yaml", "file:///etc/passwd", "http://[", "//"])
def test_redirects_that_lead_nowhere(target: str) -> None:
    with serve(lambda _: Response(302, headers={"Location": target})) as server, pytest.raises(ChartError):
        resolve(reference(server))
    assert len(server.requests) <= 11


@pytest.mark.parametrize(
    "entries",
    [
        "",
        "null",
        "{}",
        "[]",
        "nonsense",
        "{rancher: }",
        "{rancher: []}",
        "{rancher: [null]}",
        "{rancher: {version: 2.15.0}}",
        "{rancher: [{name: rancher}]}",
        "{rancher: [{version: [2.15.0]}]}",
        "{other: [{version: 1.0.0}]}",
    ],
)
def test_c6_index_without_the_chart(entries: str) -> None:
    index = f"apiVersion: v1\nentries: {entries}\n"
    with serve(lambda _: Response(body=index)) as server, pytest.raises(ChartError) as caught:
        resolve(reference(server))
    assert str(caught.value).startswith(f"{server.url}/stable has no chart 'rancher'. Its charts: ")
    assert caught.value.properties == ("chart",)


@pytest.mark.parametrize(
    "index", ["", "null", "[]", "a: b", "entries", "entries: [", "\x00", "{", "&a [*a]", "!!python/x {}"]
)
def test_c6_what_is_no_index(index: str) -> None:
    with (
        serve(lambda _: Response(body=index)) as server,
        pytest.raises(ChartError, match=r"/stable is not a chart repository: its index\.yaml is invalid"),
    ):
        resolve(reference(server))


@pytest.mark.parametrize("urls", [None, [], [None], "rancher.tgz", [{"a": 1}]])
def test_c6_version_without_an_archive(urls: object) -> None:
    with (
        serve(lambda _: index_of({**CHART, "urls": urls})) as server,
        pytest.raises(ChartError, match=r"no download URL for chart rancher 2\.15\.0"),
    ):
        resolve(reference(server))


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [("v2.15.0", "2.15.0"), ("2.15.0", "v2.15.0"), ("2.15.0+up1", "2.15.0"), ("1.10", "1.10")],
)
def test_version_that_is_written_differently(listed: str, wanted: str) -> None:
    entry = f"{{name: rancher, version: {listed}, urls: [a.tgz]}}"
    with serve(lambda r: Response(body=f"entries: {{rancher: [{entry}]}}")) as server:
        assert resolve(reference(server, version=wanted)).version == listed


@pytest.mark.parametrize(
    "content",
    [
        "entries: " + "[" * 200_000,
        "entries: " + "{a: " * 200_000,
        "entries:\n" + "- " * 200_000,
        '{"entries": ' + "[" * 200_000,
    ],
)
def test_s9_index_that_is_nested_deeply(content: str) -> None:
    """The loader of PyYAML would end the process."""
    with serve(lambda _: Response(body=content)) as server, pytest.raises(ChartError, match="is invalid"):
        resolve(reference(server))


def test_s9_aliases_are_not_expanded() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40))]
    index = "\n".join([*lines, "entries: {rancher: [{version: *a39, urls: *a39}], other: *a39}"])
    with serve(lambda _: Response(body=index)) as server, pytest.raises(ChartError, match="has no chart"):
        resolve(reference(server))


def test_s9_compressed_index_without_end() -> None:
    bomb = gzip.compress(b" " * 200_000_000, 9)
    answer = Response(body=bomb, headers={"Content-Encoding": "gzip"})
    with serve(lambda _: answer) as server, pytest.raises(ChartError, match=r"more than \d+ bytes"):
        resolve(reference(server))


def test_s9_drip(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that never ends, byte by byte, meets the deadline."""
    monkeypatch.setattr(http, "_TOTAL_SECONDS", 0.5)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            with suppress(OSError):
                while True:
                    self.wfile.write(b"#")
                    time.sleep(0.05)

    with socketserver.ThreadingTCPServer((ADDRESS, 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        wanted = ChartReference("rancher", f"http://{ADDRESS}:{server.server_address[1]}", "2.15.0")
        with pytest.raises(ChartUnreachableError, match=r"not complete after 0\.5 s"):
            resolve(wanted)
        server.shutdown()


@pytest.mark.parametrize(
    "userinfo",
    ["user:t0ken", "t0ken", ":t0ken", "user:t0/ken", "user:t0?ken", "user:t0#ken", "a@b:t0ken", "user:t0%40"],
)
def test_c2_credentials_in_the_url(userinfo: str) -> None:
    wanted = ChartReference("rancher", f"https://{userinfo}@charts.example.com/stable", "2.15.0")
    with pytest.raises(ChartError, match=r"charts\.example\.com/stable contains credentials") as caught:
        resolve(wanted)
    assert caught.value.properties == ("repository",)
    assert "t0" not in str(caught.value)


def test_c2_credentials_in_a_url_of_the_index() -> None:
    def answer(request: Request) -> Response:
        if "index.yaml" in request.path:
            host = request.headers["host"]
            return index_of({**CHART, "urls": [f"http://you:t0ken@{host}/gone.tgz"]})
        return Response(404)

    with serve(answer) as server, pytest.raises(ChartError) as caught:
        resolve(ChartReference("rancher", server.url, "2.15.0"))
    assert "t0ken" not in str(caught.value)
    login = base64.b64encode(b"you:t0ken").decode()
    assert server.requests[-1].headers["authorization"] == f"Basic {login}", "as Helm does"
