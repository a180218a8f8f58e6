"""Listing, bundling, loading and pushing what a stack needs."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from airgap import __main__, bundle, collect, load, pushing
from airgap.problem import AirgapError
from components.images.lookup import Found
from domain.images import Image
from tests.airgap import site as sites
from tests.airgap.site import REGISTRY, Site

RUN_TIME = "rancher/shell:v0.1.24\nrancher/rancher:v2.8.5\n\nrancher/rancher-webhook:v0.4.7\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = sites.make(tmp_path / "site")
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.checkout)
    yield made


@pytest.fixture
def run_time(tmp_path: Path) -> Path:
    """The release's own list of images."""
    file = tmp_path / "rancher-images.txt"
    file.write_text(RUN_TIME)
    return file


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as opened:
        return opened.getnames()


def text_of(archive: Path, name: str) -> str:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(name)
        assert file
        return file.read().decode()


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code and output of ``python -m airgap``."""
    sys.argv = ["airgap", *arguments]
    exit_code = __main__.main()
    return exit_code, *capsys.readouterr()


def digest_of(image: str) -> str:
    """Digest that the stand-in of skopeo gives an image."""
    return f"sha256:{hashlib.sha256(f'docker://{image}'.encode()).hexdigest()}"


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    exit_code, output, _ = command(capsys, "list", "-s", "prod", "--format", "json", *arguments)
    assert exit_code == 0
    found: dict[str, Any] = json.loads(output)
    return found


def test_the_list_has_what_the_charts_run_and_where_it_goes(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys)
    assert [(image["source"], image["target"]) for image in found["images"]] == [
        (f"docker.io/{name}", f"{REGISTRY}/{name}")
        for name in ("ingress/controller:v1.11.5", "rancher/rancher:v2.8.5", "rancher/rancher-agent:v2.8.5")
    ]
    assert found["imagesOfRunTime"] is False
    assert {chart["version"] for chart in found["charts"]} == {"4.15.1", "2.8.5"}
    assert all(chart["sha256"] for chart in found["charts"])
    assert found["engine"] == "3.272.0"
    assert {plugin["name"] for plugin in found["plugins"]} == {"command", "kubernetes", "tls", "vsphere"}
    assert all(plugin["sha256"] for plugin in found["plugins"])
    assert found["wheels"] == [
        {
            "name": "alpha",
            "version": "1.0",
            "sha256": [load.sha256(next(site.root.glob("wheels/*"))), "0" * 64],
        }
    ]
    commands = {item["name"]: item["sha256"] for item in found["commands"]}
    assert commands["pulumi"]
    assert commands["pks"] == ""


def test_images_of_run_time_come_from_the_releases_list(
    site: Site, run_time: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys, "--rancher-images", str(run_time))
    sources = [image["source"] for image in found["images"]]
    assert "docker.io/rancher/shell:v0.1.24" in sources
    assert sources.count("docker.io/rancher/rancher:v2.8.5") == 1
    assert found["imagesOfRunTime"] is True


def test_without_that_list_a_note_says_what_is_missing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    _, output, errors = command(capsys, "list", "-s", "prod")
    assert "rancher-images.txt" in errors
    assert "docker.io/rancher/rancher:v2.8.5" in output


@pytest.mark.parametrize("line", ["https://example.com/a", "a b", "rancher/shell:v1:v2", "\x00"])
def test_a_line_that_is_no_image_is_refused(
    line: str, site: Site, run_time: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_time.write_text(f"rancher/rancher:v2.8.5\n{line}\n")
    exit_code, _, errors = command(capsys, "list", "-s", "prod", "--rancher-images", str(run_time))
    assert exit_code == 1
    assert "rancher-images.txt, line 2" in errors


def test_digests_come_from_the_lock_file(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    digest = f"sha256:{'a' * 64}"
    (site.checkout / "images.lock.json").write_text(json.dumps({"rancher/rancher:v2.8.5": digest}))
    site.configure(imageLockFile="images.lock.json")
    found = {image["source"]: image["digest"] for image in listed(capsys)["images"]}
    assert found[f"docker.io/rancher/rancher:v2.8.5@{digest}"] == digest


def test_a_lock_file_has_the_digests_of_the_registries(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "look_up", lambda image, downloads, login: Found(digest_of(image.copied)))
    exit_code, output, _ = command(capsys, "list", "-s", "prod", "--format", "lock")
    assert exit_code == 0
    (site.checkout / "images.lock.json").write_text(output)
    site.configure(imageLockFile="images.lock.json")
    assert {image["digest"] for image in listed(capsys)["images"]} == set(json.loads(output).values())


def test_images_that_do_not_exist_are_named_at_once(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "look_up", lambda image, downloads, login: Found())
    exit_code, _, errors = command(capsys, "list", "-s", "prod", "--digests")
    assert exit_code == 1
    for name in ("ingress/controller:v1.11.5", "rancher/rancher:v2.8.5", "rancher/rancher-agent:v2.8.5"):
        assert f"docker.io/{name} does not exist" in errors


def test_skopeo_and_harbor_get_every_image(
    site: Site, run_time: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--rancher-images", str(run_time))
    _, output, _ = command(capsys, "list", "-s", "prod", "--format", "skopeo", *given)
    assert yaml.safe_load(output)["docker.io"]["images"]["rancher/shell"] == ["v0.1.24"]
    _, output, _ = command(capsys, "list", "-s", "prod", "--format", "harbor", *given)
    [rule] = json.loads(output)
    assert rule["dest_namespace"] == "rancher"
    assert rule["dest_namespace_replace_count"] == 0
    filters = {item["type"]: item["value"] for item in rule["filters"]}
    assert ",rancher/rancher-webhook,rancher/shell}" in filters["name"]
    assert filters["tag"] == "{v0.1.24,v0.4.7,v1.11.5,v2.8.5}"


def test_charts_may_be_elsewhere_on_this_side(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    place = site.checkout / "charts" / "rancher-2.8.5.tgz"
    site.configure(rancherChart="carried/charts/rancher-2.8.5.tgz")
    exit_code, _, errors = command(capsys, "list", "-s", "prod")
    assert (exit_code, "carried/charts/rancher-2.8.5.tgz" in errors) == (1, True)
    found = listed(capsys, "--config", f"rancherChart={place}")
    assert load.sha256(place) in {chart["sha256"] for chart in found["charts"]}
    exit_code, _, errors = command(capsys, "list", "-s", "prod", "--config", "rancherChrat=x")
    assert (exit_code, "rancherChrat" in errors) == (1, True)


@pytest.mark.parametrize("stack", ["nowhere", "../prod"])
def test_an_unknown_stack_is_one_error(stack: str, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, _, errors = command(capsys, "list", "-s", stack)
    assert exit_code == 1
    assert "does not exist. Give the name of a stack" in errors
    assert errors.count("\n") == 1


def test_two_bundles_are_the_same(site: Site, run_time: Path, tmp_path: Path) -> None:
    wanted = replace(site.wanted, run_time=run_time)
    first, digest = bundle.make(wanted, tmp_path / "1.tar")
    for path in site.checkout.rglob("*"):
        path.touch()
    second, again = bundle.make(wanted, tmp_path / "2.tar")
    assert first.read_bytes() == second.read_bytes()
    assert digest == again == load.sha256(first)


def test_a_bundle_has_all_parts(site: Site, run_time: Path, tmp_path: Path) -> None:
    archive, _ = bundle.make(replace(site.wanted, run_time=run_time), tmp_path / "bundle.tar")
    found = names(archive)
    assert found[:2] == ["load.py", "SHA256SUMS"]
    assert {
        "inventory.json",
        "inventory.txt",
        "images.skopeo.yaml",
        "images.harbor.json",
        "images.lock.json",
        "sbom.cdx.json",
        "rancher-images.txt",
        "charts/rancher-2.8.5.tgz",
        "charts/ingress-nginx-4.15.1.tgz",
        "wheels/alpha-1.0-py3-none-any.whl",
        "pulumi/bin/pulumi",
        "project/Pulumi.prod.yaml",
        "project/requirements.txt",
    } <= set(found)
    wheel = load.sha256(next(site.root.glob("wheels/*")))
    assert json.loads(text_of(archive, "inventory.json"))["wheels"][0]["sha256"] == [wheel]


def test_the_sbom_has_wheels_plugins_charts_and_images(site: Site, run_time: Path, tmp_path: Path) -> None:
    archive, _ = bundle.make(replace(site.wanted, run_time=run_time), tmp_path / "bundle.tar")
    document = json.loads(text_of(archive, "sbom.cdx.json"))
    components = {component["purl"]: component for component in document["components"]}
    assert components["pkg:pypi/alpha@1.0"]["hashes"] == [
        {"alg": "SHA-256", "content": load.sha256(next(site.root.glob("wheels/*")))}
    ]
    kinds = [purl.partition("/")[0] for purl in components]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "pkg:docker": 5,
        "pkg:generic": 5,
        "pkg:helm": 2,
        "pkg:pypi": 1,
    }
    assert sorted(components) == document["dependencies"][0]["dependsOn"]
    assert document["serialNumber"].startswith("urn:uuid:")


def test_what_is_not_committed_is_refused(site: Site, tmp_path: Path) -> None:
    (site.checkout / "requirements.txt").write_text("")
    with pytest.raises(AirgapError, match="not committed"):
        bundle.make(site.wanted, tmp_path / "bundle.tar")


def test_a_failed_bundle_leaves_nothing(site: Site, tmp_path: Path) -> None:
    (site.root / "wheels" / "alpha-1.0-py3-none-any.whl").write_bytes(b"tampered with")
    (tmp_path / "out").mkdir()
    with pytest.raises(AirgapError, match="alpha"):
        bundle.make(site.wanted, tmp_path / "out" / "bundle.tar")
    assert not list((tmp_path / "out").iterdir())


def test_tools_and_lab_are_carried_with_their_modes(site: Site, tmp_path: Path) -> None:
    for name in ("tools/pks", "lab/tools/etcd-1/etcd"):
        sites.executable(tmp_path / name, "#!/bin/sh\n")
    wanted = replace(site.wanted, tools=tmp_path / "tools", lab=tmp_path / "lab")
    archive, _ = bundle.make(wanted, tmp_path / "bundle.tar")
    target = tmp_path / "there"
    load.extract(archive, target)
    assert (target / "carried/tools/pks").stat().st_mode & 0o100
    assert (target / "carried/lab/tools/etcd-1/etcd").stat().st_mode & 0o100
    commands = json.loads((target / "carried/inventory.json").read_text())["commands"]
    assert {item["name"]: item["sha256"] for item in commands}["pks"] == load.sha256(tmp_path / "tools/pks")


def test_images_need_skopeo_or_crane(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("git", "cat"):
        (site.bin / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(site.bin))
    with pytest.raises(AirgapError, match="neither skopeo nor crane is on PATH"):
        bundle.make(replace(site.wanted, images=True), tmp_path / "bundle.tar")


def test_images_are_carried_with_their_digests(site: Site, tmp_path: Path) -> None:
    site.add_skopeo()
    archive, _ = bundle.make(replace(site.wanted, images=True), tmp_path / "bundle.tar")
    assert "images/docker.io/rancher/rancher/v2.8.5/index.json" in names(archive)
    images = json.loads(text_of(archive, "inventory.json"))["images"]
    assert {image["source"].partition("@")[0]: image["digest"] for image in images} == {
        f"docker.io/{name}": digest_of(f"docker.io/{name}")
        for name in ("ingress/controller:v1.11.5", "rancher/rancher-agent:v2.8.5", "rancher/rancher:v2.8.5")
    }
    lock = json.loads(text_of(archive, "images.lock.json"))
    assert lock["rancher/rancher:v2.8.5"] == digest_of("docker.io/rancher/rancher:v2.8.5")
    components = json.loads(text_of(archive, "sbom.cdx.json"))["components"]
    purls = [component["purl"] for component in components if component["type"] == "container"]
    assert all(purl.startswith("pkg:oci/") and "@sha256%3A" in purl for purl in purls)


def test_a_tag_that_moved_is_refused(site: Site, tmp_path: Path) -> None:
    site.add_skopeo()
    lock = {"rancher/rancher:v2.8.5": f"sha256:{'a' * 64}"}
    (site.checkout / "images.lock.json").write_text(json.dumps(lock))
    site.configure(imageLockFile="images.lock.json")
    with pytest.raises(AirgapError, match=r"rancher/rancher:v2\.8\.5@sha256:aaa.*the copy has digest"):
        bundle.make(replace(site.wanted, images=True), tmp_path / "bundle.tar")


def test_a_refused_image_is_named_with_what_helps(site: Site, run_time: Path, tmp_path: Path) -> None:
    site.add_skopeo()
    run_time.write_text("denied/image:1\n")
    with pytest.raises(AirgapError, match=r"denied/image:1 cannot be copied: unauthorized.*skopeo login"):
        bundle.make(replace(site.wanted, images=True, run_time=run_time), tmp_path / "bundle.tar")


def loaded(site: Site, tmp_path: Path) -> Path:
    archive, _ = bundle.make(replace(site.wanted, images=True), tmp_path / "bundle.tar")
    load.extract(archive, tmp_path / "there")
    return tmp_path / "there"


def test_images_and_charts_are_pushed_where_the_settings_say(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add_skopeo()
    target = loaded(site, tmp_path)
    file = target / "Pulumi.prod.yaml"
    oci = "oci://harbor.example.com/charts"
    changed = yaml.safe_load(file.read_text())
    changed["config"] |= {
        "rancher-on-pks:rancherChart": "rancher",
        "rancher-on-pks:rancherChartRepository": oci,
    }
    file.write_text(yaml.safe_dump(changed))
    monkeypatch.chdir(target)
    pushed: list[str] = []
    pushing.push(target, "prod", pushed.append)
    assert f"{REGISTRY}/rancher/rancher:v2.8.5" in pushed
    copied = [call.split()[-1] for call in site.log("skopeo")]
    assert f"docker://{REGISTRY}/rancher/rancher:v2.8.5" in copied
    assert "oci://harbor.example.com/charts/rancher:2.8.5" in pushed
    assert site.log("helm") == [f"push {target}/carried/charts/rancher-2.8.5.tgz {oci}"]


def test_a_bundle_without_images_pushes_none(site: Site, tmp_path: Path) -> None:
    archive, _ = bundle.make(site.wanted, tmp_path / "bundle.tar")
    load.extract(archive, tmp_path / "there")
    said: list[str] = []
    pushing.push(tmp_path / "there", "prod", said.append)
    assert said == ["no images: the bundle was made without --images"]


def test_an_image_that_was_not_carried_is_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add_skopeo()
    target = loaded(site, tmp_path)
    monkeypatch.chdir(target)
    (target / "carried/images/docker.io/rancher/rancher/v2.8.5/index.json").unlink()
    with pytest.raises(AirgapError, match=r"rancher/rancher:v2\.8\.5.* is not in this bundle"):
        pushing.push(target, "prod", lambda _: None)


def test_without_a_loaded_bundle_nothing_is_pushed(site: Site) -> None:
    with pytest.raises(AirgapError, match=r"no inventory\.json"):
        pushing.push(site.checkout, "prod", lambda _: None)


def test_names_of_layouts_have_no_colon() -> None:
    from airgap.copies import folder  # noqa: PLC0415

    assert folder(Image.parse("127.0.0.1:5000/a/b:v1")) == "images/127.0.0.1_5000/a/b/v1"
