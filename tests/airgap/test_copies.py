"""Copies of images by the real ``skopeo`` between two real registries, all from Debian's packages."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from airgap import copies, formats
from airgap.inventory import Inventory
from airgap.problem import AirgapError
from components.images.lookup import look_up
from components.runtime.downloads import Downloads
from domain.chart_urls import basic
from domain.images import Image, MirroredImage
from lab.images import Publisher
from tests import pki, skopeo
from tests.helm import registry as registries
from tests.helm.registry import PASSWORD, USER, Registry
from tests.servers import ADDRESS
from tests.skopeo import User

RANCHER = Image.parse("rancher/rancher:v2.15.0")
CONTROLLER = Image.parse("registry.k8s.io/ingress-nginx/controller:v1.15.1")
PLATFORMS = {RANCHER: ("linux/amd64", "linux/arm64"), CONTROLLER: ("linux/amd64",)}


@dataclass
class World:
    """A registry that stands for all those outside, the one that ``imageRegistry`` names, and their user."""

    outside: Registry
    own: Registry
    user: User

    def publish(self, image: Image, note: str = "") -> str:
        """Pushes an image to the registry outside; returns its digest."""
        publisher = Publisher(f"https://{ADDRESS}:{self.outside.port}", self.outside.ca_file)
        return publisher.push(image.repository, image.tag, PLATFORMS[image], note=note)

    @property
    def host(self) -> str:
        return f"{ADDRESS}:{self.own.port}"

    def mirrored(self, image: Image) -> Image:
        return replace(image, registry=self.host, repository=f"p/{image.repository}")

    def digest(self, image: Image) -> str:
        """Digest that the program finds in the own registry."""
        with Downloads(str(self.own.ca_file)) as downloads:
            return look_up(self.mirrored(image), downloads, basic((USER, PASSWORD))).digest


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    skopeo.require()
    outside, own = tmp_path / "outside", tmp_path / "own"
    for folder in (outside, own):
        folder.mkdir()
    with (
        registries.running(outside) as source,
        registries.running(own, registries.basic_auth(own)) as target,
    ):
        world = World(source, target, User(tmp_path / "home"))
        world.user.redirect({image.registry for image in PLATFORMS}, source)
        world.user.log_in(world.host, USER, PASSWORD)
        for name, value in world.user.variables.items():
            monkeypatch.setenv(name, value)
        yield world


def test_images_keep_their_digests_from_one_registry_to_the_other(world: World, tmp_path: Path) -> None:
    for image in PLATFORMS:
        digest = world.publish(image)
        pulled = copies.pull(image, tmp_path)
        assert pulled == replace(image, digest=digest)
        assert copies.pull(pulled, tmp_path) == pulled
        pushed = copies.push(pulled, world.mirrored(pulled), tmp_path, str(world.own.ca_file))
        assert pushed == world.mirrored(image)
        assert world.digest(image) == digest


def test_the_list_as_commands_and_for_sync(world: World, tmp_path: Path) -> None:
    digests = {image: world.publish(image) for image in PLATFORMS}
    world.user.trust(world.own)
    images = [MirroredImage(world.mirrored(image), image) for image in PLATFORMS]
    inventory = Inventory("prod", "", "", f"{world.host}/p", images, False, (), "", (), (), ())
    subprocess.run(["sh", "-ec", formats.copy(inventory)], check=True, capture_output=True)
    assert {image: world.digest(image) for image in PLATFORMS} == digests

    (tmp_path / "images.yaml").write_text(formats.skopeo(inventory))
    sync = ["skopeo", "sync", "--all", "--scoped", "--src=yaml", "--dest=dir", "images.yaml", "copies"]
    subprocess.run(sync, cwd=tmp_path, check=True, capture_output=True)
    for image in PLATFORMS:
        copied = (tmp_path / "copies" / str(image) / "manifest.json").read_bytes()
        assert f"sha256:{hashlib.sha256(copied).hexdigest()}" == digests[image]


def test_a_tag_that_moved_after_it_was_pinned(world: World, tmp_path: Path) -> None:
    pinned = replace(RANCHER, digest=world.publish(RANCHER))
    moved = world.publish(RANCHER, note="another build")
    assert copies.pull(pinned, tmp_path / "pinned") == pinned
    assert copies.pull(RANCHER, tmp_path / "tag") == replace(RANCHER, digest=moved)


def test_an_image_that_does_not_exist(world: World, tmp_path: Path) -> None:
    with pytest.raises(AirgapError, match=r"rancher/rancher:v2\.15\.0 cannot be copied: .*manifest unknown"):
        copies.pull(RANCHER, tmp_path)


@pytest.mark.parametrize("wrong", ["login", "authority"])
def test_a_registry_that_refuses(world: World, tmp_path: Path, wrong: str) -> None:
    world.publish(RANCHER)
    pulled = copies.pull(RANCHER, tmp_path)
    ca_file = world.own.ca_file
    if wrong == "login":
        world.user.log_in(world.host, USER, "wrong-password")
        expected = "unauthorized|authentication required"
    else:
        ca_file = Path(pki.write(tmp_path, "other.pem", pki.root("Another CA")))
        expected = "unknown authority"
    with pytest.raises(
        AirgapError, match=f"v2.15.0 cannot be pushed: .*({expected}).* skopeo login"
    ) as error:
        copies.push(pulled, world.mirrored(RANCHER), tmp_path, str(ca_file))
    assert "wrong-password" not in str(error.value)
