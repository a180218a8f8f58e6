"""Images in a real registry, with logins, and answers that it does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from components.images.lookup import DeniedError, Found, RegistryError, look_up
from components.runtime.downloads import Downloads
from components.runtime.errors import ProviderError
from domain.chart_urls import basic
from domain.images import Image
from lab.images import Publisher
from tests import pki
from tests.helm import registry as registries
from tests.helm.registry import PASSWORD, USER, Registry
from tests.helm.test_oci_registry import basic_registry, token_registry
from tests.servers import ADDRESS, Request, Response, serve

LOGIN = basic((USER, PASSWORD))


@contextmanager
def open_registry(folder: Path) -> Iterator[tuple[Registry, None]]:
    with registries.running(folder) as registry:
        yield registry, None


def publisher(registry: Registry) -> Publisher:
    return Publisher(f"https://{ADDRESS}:{registry.port}", registry.ca_file)


def found(registry: Registry, name: str, login: str = LOGIN, ca_file: Path | None = None) -> Found:
    image = Image.parse(f"{ADDRESS}:{registry.port}/{name}")
    with Downloads(str(ca_file or registry.ca_file)) as downloads:
        return look_up(image, downloads, login)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, str, str]:
    """A folder of a registry with images in it, and the digests of two of them."""
    with registries.running(tmp_path) as registry:
        to = publisher(registry)
        one = to.push("p/rancher/rancher", "v1")
        many = to.push("p/controller", "v2", ["linux/arm64", "linux/amd64", "windows/amd64"])
        to.push("p/arm", "v1", ["linux/arm64"])
        to.push("p/arms", "v1", ["linux/arm64", "linux/s390x"])
        registry.push("p/chart", {"name": "chart", "version": "1.0.0"})
    return tmp_path, one, many


@pytest.mark.parametrize("kind", [open_registry, basic_registry, token_registry])
def test_what_nodes_can_run(stored: tuple[Path, str, str], kind: Callable[[Path], Any]) -> None:
    folder, one, many = stored
    with kind(folder) as (registry, _):
        assert found(registry, "p/rancher/rancher:v1") == Found(one)
        assert found(registry, "p/controller:v2") == Found(many)
        assert found(registry, f"p/controller:v2@{many}") == Found(many)
        assert found(registry, f"p/controller@{many}") == Found(many)
        assert found(registry, f"p/controller:gone@{many}") == Found(many)  # a node asks for the digest alone


def test_what_nodes_cannot_run(stored: tuple[Path, str, str]) -> None:
    folder, one, many = stored
    with basic_registry(folder) as (registry, _):
        assert found(registry, "p/rancher/rancher:v3") == Found()
        assert found(registry, "p/none:v1") == Found()
        assert found(registry, f"p/none:v1@{many}") == Found()
        pinned = found(registry, f"p/rancher/rancher:v1@{many}")
        assert pinned.problem == f"has digest {one} instead of {many}, which the chart pins"
        assert found(registry, "p/arm:v1").problem == "is for linux/arm64, not linux/amd64"
        assert found(registry, "p/arms:v1").problem == "is for linux/arm64, linux/s390x, not linux/amd64"
        assert found(registry, "p/chart:1.0.0").problem == "is for unknown/unknown, not linux/amd64"


@pytest.mark.parametrize("kind", [basic_registry, token_registry])
@pytest.mark.parametrize("login", ["", basic((USER, "wrong"))])
def test_wrong_login(stored: tuple[Path, str, str], kind: Callable[[Path], Any], login: str) -> None:
    with kind(stored[0]) as (registry, _), pytest.raises(DeniedError) as error:
        found(registry, "p/rancher/rancher:v1", login)
    assert PASSWORD not in str(error.value)


def test_wrong_ca(stored: tuple[Path, str, str], tmp_path: Path) -> None:
    other = Path(pki.write(tmp_path, "other.pem", pki.root("Another CA")))
    with basic_registry(stored[0]) as (registry, _):
        with pytest.raises(RegistryError, match="certificate is not trusted") as error:
            found(registry, "p/rancher/rancher:v1", ca_file=other)
        assert error.value.properties == ("ca_file",)


MANIFEST = {"config": {"digest": "sha256:" + "a" * 64}}
ENDLESS = {
    "manifests": [{"platform": {"os": "linux", "architecture": "amd64"}, "digest": "sha256:" + "b" * 64}]
}


@pytest.mark.parametrize(
    "body",
    [
        *(
            {},
            [],
            "text",
            "5",
            "null",
            {"config": []},
            {"config": {"digest": 5}},
            {"config": {"digest": "../a"}},
        ),
        *({"manifests": {}}, {"manifests": [5]}, {"manifests": [{"platform": 5}]}, ENDLESS, MANIFEST),
        {"manifests": [{"platform": {"os": [], "architecture": {}}, "digest": "sha256:x"}]},
    ],
)
def test_answers_of_a_hostile_registry_are_problems(body: Any, tmp_path: Path) -> None:
    def answer(request: Request) -> Response:
        del request
        return Response(200, body)

    ca = pki.root()
    file = pki.write(tmp_path, "ca.pem", ca)
    with serve(answer, identity=pki.server(ca, ADDRESS)) as server, Downloads(file) as downloads:
        host = server.url.removeprefix("https://")
        assert look_up(Image.parse(f"{host}/a:b"), downloads, "").problem
        pinned = look_up(Image.parse(f"{host}/a@sha256:{'0' * 64}"), downloads, "")
        assert "is answered with other content" in pinned.problem


def test_a_token_service_without_tls_gets_no_login(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        challenge = 'Bearer realm="http://evil.example/token",service="s"'
        return Response(401, {"errors": []}, headers={"WWW-Authenticate": challenge})

    ca = pki.root()
    file = pki.write(tmp_path, "ca.pem", ca)
    with serve(answer, identity=pki.server(ca, ADDRESS)) as server, Downloads(file) as downloads:
        host = server.url.removeprefix("https://")
        with pytest.raises(ProviderError, match="has no https:// URL"):
            look_up(Image.parse(f"{host}/a:b"), downloads, LOGIN)
    assert asked == [""]
