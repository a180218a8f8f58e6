"""What imageRegistry changes in the program: releases, pull secrets and a check, nothing else."""

from __future__ import annotations

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.images.pull_secret import PullSecret, PullSecretArgs
from tests import pki
from tests.mocks import RecordingMocks, with_engine
from tests.steps.test_helm import answers
from tests.test_main import PROGRAM, article, configure

REGISTRY = {
    "imageRegistry": "harbor.example.com/rancher",
    "imagePullSecretUsername": "robot$rancher",
    "imagePullSecretPassword": "t0p-secret",
}
V2 = {"helmEngine": "v2"}
PREFLIGHT = ("pulumi-python:dynamic/preflight:Preflight", "preflight")
SECRET = "kubernetes:core/v1:Secret"
RELEASE = "kubernetes:helm.sh/v3:Release"
AUTHORITY = pki.root()
SERVER = pki.server(AUTHORITY, article()["rancherHostname"])


def declared(
    monkeypatch: pytest.MonkeyPatch, folder: Path, config: dict[str, str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Inputs of each resource that a preview declares."""
    mocks = RecordingMocks(answers)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.delenv("IMAGE_PULL_SECRET_PASSWORD", raising=False)
    files = {
        "certificateSource": "files",
        "certificateFile": pki.write(folder, "server.pem", SERVER),
        "privateKey": SERVER.key_pem,
        "caCertificateFile": pki.write(folder, "ca.pem", AUTHORITY),
    }

    @with_engine
    def program() -> pulumi.Output[Any]:
        configure({**article(), **files, **config})
        return pulumi.Output.all(runpy.run_path(PROGRAM)["rancher"].ready.urn)

    program()
    return {(kind, name): inputs for kind, name, inputs in mocks.registered}


def login(secret: dict[str, Any]) -> dict[str, Any]:
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    data = secret["data"]["value"]  # the engine's form of a secret
    found: dict[str, Any] = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"]
    return found


def test_on_and_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    off = declared(monkeypatch, tmp_path, {})
    on = declared(monkeypatch, tmp_path, REGISTRY)
    secret = (SECRET, "image-pull-secret")
    assert on.keys() - off.keys() == {secret} and not off.keys() - on.keys()
    releases = {(RELEASE, "ingress-release"), (RELEASE, "rancher-server-release")}
    assert {key for key in off if on[key] != off[key]} == {PREFLIGHT, *releases}
    assert "images" not in off[PREFLIGHT]
    assert off[PREFLIGHT] == {name: value for name, value in on[PREFLIGHT].items() if name != "images"}
    entry = login(on[secret])["harbor.example.com"]
    assert (entry["username"], entry["password"]) == ("robot$rancher", "t0p-secret")
    assert on[secret]["metadata"]["namespace"] == "cattle-system"
    for name in ("ingress-release", "rancher-server-release"):
        values = on[RELEASE, name]["values"]
        assert values["imagePullSecrets"] == [{"name": "image-registry"}]
        assert "t0p-secret" not in json.dumps(values)
    assert "t0p-secret" not in json.dumps(on[PREFLIGHT])


def test_a_secret_of_the_user_is_used_and_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {"imageRegistry": "harbor.example.com/rancher", "imagePullSecret": "mine"}
    found = declared(monkeypatch, tmp_path, {**given, **V2})
    assert not [name for kind, name in found if kind == SECRET and "pull" in name]
    account = found["kubernetes:core/v1:ServiceAccount", "tiller-account"]
    assert account["imagePullSecrets"] == [{"name": "mine"}]


@pytest.mark.parametrize(
    ("mode", "secrets"),
    [("cluster", {"image-pull-secret", "tiller-pull-secret"}), ("local", {"image-pull-secret"})],
)
def test_tiller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, secrets: set[str]) -> None:
    found = declared(monkeypatch, tmp_path, {**REGISTRY, **V2, "tillerMode": mode})
    assert {name for kind, name in found if kind == SECRET and "pull" in name} == secrets
    images = [item["target"] for item in found[PREFLIGHT]["images"]["further"]]
    tiller = "harbor.example.com/rancher/helm/tiller:v2.17.0"
    assert (tiller in images) is (mode == "cluster")
    if mode == "cluster":
        assert found[SECRET, "tiller-pull-secret"]["metadata"]["namespace"] == "kube-system"
        account = found["kubernetes:core/v1:ServiceAccount", "tiller-account"]
        assert account["imagePullSecrets"] == [{"name": "image-registry"}]
        task = json.loads(found["command:local:Command", "tiller-init"]["environment"]["HELM2_TASK"])
        assert task["image"] == tiller
        assert found[PREFLIGHT]["helm2"]["image"] == tiller


def test_the_users_own_values_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = {
        "ingressValues": '{"controller": {"image": {"registry": "quay.example.com"}}}',
        "rancherValues": '{"rancherImage": "quay.example.com/rancher", "imagePullSecrets": []}',
        "tillerImage": "quay.example.com/tiller:v2.17.0",
    }
    found = declared(monkeypatch, tmp_path, {**REGISTRY, **own})
    controller = found[RELEASE, "ingress-release"]["values"]["controller"]
    assert controller["image"]["registry"] == "quay.example.com"
    values = found[RELEASE, "rancher-server-release"]["values"]
    assert (values["rancherImage"], values["imagePullSecrets"]) == ("quay.example.com/rancher", [])


def test_the_environment_has_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGE_PULL_SECRET_PASSWORD", "rotated")
    mocks = RecordingMocks()

    @with_engine
    def program() -> pulumi.Output[Any]:
        args = PullSecretArgs(secret_name="s", namespace="n", host="h.example", username="u", password="old")
        return PullSecret("s", args).urn

    program()
    assert login(mocks.inputs(SECRET, "s"))["h.example"]["password"] == "rotated"
