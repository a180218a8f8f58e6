"""Kubeconfigs: reduced to the current context."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.kubernetes.kubeconfig import KubeconfigError, reduce

DOCUMENT: dict[str, Any] = {
    "apiVersion": "v1",
    "current-context": "c",
    "clusters": [
        {"name": "other", "cluster": {"server": "https://other"}},
        {"name": "c", "cluster": {"server": "https://c.test:8443", "certificate-authority-data": "Q0E="}},
    ],
    "contexts": [
        {"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "n"}},
        {"name": "other", "context": {"cluster": "other", "user": "u"}},
    ],
    "users": [{"name": "u", "user": {"token": "t"}}, {"name": "v", "user": {}}],
}


def test_only_the_current_context_stays() -> None:
    text, server = reduce(yaml.safe_dump(DOCUMENT))
    assert server == "https://c.test:8443"
    assert yaml.safe_load(text) == {
        **DOCUMENT,
        "clusters": DOCUMENT["clusters"][1:],
        "contexts": DOCUMENT["contexts"][:1],
        "users": DOCUMENT["users"][:1],
    }


def test_another_server_keeps_the_name_to_verify() -> None:
    text, server = reduce(yaml.safe_dump(DOCUMENT), server="https://10.0.0.1:8443", tls_name="c.test")
    [entry] = yaml.safe_load(text)["clusters"]
    assert entry["cluster"] == {
        "server": server,
        "tls-server-name": "c.test",
        "certificate-authority-data": "Q0E=",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"current-context": None},
        {"contexts": []},
        {"users": {}},
        {"clusters": [{"name": "c", "cluster": {}}]},
        {"clusters": [{"name": "c", "cluster": "text"}]},
    ],
)
def test_an_unusable_one_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(KubeconfigError):
        reduce(yaml.safe_dump({**DOCUMENT, **changes}))


@pytest.mark.parametrize("depth", [400, 5000])
def test_one_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    text = yaml.safe_dump(DOCUMENT).replace("token: t", f"token: {'[' * depth}{']' * depth}")
    with pytest.raises(KubeconfigError):
        reduce(text)
