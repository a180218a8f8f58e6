"""Names of images, and their names in another registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.finding import FindingError
from domain.images import (
    Image,
    ImageRegistry,
    MirroredImage,
    address_problem,
    copy_commands,
    digest_problems,
)

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("busybox", Image("docker.io", "library/busybox", "latest")),
        ("busybox:1.36", Image("docker.io", "library/busybox", "1.36")),
        ("docker.io/busybox", Image("docker.io", "library/busybox", "latest")),
        ("index.docker.io/rancher/shell:v1", Image("docker.io", "rancher/shell", "v1")),
        ("rancher/rancher:v2.15.0", Image("docker.io", "rancher/rancher", "v2.15.0")),
        ("localhost/a", Image("localhost", "a", "latest")),
        ("registry:5000/a/b:c", Image("registry:5000", "a/b", "c")),
        ("[::1]:5000/a", Image("[::1]:5000", "a", "latest")),
        (f"registry.k8s.io/a/b@{DIGEST}", Image("registry.k8s.io", "a/b", "", DIGEST)),
        (f"registry.k8s.io/a/b:v1@{DIGEST}", Image("registry.k8s.io", "a/b", "v1", DIGEST)),
    ],
)
def test_names(text: str, image: Image) -> None:
    assert Image.parse(text) == image
    assert Image.parse(str(image)) == image


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "@", "a:", "a@", "/a", "a/", "a//b", "A/b", "a b", "a\n", "a:b:c", "-a", "a:-b", "a:b@c"),
        *("https://a.example/b", "a.example:port/b", "a.example:123456/b", "a.example//b", "../b", "a/../b"),
        *(
            "a@sha256:abc",
            f"a@{DIGEST}0",
            f"a@{DIGEST}@{DIGEST}",
            "a" * 300,
            "a:" + "b" * 129,
            "\uff41/b",
            "a\0",
        ),
        *("$(id)", "`id`", "{{ a }}/b", "%a", "None:None", "a;b"),
    ],
)
def test_hostile_names(text: str) -> None:
    with pytest.raises(FindingError, match="is not the name of an image"):
        Image.parse(text)


@given(st.text(max_size=40) | st.from_regex(r"[a-z.:/@-]{1,30}", fullmatch=True))
def test_any_text_is_refused_or_read_once_and_for_all(text: str) -> None:
    try:
        image = Image.parse(text)
    except FindingError:
        return
    assert Image.parse(str(image)) == image
    registry = ImageRegistry("harbor.example.com/rancher")
    mirrored = registry.mirrored(image)
    assert registry.holds(mirrored) and Image.parse(str(mirrored)) == mirrored
    assert registry.path(mirrored) == image.path


@pytest.mark.parametrize(
    ("address", "text", "target"),
    [
        ("h.example/p", "busybox", "h.example/p/library/busybox:latest"),
        ("h.example", "rancher/rancher:v1", "h.example/rancher/rancher:v1"),
        ("h.example:8443/p/q", f"registry.k8s.io/a/b:v1@{DIGEST}", f"h.example:8443/p/q/a/b:v1@{DIGEST}"),
    ],
)
def test_rewriting(address: str, text: str, target: str) -> None:
    registry = ImageRegistry(address)
    assert str(registry.mirrored(Image.parse(text))) == target
    assert not registry.holds(Image.parse(text))


def test_a_registry_holds_only_what_is_below_its_path() -> None:
    registry = ImageRegistry("h.example/rancher")
    assert registry.holds(Image.parse("h.example/rancher/a:b"))
    assert not registry.holds(Image.parse("h.example/rancher-2/a:b"))
    assert not registry.holds(Image.parse("h.example/other/a:b"))


@pytest.mark.parametrize(
    "address", ["harbor.example.com", "harbor.example.com:8443/rancher", "localhost/a", "127.0.0.1:5000"]
)
def test_addresses(address: str) -> None:
    assert not address_problem(address)


@pytest.mark.parametrize(
    "address",
    [
        *("https://harbor.example.com/p", "oci://h.example/p", "rancher", "rancher/rancher", "h.example/"),
        *("h.example/P", "h.example/a//b", "h.example/a/", "h.example/a:tag", f"h.example/a@{DIGEST}"),
        *("user:pass@h.example/p", "h.example:/p", "h.example/a b", "h.example?a=b"),
    ],
)
def test_wrong_addresses(address: str) -> None:
    assert address_problem(address)


def test_lock_file() -> None:
    assert not digest_problems({"rancher/rancher:v2.15.0": DIGEST, "a:1": DIGEST})
    wrong: dict[str, object] = {
        "a": DIGEST,
        "a@b:c": DIGEST,
        "b:1": "sha256:short",
        "c:1": None,
        "d:1": [],
        "A:1": DIGEST,
    }
    assert len(digest_problems(wrong)) == len(wrong)


def test_copies_keep_the_digest() -> None:
    source = Image.parse(f"registry.k8s.io/ingress-nginx/controller:v1.15.1@{DIGEST}")
    target = ImageRegistry("h.example/p").mirrored(source)
    assert copy_commands([MirroredImage(target, source)]) == [
        f"skopeo copy --all docker://registry.k8s.io/ingress-nginx/controller@{DIGEST} "
        "docker://h.example/p/ingress-nginx/controller:v1.15.1"
    ]
