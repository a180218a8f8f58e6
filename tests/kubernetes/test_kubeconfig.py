"""Kubeconfigs come from somebody else: what would run code or send files away is refused."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.kubeconfig import KubeconfigError, parse, same_cluster

PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def text(user: Any = None, cluster: Any = None, **more: Any) -> str:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://a:8443", **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "t0ken"} if user is None else user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        **more,
    }
    return yaml.safe_dump(document)


def encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def test_what_is_inline_is_used() -> None:
    found = parse(
        text(
            {"client-certificate-data": encoded(PEM), "client-key-data": encoded("key")},
            {"certificate-authority-data": encoded(PEM), "tls-server-name": "b"},
        )
    )
    assert (found.server, found.ca, found.tls_name) == ("https://a:8443", PEM, "b")
    assert (found.certificate, found.key, found.token) == (PEM, "key", "")
    assert parse(text()).token == "t0ken"
    assert parse(text({"username": "me", "password": "p"})).basic == ("me", "p")
    oidc = {"auth-provider": {"name": "oidc", "config": {"id-token": "id", "refresh-token": "r"}}}
    assert parse(text(oidc)).token == "id"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"exec": {"command": "/bin/sh", "args": ["-c", "touch /tmp/s3cret"]}}, "`exec`"),
        ({"token": "t", "exec": {"command": "x"}}, "`exec`"),
        ({"tokenFile": "/etc/s3cret"}, "`tokenFile`"),
        ({"token": "t", "tokenFile": "s3cret"}, "`tokenFile`"),
        ({"auth-provider": {"name": "gcp", "config": {"cmd-path": "s3cret"}}}, "auth-provider"),
        ({"auth-provider": {"name": "oidc", "config": ["s3cret"]}}, "auth-provider"),
        ({"token": "s3cret\n"}, "token of the kubeconfig is not a line of text"),
        ({"token": ["s3cret"]}, "token of the kubeconfig is not a line of text"),
        ({"client-key-data": "s3cret!"}, "client-key-data of the kubeconfig is not base64"),
        ({"client-certificate": "/etc/s3cret"}, "client-certificate of the kubeconfig is a file"),
    ],
)
def test_s1_what_runs_code_or_reads_files_is_refused(user: Any, words: str) -> None:
    with pytest.raises(KubeconfigError) as caught:
        parse(text(user))
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": "http://a"}, "https://"),
        ({"server": ["https://a"]}, "https://"),
        ({"server": "https://"}, "https://"),
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify"),
        ({"proxy-url": "socks5://a"}, "proxy-url"),
        ({"certificate-authority": "ca.pem"}, "certificate-authority of the kubeconfig is a file"),
    ],
)
def test_s1_an_unsafe_connection_is_refused(cluster: Any, words: str) -> None:
    with pytest.raises(KubeconfigError, match=words):
        parse(text(cluster=cluster))


def test_s1_files_are_inside_of_the_kubeconfigs_folder(tmp_path: Path) -> None:
    folder, outside = tmp_path / "site", tmp_path / "outside.pem"
    (folder / "pki").mkdir(parents=True)
    outside.write_text(PEM)
    (folder / "pki/ca.pem").write_text(PEM)
    (folder / "link.pem").symlink_to(outside)
    assert parse(text(cluster={"certificate-authority": "pki/ca.pem"}), folder).ca == PEM
    for file in (
        "../outside.pem",
        str(outside),
        "link.pem",
        "pki/../../outside.pem",
        str(folder / "pki/ca.pem"),
    ):
        with pytest.raises(KubeconfigError, match="outside of its folder"):
            parse(text(cluster={"certificate-authority": file}), folder)
    with pytest.raises(KubeconfigError, match="cannot be read"):
        parse(text(cluster={"certificate-authority": "none.pem"}), folder)


@pytest.mark.parametrize("broken", ["", "{", "a: [", "5", "[]", "current-context: x", "contexts: 5", "\x00"])
def test_what_is_no_kubeconfig_is_one_clear_error(broken: str) -> None:
    with pytest.raises(KubeconfigError, match="kubeconfig"):
        parse(broken)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "cluster", "user", "context", "server", "exec", "token", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["clusters", "users", "contexts", "current-context"]),
)
def test_any_document_is_used_or_refused(part: Any, section: str) -> None:
    for one in (text(**{section: part}), text(user=part), text(cluster={"certificate-authority-data": part})):
        try:
            parse(one)
        except KubeconfigError as error:
            assert "kubeconfig" in str(error)


def test_the_same_cluster_whatever_the_credentials() -> None:
    one = text({"token": "a"}, {"certificate-authority-data": "x"})
    assert same_cluster(one, text({"token": "b"}, {"certificate-authority-data": "x"}))
    assert not same_cluster(one, text({"token": "a"}, {"certificate-authority-data": "y"}))
    assert not same_cluster(one, "{")
    assert not same_cluster("{", "[")
