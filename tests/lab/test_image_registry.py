"""All images from one registry, through the real engine, a real registry and nodes that ask it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import bringup, pki, registry
from lab.engine import Engine
from lab.layout import Lab
from tests.lab.conftest import Site, commands, free_net, objects

pytestmark = pytest.mark.lab

RANCHER = f"{registry.PROJECT}/rancher/rancher"
RELEASES = {"ingress-release", "rancher-server-release"}
FOLLOWING = {"ingress-rollout", "rancher-server-rollout", "rancher-server-ping", "preflight"}
"""What depends on a release's revision, and the checks."""


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A foundation of its own, whose nodes pull images from the lab's registry alone."""
    if shutil.which("docker-registry") is None and not os.environ.get("REQUIRE_REGISTRY"):
        pytest.skip("docker-registry is not installed (Debian: apt-get install docker-registry)")
    lab = Lab(tmp_path_factory.mktemp("mirrored"), free_net())
    try:
        site = Site(lab, bringup.up(lab))
        assert registry.start(lab)
        registry.choose(site.engine)
        yield site
    finally:
        bringup.down(lab)


def set_offline(lab: Lab, *, offline: bool) -> None:
    lab.faults.write_text(json.dumps({"nodes": {"offline": offline}}))


def manifest_links(lab: Lab, repository: str) -> Path:
    """Folder of the registry with the tags of a repository."""
    root = lab.home / "registry/storage/docker/registry/v2/repositories"
    return root / repository / "_manifests/tags"


def refused(site: Site, *arguments: str) -> str:
    """Output of an ``up`` that the preflight refuses before it orders anything."""
    before = len(site.calls())
    done = site.engine.run("up", "--yes", "--skip-preview", *arguments, check=False)
    assert done.returncode != 0, done.stdout
    assert "create-cluster" not in commands(site.calls()[before:])
    assert registry.PASSWORD not in done.stdout
    return done.stdout


def test_what_the_registry_lacks_is_refused_before_the_cluster_is_ordered(mirrored: Site) -> None:
    lab, engine = mirrored.lab, mirrored.engine
    names = ("rancher/rancher", "rancher/rancher-agent")
    gone = [manifest_links(lab, f"{registry.PROJECT}/{name}") for name in names]
    for folder in gone:
        folder.rename(folder.with_name("hidden"))
    output = refused(mirrored)
    assert (
        "imageRegistry: lacks 2 of 3 images: rancher/rancher:v2.15.0, rancher/rancher-agent:v2.15.0" in output
    )
    for name in ("rancher", "rancher-agent"):
        source = f"docker://docker.io/rancher/{name}:v2.15.0"
        target = f"docker://{lab.registry}/{registry.PROJECT}/rancher/{name}:v2.15.0"
        assert f"skopeo copy --all {source} {target}" in output
    for folder in gone:
        folder.with_name("hidden").rename(folder)

    registry.publisher(lab).push(RANCHER, "v2.15.0", ["linux/arm64"])
    assert "rancher/rancher:v2.15.0 is for linux/arm64, not linux/amd64" in refused(mirrored)
    registry.publisher(lab).push(RANCHER, "v2.15.0")

    engine.run("config", "set", "--secret", "imagePullSecretPassword", "wrong-password")
    output = refused(mirrored)
    assert "imagePullSecretUsername: access to" in output and "is denied" in output
    assert "wrong-password" not in output
    engine.run("config", "set", "--secret", "imagePullSecretPassword", registry.PASSWORD)

    other = lab.path("other-ca.pem")
    other.write_bytes(pki.certificate("Another CA", (key := pki.new_key()).public_key(), key))
    mirrored.configure(engine, imageRegistryCaFile=str(other))
    assert "imageRegistryCaFile: its certificate is not trusted" in refused(mirrored)
    mirrored.configure(engine, imageRegistryCaFile=str(lab.ca_certificate))

    lock = lab.path("images.json")
    wrong = "sha256:" + "0" * 64
    locked = ["ingress-nginx/controller:v1.15.1", *(f"{name}:v2.15.0" for name in names)]
    lock.write_text(json.dumps(dict.fromkeys(locked, wrong)))
    mirrored.configure(engine, imageLockFile=str(lock))
    output = refused(mirrored)
    assert "imageLockFile: " in output and f"but the lock file has {wrong}" in output
    mirrored.configure(engine, imageLockFile=None)


def test_every_pod_runs_an_image_of_the_registry(mirrored: Site) -> None:
    lab, engine = mirrored.lab, mirrored.engine
    set_offline(lab, offline=True)
    done = engine.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    pods = objects(engine, "pods")
    images = {item["image"] for pod in pods for item in pod["spec"]["containers"]}
    assert images and all(image.startswith(f"{lab.registry}/{registry.PROJECT}/") for image in images)
    assert all(status["ready"] for pod in pods for status in pod["status"]["containerStatuses"])
    assert all(pod["spec"]["imagePullSecrets"] == [{"name": "image-registry"}] for pod in pods)
    secrets = objects(engine, "secrets")
    logins = [item["metadata"] for item in secrets if item["type"] == "kubernetes.io/dockerconfigjson"]
    assert [(item["namespace"], item["name"]) for item in logins] == [("cattle-system", "image-registry")]
    state = json.dumps(engine.json("stack", "export"))
    assert registry.PASSWORD not in state and registry.PASSWORD not in done.stdout
    done = engine.run("preview", "--expect-no-changes", check=False)
    assert done.returncode == 0, done.stdout


def test_off_and_on_changes_the_releases(mirrored: Site) -> None:
    """Beside what follows a release's revision, and the pull secret that only the releases use."""
    engine = mirrored.engine
    set_offline(mirrored.lab, offline=False)
    document = yaml.safe_load(engine.config_file.read_text())
    without = {name: value for name, value in document["config"].items() if ":image" not in name}
    for config, secret in ((without, "delete"), (document["config"], "create")):
        engine.config_file.write_text(yaml.safe_dump({**document, "config": config}))
        changes = steps(engine)
        assert {name for name, kind in changes.items() if kind == "update"} == RELEASES | FOLLOWING
        assert {name: kind for name, kind in changes.items() if kind != "update"} == {
            "image-pull-secret": secret
        }
        done = engine.run("up", "--yes", "--skip-preview", check=False)
        assert done.returncode == 0, done.stdout


def test_a_pod_whose_image_cannot_be_pulled_says_so(mirrored: Site) -> None:
    """An image of the user's own choice, from a registry that the nodes do not reach."""
    engine, lab = mirrored.engine, mirrored.lab
    set_offline(lab, offline=True)
    values = {"controller": {"image": {"registry": "registry.example.com"}}}
    mirrored.configure(engine, ingressTimeoutMinutes="1", ingressValues=values)
    done = engine.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode != 0
    assert "registry.example.com/ingress-nginx/controller:v1.15.1" in done.stdout
    assert "comes from another registry" in done.stdout
    assert "ImagePullBackOff" in done.stdout, done.stdout


def steps(engine: Engine) -> dict[str, str]:
    """Name and operation of each resource that a preview would change."""
    document: Any = engine.json("preview", "--json")
    changed = [step for step in document["steps"] if step["op"] != "same"]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in changed}
