"""Kubeconfigs with an OIDC login: renewed when the ID token has expired, else a clean error."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from components.kubernetes import api as kube
from components.kubernetes import kubeconfig as kubeconfigs
from components.kubernetes.api import KubernetesError
from components.kubernetes.kubeconfig import KubeconfigError
from components.kubernetes.provider import ClusterProvider
from domain.oidc import expiry
from tests import kubernetes_api, pki
from tests.kubernetes_api import FakeApi
from tests.servers import ADDRESS, Request, Response, Server, serve

PATH = "/api/v1/namespaces/cattle-system/services/x"
_CA = pki.root()


def jwt(seconds: float) -> str:
    """An ID token that ends so many seconds from now."""
    parts = ({"alg": "RS256"}, {"exp": int(time.time() + seconds), "iss": "https://uaa"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


def with_oidc(kubeconfig: str, **changes: str | None) -> str:
    """The kubeconfig with the OIDC user that PKS writes."""
    document = yaml.safe_load(kubeconfig)
    config = {
        "client-id": "pks_cluster_client",
        "client-secret": "",
        "id-token": jwt(-60),
        "idp-certificate-authority-data": base64.b64encode(_CA.pem.encode()).decode(),
        "idp-issuer-url": f"https://{ADDRESS}:1/oauth/token",
        "refresh-token": "refresh-me",
        **{key.replace("_", "-"): value for key, value in changes.items()},
    }
    settings = {key: value for key, value in config.items() if value is not None}
    document["users"][0]["user"] = {"auth-provider": {"name": "oidc", "config": settings}}
    return yaml.safe_dump(document)


@contextmanager
def issuer(answer: dict[str, Any], endpoint: str = "") -> Iterator[Server]:
    """A UAA."""

    def respond(request: Request) -> Response:
        if request.method == "GET":
            return Response(body={"token_endpoint": endpoint or f"{server.url}/oauth/token"})
        return Response(body=answer)

    with serve(respond, identity=pki.server(_CA, ADDRESS)) as server:
        yield server


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API that knows the token ``fresh``."""
    with kubernetes_api.running() as running:
        running.before = lambda request: (
            None if request.headers.get("authorization") == "Bearer fresh" else Response(401)
        )
        running.add("api/v1/services", "x")
        yield running


def test_a3_an_expired_login_is_renewed_once_and_the_request_carried_out_once(api: FakeApi) -> None:
    with issuer({"id_token": "fresh"}) as uaa:
        text = with_oidc(api.kubeconfig, idp_issuer_url=f"{uaa.url}/oauth/token")
        with kube.client(text) as kubernetes:
            kubernetes.replace(PATH, {"kind": "Service"})
            assert kubernetes.get(PATH) == {"kind": "Service"}
    assert uaa.paths == ["GET /oauth/token/.well-known/openid-configuration", "POST /oauth/token"]
    form = parse_qs(uaa.requests[1].body.decode())
    assert form == {"grant_type": ["refresh_token"], "refresh_token": ["refresh-me"]}
    client = base64.b64encode(b"pks_cluster_client:").decode()
    assert uaa.requests[1].headers["authorization"] == f"Basic {client}"
    assert api.server.paths == [f"PUT {PATH}"] * 2 + [f"GET {PATH}"]


@pytest.mark.parametrize(
    ("answer", "endpoint", "reason"),
    [
        ({}, "", "it gave no ID token"),
        ({"id_token": 5}, "", "it gave no ID token"),
        ({"id_token": "a\nb"}, "", "it gave no ID token"),
        ({"id_token": "fresh"}, "https://elsewhere.test/token", "no token endpoint of its own"),
        ({"id_token": "fresh"}, "https://[", "no token endpoint of its own"),
    ],
)
def test_a3_a_login_that_cannot_be_renewed_is_a_clean_error(
    api: FakeApi, answer: dict[str, Any], endpoint: str, reason: str
) -> None:
    with issuer(answer, endpoint) as uaa:
        text = with_oidc(api.kubeconfig, idp_issuer_url=f"{uaa.url}/oauth/token")
        with kube.client(text) as kubernetes, pytest.raises(KubernetesError, match=reason) as caught:
            kubernetes.get(PATH)
    assert caught.value.status == 401
    assert "Run `pulumi up`, which fetches the kubeconfig again" in str(caught.value)
    assert "refresh-me" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"idp_issuer_url": "http://127.0.0.1:1"},
        {"idp_issuer_url": None},
        {"refresh_token": None},
        {"refresh_token": ""},
    ],
)
def test_a3_an_issuer_that_cannot_be_asked_is_a_clean_error(
    api: FakeApi, changes: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    text = with_oidc(api.kubeconfig, **changes)
    with kube.client(text) as kubernetes, pytest.raises(KubernetesError) as caught:
        kubernetes.get(PATH)
    assert caught.value.status == 401
    assert "Run `pulumi up`" in str(caught.value)


@pytest.mark.parametrize(
    "user",
    [
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/sh"}}},
        {"auth-provider": {"name": "oidc"}},
        {"auth-provider": "oidc"},
        {
            "auth-provider": {
                "name": "oidc",
                "config": {"refresh-token": "r", "idp-certificate-authority": "/etc/x"},
            }
        },
    ],
)
def test_a3_other_providers_and_files_are_refused(api: FakeApi, user: dict[str, Any]) -> None:
    document = yaml.safe_load(api.kubeconfig)
    document["users"][0]["user"] = user
    with pytest.raises(KubeconfigError), kube.client(yaml.safe_dump(document)):
        pass


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "a.e30.c", "a.WzFd.c", "a.eyJleHAiOiJ4In0.c", "....", "a.€.c"]
)
def test_a_token_without_an_end_has_none(token: str) -> None:
    assert expiry(token) is None


def test_a3_valid_credentials_replace_expired_ones_in_the_state(api: FakeApi) -> None:
    provider = ClusterProvider()
    provider.updates = ("kubeconfig",)  # type: ignore[misc]
    old, fresh = with_oidc(api.kubeconfig), with_oidc(api.kubeconfig, id_token=jwt(600))
    assert kubeconfigs.expiry(old) == pytest.approx(time.time() - 60, abs=5)
    assert provider.diff("id", {"kubeconfig": old}, {"kubeconfig": fresh}).changes
    assert not provider.diff("id", {"kubeconfig": fresh}, {"kubeconfig": old}).changes
    assert not provider.diff("id", {"kubeconfig": api.kubeconfig}, {"kubeconfig": fresh}).changes


@pytest.mark.parametrize("token", ["", "EXPIRED-JWT", "a.b.c"])
def test_a3_a_login_that_cannot_be_read_has_ended(api: FakeApi, token: str) -> None:
    assert kubeconfigs.expiry(with_oidc(api.kubeconfig, id_token=token)) == 0
    assert kubeconfigs.expiry(api.kubeconfig) is None
