"""Charts in a repository, in an OCI registry and on disk: what is found, and how it is refused."""

from __future__ import annotations

import base64
import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.helm.chart_reference import ChartError, ChartReference, ChartUnreachableError
from components.helm.chart_repository import resolve
from components.runtime.errors import ProviderError
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


def registry(token: bool) -> Callable[[Request], Response]:
    """An OCI registry with ``charts/rancher:2.15.0_up1``, which wants a token or not."""

    def answer(request: Request) -> Response:
        host = request.headers["host"]
        if request.path.startswith("/token"):
            known = request.headers.get("authorization") == "Basic " + base64.b64encode(b"me:s3cret").decode()
            return Response(200, {"token": "t0ken"}) if known else Response(401)
        if token and request.headers.get("authorization") != "Bearer t0ken":
            challenge = (
                f'Bearer realm="https://{host}/token",service="r",scope="repository:charts/rancher:pull"'
            )
            return Response(401, headers={"WWW-Authenticate": challenge})
        answers: dict[str, Response] = {
            "/v2/charts/rancher/manifests/2.15.0_up1": Response(
                200, {"config": {"digest": "sha256:c0"}}, {"Docker-Content-Digest": "sha256:m0"}
            ),
            "/v2/charts/rancher/blobs/sha256:c0": Response(200, {**CHART, "version": "2.15.0+up1"}),
            "/v2/charts/rancher/tags/list": Response(200, {"tags": ["2.15.0_up1", "2.14.1"]}),
        }
        return answers.get(request.path, Response(404))

    return answer


@pytest.mark.parametrize("token", [True, False])
def test_chart_of_a_registry(tmp_path: Path, *, token: bool) -> None:
    ca = pki.root()
    (tmp_path / "ca.pem").write_text(ca.pem)
    with serve(registry(token), identity=pki.server(ca, ADDRESS)) as server:
        address = f"oci://{ADDRESS}:{server.port}/charts"
        changes = {"repository": address, "ca_file": str(tmp_path / "ca.pem"), "version": "2.15.0+up1"}
        wanted = reference(server, **changes)
        assert wanted.locator == f"{address}/rancher"
        found = resolve(wanted)
        assert (found.version, found.kubernetes, found.digest) == ("2.15.0+up1", "< 1.37.0-0", "sha256:m0")
        with pytest.raises(ChartError, match=r"no version '2\.14\.9' .* versions: 2\.15\.0\+up1, 2\.14\.1"):
            resolve(reference(server, **{**changes, "version": "2.14.9"}))
        with pytest.raises(ChartError, match="has no chart 'ranger'"):
            resolve(reference(server, **{**changes, "chart": "ranger"}))
        if token:
            with pytest.raises(ChartError, match="access is denied"):
                resolve(reference(server, **{**changes, "password": "wrong"}))


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
