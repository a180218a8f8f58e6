"""Kubeconfigs of sites come from others: what would run code or send files away is refused at preview."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.sites_file import InventoryError, read_inventory
from tests.kubernetes_api import kubeconfig

SECRET = "a-secret-that-no-message-may-quote"


def written(root: Path, *, text: str = "", **user: Any) -> Path:
    """A sites file with one site; ``user`` replaces the user of its kubeconfig."""
    folder = root / "sites" / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    document = yaml.safe_load(kubeconfig("https://berlin.test", token=SECRET))
    if user:
        document["users"][0]["user"] = user
    (folder / "berlin.yaml").write_text(text or yaml.safe_dump(document))
    file = root / "sites" / "sites.yaml"
    file.write_text("sites: [{name: berlin, kubeconfig: keys/berlin.yaml}]")
    return file


def problem(file: Path, texts: dict[str, str] | None = None) -> str:
    with pytest.raises(InventoryError) as caught:
        read_inventory(file, texts or {}, root=file.parent)
    [found] = caught.value.findings
    assert SECRET not in str(found)
    return str(found)


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ({"exec": {"command": "curl"}}, "has `exec`"),
        ({"token": SECRET, "exec": {"command": "curl"}}, "has `exec`"),
        ({"tokenFile": "/etc/passwd"}, "has `tokenFile`"),
        ({"tokenFile": "token"}, "has `tokenFile`"),
        ({"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/sh"}}}, "auth-provider"),
        ({"auth-provider": {"name": "oidc", "config": {"id-token": SECRET}}}, "auth-provider"),
        (
            {"client-certificate": "/home/operator/.ssh/id", "client-key": "/home/operator/.ssh/id"},
            "outside of its folder",
        ),
        ({"client-key": "../../id", "client-certificate-data": "QQ=="}, "outside of its folder"),
        ({"client-key": "../keys/berlin.yaml"}, "outside of its folder"),
        ({"client-key": "link.pem"}, "outside of its folder"),
        ({"client-key": "loop.pem"}, "its file cannot be read"),
        ({"client-key": "fifo"}, "its file cannot be read"),
        ({"client-key": "."}, "its file cannot be read"),
        ({"client-key": f"{SECRET}\n{SECRET}"}, "its file cannot be read"),
        ({"client-key": f"{SECRET}\0"}, "its file cannot be read"),
        ({"client-key-data": SECRET}, "is not base64"),
        ({"token": f"{SECRET}\n"}, "token of the kubeconfig is not a line of text"),
        ({"token": f"{SECRET} x"}, "has characters that no token has"),
        ({"token": f"{SECRET}é"}, "has characters that no token has"),
        ({"token": 5}, "token of the kubeconfig is not a line of text"),
    ],
)
def test_s1_a_user_that_runs_code_or_sends_files_is_refused(
    tmp_path: Path, user: dict[str, Any], reason: str
) -> None:
    file = written(tmp_path, **user)
    keys = file.parent / "keys"
    (tmp_path / "id").write_text(SECRET)
    (keys / "link.pem").symlink_to(tmp_path / "id")
    (keys / "loop.pem").symlink_to(keys / "loop.pem")
    os.mkfifo(keys / "fifo")
    found = problem(file)
    assert reason in found
    assert found.startswith(f"{file}: site berlin: kubeconfig {keys / 'berlin.yaml'}: ")


@pytest.mark.parametrize(
    ("server", "cluster", "reason"),
    [
        ("http://berlin.test", {}, "begins with https"),
        (f"https://admin:{SECRET}@berlin.test", {}, "contains credentials"),
        ("https://berlin.test\n", {}, "begins with https"),
        ("https://[berlin", {}, "begins with https"),
        ("https://berlin.test", {"insecure_skip_tls_verify": True}, "insecure-skip-tls-verify"),
        ("https://berlin.test", {"proxy_url": "socks5://proxy.test"}, "proxy-url"),
        ("https://berlin.test", {"certificate_authority_data": "%"}, "is not base64"),
        ("https://berlin.test", {"tls_server_name": "a\nb"}, "tls-server-name"),
    ],
)
def test_s1_a_cluster_that_cannot_be_verified_is_refused(
    tmp_path: Path, server: str, cluster: dict[str, Any], reason: str
) -> None:
    text = kubeconfig(server, token=SECRET, **cluster)
    assert reason in problem(written(tmp_path, text=text))


@pytest.mark.parametrize(
    "text", ["", "a: [", "[]", "current-context: x", f"token: {SECRET}", SECRET, "&a [*a]", "\x00"]
)
def test_s1_a_broken_kubeconfig_is_reported_with_its_site(tmp_path: Path, text: str) -> None:
    file = written(tmp_path)
    (file.parent / "keys" / "berlin.yaml").write_text(text)
    assert ": site berlin: kubeconfig " in problem(file)


def test_s1_files_of_a_kubeconfig_in_the_config_are_refused(tmp_path: Path) -> None:
    document = yaml.safe_load(kubeconfig("https://berlin.test", token=SECRET))
    document["clusters"][0]["cluster"] = {"server": "https://berlin.test", "certificate-authority": "ca.pem"}
    file = tmp_path / "sites.yaml"
    file.write_text("sites: [{name: berlin}]")
    found = problem(file, {"berlin": yaml.safe_dump(document)})
    assert "site berlin: certificate-authority of the kubeconfig is a file" in found


def test_s1_users_of_other_contexts_do_not_matter(tmp_path: Path) -> None:
    document = yaml.safe_load(kubeconfig("https://berlin.test", token=SECRET))
    document["users"].append({"name": "other", "user": {"exec": {"command": "aws"}}})
    file = written(tmp_path, text=yaml.safe_dump(document))
    assert list(read_inventory(file, {}, root=tmp_path).access) == ["berlin"]


def relative(folder: Path, ca: str) -> None:
    """A kubeconfig with its CA in a file beside it."""
    folder.mkdir(parents=True)
    document = yaml.safe_load(kubeconfig("https://cluster.test:6443", token=SECRET))
    document["clusters"][0]["cluster"] = {
        "server": "https://cluster.test:6443",
        "certificate-authority": "ca.pem",
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(document))
    (folder / "ca.pem").write_text(ca)


def test_c11_two_sites_whose_cas_have_the_same_path_are_two_clusters(tmp_path: Path) -> None:
    relative(tmp_path / "berlin", "CA of Berlin")
    relative(tmp_path / "paris", "CA of Paris")
    file = tmp_path / "sites.yaml"
    entries = [{"name": name, "kubeconfig": f"{name}/config.yaml"} for name in ("berlin", "paris")]
    file.write_text(yaml.safe_dump({"sites": entries}))
    found = read_inventory(file, {}, root=tmp_path)
    assert found.access["berlin"].fingerprint != found.access["paris"].fingerprint
    (tmp_path / "paris" / "ca.pem").write_text("CA of Berlin")
    assert "leads to the same cluster as that of site berlin" in problem(file)


def inline(value: object) -> str:
    return yaml.safe_dump({"sites": [{"name": "berlin", "kubeconfig": value}]})


def one_line(text: str) -> str:
    return yaml.safe_dump(yaml.safe_load(text), default_flow_style=True, width=9999).strip()


@pytest.mark.parametrize(
    "write",
    [
        inline,
        lambda text: inline(one_line(text)),
        lambda text: inline(yaml.safe_load(text)),
        lambda _: inline(SECRET * 9),
    ],
)
def test_s4_an_inline_kubeconfig_is_refused_without_quoting_it(
    tmp_path: Path, write: Callable[[str], str]
) -> None:
    file = tmp_path / "sites.yaml"
    file.write_text(write(kubeconfig("https://berlin.test", token=SECRET)))
    assert problem(file).startswith(f"{file}: site berlin: kubeconfig: must be ")


@pytest.mark.parametrize(
    "text",
    [
        kubeconfig("https://berlin.test", token=SECRET),
        f"{SECRET}",
        f"sites: {SECRET}",
        f"sites: [{SECRET}]",
        f"sites: [{{name: a, registrationOnly: true, token: {SECRET}}}]",
        f"a: b: {SECRET}",
        f"'{SECRET}",
    ],
)
def test_s4_no_error_of_a_sites_file_quotes_a_secret(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sites.yaml"
    file.write_text(text)
    with pytest.raises(InventoryError) as caught:
        read_inventory(file, {}, root=tmp_path)
    assert SECRET not in str(caught.value)
