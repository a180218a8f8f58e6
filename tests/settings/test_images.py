"""Settings of the image registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import SettingsError, parse
from tests.config import GOOD

REGISTRY = {"imageRegistry": "harbor.example.com/rancher"}
LOGIN = {"imagePullSecretUsername": "robot$rancher", "imagePullSecretPassword": "t0p-secret"}
DIGEST = "sha256:" + "ab" * 32


def problems(**changes: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        parse({**GOOD, **changes})
    return {finding.key: str(finding) for finding in error.value.findings}


def test_without_a_registry_there_is_none() -> None:
    settings = parse(GOOD).images
    assert settings.registry is None and not settings.makes_pull_secret


@pytest.mark.parametrize(
    ("given", "secret", "made"),
    [
        ({}, "", False),
        (LOGIN, "image-registry", True),
        ({"imagePullSecret": "mine"}, "mine", False),
        ({"imagePullSecret": "mine", **LOGIN}, "mine", False),
    ],
)
def test_pull_secret(given: dict[str, str], secret: str, made: bool) -> None:
    settings = parse({**GOOD, **REGISTRY, **given}).images
    assert settings.registry is not None
    assert (settings.registry.pull_secret, settings.makes_pull_secret) == (secret, made)


@pytest.mark.parametrize(
    "address", ["https://harbor.example.com", "rancher", "harbor.example.com/A", "h.example/"]
)
def test_wrong_addresses(address: str) -> None:
    assert "harbor.example.com/rancher" in problems(imageRegistry=address)["imageRegistry"]


def test_half_a_login() -> None:
    for key, value in LOGIN.items():
        found = problems(**REGISTRY, **{key: value})
        assert "Set both or neither" in found["imagePullSecretUsername"]
        assert "t0p-secret" not in str(found)


def test_keys_without_a_registry_have_no_effect(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("{}")
    others = {
        "imageRegistryCaFile": str(file),
        "imageLockFile": str(file),
        "imagePullSecret": "mine",
        **LOGIN,
    }
    found = problems(**others)
    assert found.keys() == others.keys()
    assert all("has no effect without imageRegistry" in text for text in found.values())
    assert "t0p-secret" not in str(found)


def test_lock_file(tmp_path: Path) -> None:
    file = tmp_path / "images.json"
    file.write_text(f'{{"rancher/rancher:v2.15.0": "{DIGEST}"}}')
    settings = parse({**GOOD, **REGISTRY, "imageLockFile": str(file)}).images
    assert settings.digests == {"rancher/rancher:v2.15.0": DIGEST}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"5", b"\xff\xfe", b"{", b'{"a": 1}', b'{"a:1": "sha256:0"}', b"[" * 100_000),
        *(b'{"A:1": "' + DIGEST.encode() + b'"}', b'{"' + b"a" * 2_000_000 + b'": 1}'),
    ],
)
def test_hostile_lock_files(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "images.json"
    file.write_bytes(content)
    found = problems(**REGISTRY, imageLockFile=str(file))
    assert list(found) == ["imageLockFile"]
    assert len(found["imageLockFile"]) < 1000
