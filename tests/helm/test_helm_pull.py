"""The judge: what ``helm pull`` finds, the program finds, and what Helm refuses, it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.helm.chart_errors import ChartError
from components.helm.chart_repository import resolve
from domain.charts import ChartReference
from lab.build import build
from lab.recipes import HELM
from tests import pki
from tests.helm import registry as registries
from tests.helm.registry import BASIC, PASSWORD, USER, packaged
from tests.helm.test_oci_registry import proxy
from tests.servers import ADDRESS, Request, Response, serve

pytestmark = pytest.mark.lab

CHART = {"apiVersion": "v2", "name": "rancher", "version": "2.15.0"}
ARCHIVE = packaged(CHART)
QUERY = "sv=2024-05-04&sig=ab%2Fc%3D"
Answer = Callable[[Request], Response]


@pytest.fixture(scope="session")
def helm() -> str:
    return str(build(recipes=[HELM]).places[HELM] / "helm")


def pulled(helm: str, folder: Path, wanted: ChartReference) -> str:
    """What Helm says; empty when it has pulled the chart."""
    chart = [wanted.locator] if wanted.is_oci else [wanted.chart, "--repo", wanted.repository]
    login = ["--username", wanted.username, "--password", wanted.password] if wanted.username else []
    trust = ["--ca-file", wanted.ca_file] if wanted.ca_file else []
    done = subprocess.run(
        [helm, "pull", *chart, "--version", wanted.version, *login, *trust, "--destination", str(folder)],
        env={**os.environ, "HOME": str(folder), "HELM_CONFIG_HOME": str(folder / "config")},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr or "failed"


def found(wanted: ChartReference) -> str:
    """What the program says; empty when it has found the chart."""
    try:
        resolve(wanted)
    except ChartError as error:
        return str(error)
    return ""


def index(*urls: str, version: str = "2.15.0", entries: Any = None) -> Response:
    entry = {**CHART, "version": version, "urls": list(urls)}
    listed = {"rancher": [entry]} if entries is None else entries
    return Response(body=yaml.safe_dump({"apiVersion": "v1", "entries": listed}))


def files(files: dict[str, Response], *, login: bool = False) -> Answer:
    """A server of these paths, with their queries."""

    def answer(request: Request) -> Response:
        if login and request.headers.get("authorization") != BASIC:
            return Response(401)
        return files.get(request.path, Response(404))

    return answer


TGZ = Response(body=ARCHIVE)


def moved(to: str, status: int = 302) -> Response:
    return Response(status, headers={"Location": to})


CASES: dict[str, tuple[str, Answer]] = {
    "plain": ("", files({"/index.yaml": index("a.tgz"), "/a.tgz": TGZ})),
    "prefix": ("/p/q/", files({"/p/q/index.yaml": index("c/a.tgz"), "/p/q/c/a.tgz": TGZ})),
    "rooted archive": ("/p", files({"/p/index.yaml": index("/a.tgz"), "/a.tgz": TGZ})),
    "archive above": ("/p/q", files({"/p/q/index.yaml": index("../a.tgz"), "/p/a.tgz": TGZ})),
    "login": ("", files({"/index.yaml": index("a.tgz"), "/a.tgz": TGZ}, login=True)),
    "query": (
        f"/p?{QUERY}",
        files({f"/p/index.yaml?{QUERY}": index("a.tgz"), f"/p/a.tgz?{QUERY}": TGZ}),
    ),
    "query without path": (
        f"?{QUERY}",
        files({f"/index.yaml?{QUERY}": index("a.tgz"), f"/a.tgz?{QUERY}": TGZ}),
    ),
    "query of the archive": ("", files({"/index.yaml": index("a.tgz?sig=1"), "/a.tgz": TGZ})),
    "encoded path": ("/p%2Fq", files({"/p%2Fq/index.yaml": index("a.tgz"), "/p%2Fq/a.tgz": TGZ})),
    "double slash": ("/p//", files({"/p//index.yaml": index("a.tgz"), "/p//a.tgz": TGZ})),
    "fragment": ("/p#x", files({"/p/index.yaml": index("a.tgz"), "/p/a.tgz": TGZ})),
    "space in the archive": ("", files({"/index.yaml": index("my chart.tgz"), "/my%20chart.tgz": TGZ})),
    "plus in the archive": ("", files({"/index.yaml": index("a+b.tgz"), "/a+b.tgz": TGZ})),
    "encoded plus in the archive": ("", files({"/index.yaml": index("a%2Bb.tgz"), "/a%2Bb.tgz": TGZ})),
    "archive of another scheme": ("", files({"/index.yaml": index("s3://bucket/a.tgz")})),
    "redirected index": (
        "/p",
        files(
            {
                "/p/index.yaml": moved("/s/index.yaml?sig=1"),
                "/s/index.yaml?sig=1": index("a.tgz"),
                "/p/a.tgz": TGZ,
            }
        ),
    ),
    "redirected archive": (
        "",
        files({"/index.yaml": index("a.tgz"), "/a.tgz": moved("/s/a.tgz?sig=1", 307), "/s/a.tgz?sig=1": TGZ}),
    ),
    "redirect with login": (
        "",
        files({"/index.yaml": index("a.tgz"), "/a.tgz": moved("/b.tgz", 301), "/b.tgz": TGZ}, login=True),
    ),
    "redirects for ever": ("", files({"/index.yaml": moved("/index.yaml")})),
    "missing archive": ("", files({"/index.yaml": index("a.tgz")})),
    "no archive": ("", files({"/index.yaml": index()})),
    "no entries": ("", files({"/index.yaml": Response(body="apiVersion: v1\nentries:\n")})),
    "no versions": ("", files({"/index.yaml": index(entries={"rancher": []})})),
    "null version": ("", files({"/index.yaml": index(entries={"rancher": None})})),
    "version with v": ("", files({"/index.yaml": index("a.tgz", version="v2.15.0"), "/a.tgz": TGZ})),
    "build metadata": ("", files({"/index.yaml": index("a.tgz", version="2.15.0+up1"), "/a.tgz": TGZ})),
    "another version": ("", files({"/index.yaml": index("a.tgz", version="2.15.1"), "/a.tgz": TGZ})),
    "json": (
        "",
        files(
            {
                "/index.yaml": Response(
                    body='{\t"apiVersion":"v1","entries":{"rancher":[{"apiVersion":"v2",'
                    '"name":"rancher","version":"2.15.0","urls":["a.tgz"]}]}}'
                ),
                "/a.tgz": TGZ,
            }
        ),
    ),
    "no index": ("", files({})),
    "html": ("", files({"/index.yaml": Response(body="<html>Log in</html>")})),
}


@pytest.mark.parametrize("case", CASES)
def test_repository(helm: str, tmp_path: Path, case: str) -> None:
    path, answer = CASES[case]
    with serve(answer) as server:
        login = (USER, PASSWORD) if "login" in case else ("", "")
        wanted = ChartReference("rancher", f"{server.url}{path}", "2.15.0", "", *login)
        theirs = pulled(helm, tmp_path, wanted)
        asked, server.requests[:] = server.paths, []
        ours = found(wanted)
        assert bool(ours) == bool(theirs), (ours, theirs)
        if not theirs:
            assert server.paths == asked


def test_repository_with_another_ca(helm: str, tmp_path: Path) -> None:
    ca = pki.root()
    (tmp_path / "ca.pem").write_text(ca.pem)
    _, answer = CASES["plain"]
    with serve(answer, identity=pki.server(ca, ADDRESS)) as server:
        for file in (str(tmp_path / "ca.pem"), ""):
            wanted = ChartReference("rancher", server.url, "2.15.0", file)
            assert bool(found(wanted)) == bool(pulled(helm, tmp_path, wanted)) == (not file)


@pytest.fixture(params=["open", "basic"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[registries.Registry]:
    with registries.running(tmp_path) as registry:
        registry.push("charts/rancher", {**CHART, "version": "2.15.0+up1"})
        registry.push("charts/image", CHART, "application/vnd.oci.image.config.v1+json")
    auth = registries.basic_auth(tmp_path) if request.param == "basic" else None
    with registries.running(tmp_path, auth) as registry:
        yield registry


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({}, True),
        ({"version": "2.15.1"}, False),
        ({"chart": "ranger"}, False),
        ({"chart": "image", "version": "2.15.0"}, False),
        ({"password": "wrong-one"}, None),
        ({"repository": "oci://ADDRESS/charts/"}, True),
    ],
)
def test_registry(
    helm: str, tmp_path: Path, registry: registries.Registry, changes: dict[str, str], there: bool | None
) -> None:
    values = {
        "chart": "rancher",
        "repository": "oci://ADDRESS/charts",
        "version": "2.15.0+up1",
        "ca_file": str(registry.ca_file),
        "username": USER,
        "password": PASSWORD,
        **changes,
    }
    values["repository"] = values["repository"].replace("oci://ADDRESS", registry.address)
    wanted = ChartReference(**values)
    theirs = pulled(helm, tmp_path, wanted)
    ours = found(wanted)
    assert bool(ours) == bool(theirs), (ours, theirs)
    if there is not None:
        assert bool(theirs) == (not there), theirs


def test_archive_in_a_registry(helm: str, tmp_path: Path) -> None:
    """An index may lead to a registry, as Bitnami's does."""
    with registries.running(tmp_path) as registry:
        registry.push("charts/rancher", CHART)
        for tag, there in (("2.15.0", True), ("2.15.9", False)):
            url = f"{registry.address}/charts/rancher:{tag}"
            with serve(files({"/index.yaml": index(url)})) as server:
                wanted = ChartReference("rancher", server.url, "2.15.0", str(registry.ca_file))
                assert bool(found(wanted)) == bool(pulled(helm, tmp_path, wanted)) == (not there)


def test_docker_hub(helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(monkeypatch) as asked:
        wanted = ChartReference("nginx", "oci://docker.io/bitnamicharts", "1.0.0")
        assert pulled(helm, tmp_path, wanted)
    assert {line.split()[1] for line in asked} == {"registry-1.docker.io:443"}
    shutil.rmtree(tmp_path, ignore_errors=True)
