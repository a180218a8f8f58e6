"""One file is carried into a network that has nothing, and ends in a Rancher from that network's registry.

It needs Linux's namespaces, Debian's ``docker-registry`` and ``skopeo``, and 4 GB of disk, so it runs only
with ``AIR_GAP=1``.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from airgap import engine
from lab import build, chart_packages, registry
from lab.images import Publisher
from lab.layout import REPO, Lab
from lab.present import installed_plugin
from lab.recipes import ENGINE, HELM, KUBERNETES_PLUGIN, LANGUAGE_HOST, RECIPES
from tests import skopeo
from tests.airgap.site import git
from tests.helm import registry as registries
from tests.servers import ADDRESS
from tests.skopeo import User

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not os.environ.get("AIR_GAP"), reason="AIR_GAP=1 runs it: 4 GB"),
]

HOST = Lab(REPO / ".lab").registry
REGISTRY = f"{HOST}/{registry.PROJECT}"
NAMESPACES = [
    "unshare",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
]
SETTINGS = {
    "imageRegistry": REGISTRY,
    "imageRegistryCaFile": ".lab/ca/ca.crt",
    "imageLockFile": "carried/images.lock.json",
    "ingressChart": "carried/charts/ingress-nginx-4.15.1.tgz",
    "rancherChart": "carried/charts/rancher-2.15.0.tgz",
}
_NOT_OURS = shutil.ignore_patterns(
    ".git", ".venv", ".lab*", "build", "carried", "__pycache__", ".*_cache", "*.egg-info", ".hypothesis"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project in a repository, with a stack that has everything from the other side."""
    made = tmp_path / "checkout"
    shutil.copytree(REPO, made, ignore=_NOT_OURS)
    file = made / "Pulumi.lab.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"rancher-on-pks:{key}": value for key, value in SETTINGS.items()}
    file.write_text(yaml.safe_dump(document))
    git(made, "init", "--quiet")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "-m", "all")
    (made / ".lab" / "ca").mkdir(parents=True)  # the lab here is not the one there
    for name in ("ca.crt", "ca.key"):
        (made / ".lab" / "ca" / name).touch()
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A chart repository on this side."""
    directory = tmp_path / "charts"
    directory.mkdir()
    charts = chart_packages.packages()
    for chart in charts:
        (directory / chart.file_name).write_bytes(chart.archive)
    (directory / "index.yaml").write_text(chart_packages.index(charts))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """Whoever makes the bundle; one registry has the images of all others."""
    skopeo.require()
    storage = tmp_path / "outside"
    storage.mkdir()
    with registries.running(storage) as outside:
        publisher = Publisher(f"https://{ADDRESS}:{outside.port}", outside.ca_file)
        images = registry.images()
        for image in images:
            publisher.push(image.repository, image.tag)
        made = User(tmp_path / "outside-home")
        made.redirect({image.registry for image in images}, outside)
        yield made


def tools(root: Path) -> dict[str, str]:
    """Puts the lab's tools where a user has the engine and its plugins; returns the environment."""
    built = build.build()
    rest = [recipe for recipe in RECIPES if recipe not in (ENGINE, LANGUAGE_HOST, KUBERNETES_PLUGIN)]
    build.carry(root / "lab", recipes=rest)
    for plugin in engine.plugins():
        name = f"pulumi-resource-{plugin.name}"
        place = root / "pulumi" / "plugins" / plugin.folder / name
        place.parent.mkdir(parents=True)
        own = built.plugins / name
        place.symlink_to(own if own.exists() else installed_plugin(plugin.name))
    path = [built.bin, build.build(recipes=[HELM]).places[HELM]]
    return {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
        "PULUMI_HOME": str(root / "pulumi"),
    }


def bundle(checkout: Path, repository: str, user: User, root: Path) -> tuple[Path, str]:
    """Makes the bundle; returns it with its SHA-256."""
    here = {"ingressChart": "ingress-nginx", "rancherChart": "rancher"}
    here |= {f"{name}Repository": repository for name in here} | {"imageLockFile": ""}
    environment = {**tools(root), **user.variables}
    cache = Path(os.environ.get("LAB_CACHE") or Path.home() / ".cache" / "rancher-on-pks")
    command = [
        *(sys.executable, "-m", "airgap", "bundle", "--stack", "lab", "--images"),
        *(
            "--lab",
            str(root / "lab"),
            "--wheels",
            str(cache / "wheels"),
            "--output",
            str(root / "bundle.tar"),
        ),
        *(f"--config={key}={value}" for key, value in here.items()),
    ]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    digest, name = done.stdout.split()
    return Path(name), digest


def test_a_bundle_is_enough(checkout: Path, repository: str, user: User, tmp_path: Path) -> None:
    if subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not permit namespaces")
    archive, digest = bundle(checkout, repository, user, tmp_path)
    shutil.rmtree(tmp_path / "lab")
    there = User(home := tmp_path / "home")
    there.log_in(HOST, registry.USER, registry.PASSWORD)
    hidden = [REPO, checkout, *(Path.home() / name for name in (".cache", ".pulumi", "go"))]
    python = str(Path(sys.base_prefix) / "bin" / Path(sys.executable).resolve().name)
    environment = {**there.variables, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    script = (REPO / "tests/lab/air_gap.sh").read_text()
    command = ["sh", "-c", script, "sh", str(archive), digest, str(tmp_path / "there"), python]
    command += [str(path) for path in hidden if path.is_dir()]
    with (tmp_path / "log").open("w+") as log:
        done = subprocess.run(
            [*NAMESPACES, *command],
            cwd="/",
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=1500,
            check=False,
        )
        log.seek(0)
        printed = log.read()
    assert done.returncode == 0, printed
    assert (home / "attempts").read_text() == "0\n"
    assert (home / "attempts-after-one").read_text() == "1\n", "the counter counts"
    images = (home / "images").read_text().split()
    assert len(images) >= 4
    assert [image for image in images if not image.startswith(f"{REGISTRY}/")] == []
    assert "policy" in printed.lower()
