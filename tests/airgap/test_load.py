"""A bundle is loaded as it was made, or refused with the name of what is wrong."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from airgap import archive, load

LONG = f"wheels/b-1-{'manylinux2014_x86_64.' * 6}whl"
FILES = {
    "inventory.json": b'{"python": "3.11 Linux x86_64"}\n',
    "charts/rancher-2.8.5.tgz": bytes(range(256)) * 5,
    "pulumi/plugins/resource-tls-v1.0.0/pulumi-resource-tls": b"#!/bin/sh\n",
    "project/Makefile": b"all:\n",
    "project/settings/model.py": b"",
    "wheels/a-1-py3-none-any.whl": b"a wheel" * 300,
    LONG: b"a name of more than 100 characters",
}
EXECUTABLE = "pulumi/plugins/resource-tls-v1.0.0/pulumi-resource-tls"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Name in the bundle to file."""
    written = {name: tmp_path / "files" / name for name in FILES}
    for name, path in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[name])
    written[EXECUTABLE].chmod(0o755)
    return written


@pytest.fixture
def bundle(files: Mapping[str, Path], tmp_path: Path) -> Path:
    made = tmp_path / "bundle.tar"
    archive.write(made, files)
    return made


def refusal(bundle: Path, target: Path) -> str:
    """Why the bundle is refused; nothing may be left of it."""
    before = set(target.parent.iterdir())
    with pytest.raises(load.BundleError) as refused:
        load.extract(bundle, target)
    assert set(target.parent.iterdir()) == before
    return str(refused.value)


def test_every_file_arrives_in_its_place(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    load.extract(bundle, target)
    carried = {name: content for name, content in FILES.items() if not name.startswith("project/")}
    for name, content in carried.items():
        assert (target / "carried" / name).read_bytes() == content
    assert (target / "Makefile").read_bytes() == b"all:\n"
    assert (target / "settings/model.py").read_bytes() == b""
    assert (target / "carried" / EXECUTABLE).stat().st_mode & 0o777 == 0o755
    assert (target / "Makefile").stat().st_mode & 0o777 == 0o644


def test_a_bundle_is_the_same_each_time(files: Mapping[str, Path], tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    digests = {archive.write(first, files)}
    for path in files.values():
        path.touch()
    digests.add(archive.write(second, dict(reversed(list(files.items())))))
    assert first.read_bytes() == second.read_bytes()
    assert digests == {load.sha256(first)}


def test_common_tools_read_a_bundle(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", tmp_path / "out"], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "out", check=True)


def test_the_loader_runs_from_the_bundle_without_any_package(bundle: Path, tmp_path: Path) -> None:
    loader = subprocess.run(["tar", "-xOf", bundle, "load.py"], capture_output=True, check=True).stdout
    command = [
        sys.executable,
        "-I",
        "-S",
        "-",
        str(bundle),
        "--into",
        str(tmp_path / "x"),
        "--sha256",
        "0" * 64,
    ]
    done = subprocess.run(command, input=loader, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"its SHA-256 is not 000" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", [*FILES, "load.py"])
def test_a_flipped_byte_is_refused_by_name(name: str, bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle) as opened:
        member = opened.getmember(name)
    blocks = load.header(load.entry(name, member.size))
    places = {"header": member.offset_data - 512 + 130, "mode": member.offset_data - 512 + 103}
    places["start"] = member.offset_data - len(blocks)
    if member.size:
        places |= {"first": member.offset_data, "last": member.offset_data + member.size - 1}
    content = bundle.read_bytes()
    for place in places.values():
        flipped = bytearray(content)
        flipped[place] ^= 1
        bundle.write_bytes(flipped)
        assert name in refusal(bundle, tmp_path / "there")


def test_any_flipped_bit_is_refused(bundle: Path, tmp_path: Path) -> None:
    content, chance = bundle.read_bytes(), random.Random(14)  # noqa: S311
    for _ in range(60):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        bundle.write_bytes(flipped)
        refusal(bundle, tmp_path / "there")


def test_all_damaged_files_are_named_at_once(bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes().replace(b"#!/bin/sh", b"#!/bin/zh").replace(b"a wheel", b"a whale")
    bundle.write_bytes(content)
    found = refusal(bundle, tmp_path / "there")
    assert EXECUTABLE in found
    assert "wheels/a-1-py3-none-any.whl" in found


@pytest.mark.parametrize("size", [0, 100, 5000, -700])
def test_a_cut_archive_is_refused(size: int, bundle: Path, tmp_path: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:size])
    assert refusal(bundle, tmp_path / "there")


def hostile(bundle: Path, name: str, change: Callable[[tarfile.TarInfo], None], content: bytes = b"") -> None:
    """Adds a member that tar would write, with a checksum that fits, to a bundle of nothing else."""
    digest = hashlib.sha256(content).hexdigest()
    loader = Path(load.__file__).read_bytes()
    sums = f"{hashlib.sha256(loader).hexdigest()}  load.py\n{digest}  {name}\n".encode()
    with tarfile.open(bundle, "w", format=tarfile.GNU_FORMAT) as made:
        for own, text in (("load.py", loader), ("SHA256SUMS", sums)):
            made.addfile(load.entry(own, len(text)), io.BytesIO(text))
        member = load.entry(name, len(content))
        change(member)
        made.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "project/../../outside",
        "a//b",
        "./a",
        "a/",
        "..",
        "project/carried/SHA256SUMS",
        "a\\..\\b",
        "a\x1b[31m",
        "a\u202eb",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / "hostile.tar"
    hostile(bundle, name, lambda member: None)
    assert "not allowed" in refusal(bundle, tmp_path / "there")


def _kind(kind: bytes, link: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = kind, link

    return change


@pytest.mark.parametrize(
    "change",
    [
        _kind(tarfile.SYMTYPE, "/etc"),
        _kind(tarfile.LNKTYPE, "load.py"),
        _kind(tarfile.CHRTYPE),
        _kind(tarfile.BLKTYPE),
        _kind(tarfile.FIFOTYPE),
        _kind(tarfile.DIRTYPE),
        _kind(tarfile.GNUTYPE_SPARSE),
        _kind(tarfile.GNUTYPE_LONGNAME),
        _kind(tarfile.XHDTYPE),
    ],
)
def test_only_regular_files_are_accepted(change: Callable[[tarfile.TarInfo], None], tmp_path: Path) -> None:
    bundle = tmp_path / "hostile.tar"
    hostile(bundle, "a", change)
    assert "a: is not a regular file" in refusal(bundle, tmp_path / "there")


def test_a_setuid_file_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "hostile.tar"
    hostile(bundle, "a", lambda member: setattr(member, "mode", 0o4755))
    assert "a: the archive has" in refusal(bundle, tmp_path / "there")


def test_a_file_larger_than_the_archive_is_refused_before_it_is_written(tmp_path: Path) -> None:
    bundle = tmp_path / "hostile.tar"
    hostile(bundle, "a", lambda member: None)
    content = bundle.read_bytes()
    plain = load.header(load.entry("a", 0))
    bundle.write_bytes(content.replace(plain, load.header(load.entry("a", 7 * 2**30))))
    assert "a: is cut off" in refusal(bundle, tmp_path / "there")


def test_a_member_without_checksum_is_refused(bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle, "a") as opened:
        opened.addfile(load.entry("more", 1), io.BytesIO(b"x"))
    assert "does not end" in refusal(bundle, tmp_path / "there")


def test_a_compressed_archive_is_refused(bundle: Path, tmp_path: Path) -> None:
    packed = subprocess.run(["gzip", "-c", bundle], capture_output=True, check=True).stdout
    bundle.write_bytes(packed)
    assert "load.py" in refusal(bundle, tmp_path / "there")


def test_a_directory_with_other_files_stays_as_it_is(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "mine").write_text("mine")
    assert "is not empty" in refusal(bundle, target)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_loading_again_verifies_what_is_there(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    load.extract(bundle, target)
    (target / "Makefile").write_text("changed since: ours\n")
    load.extract(bundle, target)
    assert (target / "Makefile").read_text() == "changed since: ours\n"
    (target / "carried/charts/rancher-2.8.5.tgz").write_bytes(b"damaged")
    assert "charts/rancher-2.8.5.tgz: differs" in refusal(bundle, target)


def test_another_bundle_needs_another_directory(bundle: Path, files: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "there"
    load.extract(bundle, target)
    other = tmp_path / "other.tar"
    archive.write(other, {**files, "wheels/b-1-py3-none-any.whl": files["wheels/a-1-py3-none-any.whl"]})
    assert "has another bundle" in refusal(other, target)


def test_plugins_go_into_the_plugin_folder_once(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    target = tmp_path / "there"
    load.extract(bundle, target)
    load.install_plugins(target)
    load.install_plugins(target)
    plugin = tmp_path / "pulumi/plugins/resource-tls-v1.0.0/pulumi-resource-tls"
    assert plugin.read_bytes() == b"#!/bin/sh\n"
    assert plugin.stat().st_mode & 0o100
    plugin.write_bytes(b"another")
    with pytest.raises(load.BundleError, match="is not the plugin of the bundle"):
        load.install_plugins(target)


def test_a_bundle_for_another_python_is_refused(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    load.extract(bundle, target)
    inventory = target / "carried/inventory.json"
    inventory.write_text('{"python": "3.99 Plan9 mips"}')
    with pytest.raises(load.BundleError, match=r"the wheels are for 3\.99 Plan9 mips"):
        load.make_environment(target, sys.executable)
    assert not (target / ".venv").exists()
