"""Access to a Kubernetes API by the text of a kubeconfig."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.output import Unknown

from components.kubernetes import api as kube
from components.kubernetes.api import KubernetesError, UnreachableError
from components.kubernetes.kubeconfig import KubeconfigError, same_cluster
from components.runtime.errors import ProviderError
from tests import kubernetes_api, pki
from tests.kubernetes_api import FakeApi
from tests.servers import ADDRESS, Request, Response, serve

PATH = "/api/v1/namespaces/cattle-system/services/x"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        yield running


def test_requests_carry_the_token_and_plain_json(api: FakeApi) -> None:
    api.add("api/v1/services", "x", spec={"type": "ClusterIP"})
    with kube.client(api.kubeconfig) as kubernetes:
        found = kubernetes.get(PATH)
        assert found is not None
        kubernetes.replace(PATH, {**found, "spec": {"type": "LoadBalancer"}})
        assert kubernetes.get("/api/v1/namespaces/none") is None
        assert kubernetes.delete(PATH)
        assert not kubernetes.delete(PATH)
    assert found["spec"] == {"type": "ClusterIP"}
    assert {request.headers["authorization"] for request in api.server.requests} == {"Bearer admin-token"}


def test_lists_are_read_page_by_page(api: FakeApi) -> None:
    one, two = ({"metadata": {"name": name}} for name in ("one", "two"))
    pages: dict[str, dict[str, Any]] = {
        "": {"items": [one], "metadata": {"continue": "a b"}},
        "a+b": {"items": [two]},
    }
    api.before = lambda request: Response(body=pages[request.path.partition("continue=")[2]])
    with kube.client(api.kubeconfig) as kubernetes:
        assert kubernetes.list("/api/v1/pods", labelSelector="app=rancher") == [one, two]
    assert all("labelSelector=app%3Drancher" in path for path in api.server.paths)


def test_pages_without_an_end_and_objects_without_a_name_are_refused(api: FakeApi) -> None:
    page: dict[str, Any] = {"items": [], "metadata": {"continue": "on"}}
    api.before = lambda _request: Response(body=page)
    with kube.client(api.kubeconfig) as kubernetes:
        with pytest.raises(KubernetesError, match="/api/v1/pods has more than 200 pages"):
            kubernetes.list("/api/v1/pods")
        page |= {"items": [{"metadata": {}}], "metadata": {}}
        with pytest.raises(
            KubernetesError, match=r"not one of Kubernetes: items\[0\].metadata.name is missing"
        ):
            kubernetes.list("/api/v1/pods")


@pytest.mark.parametrize(
    ("status", "kind"), [(403, KubernetesError), (503, UnreachableError), (429, UnreachableError)]
)
def test_refusals_tell_the_api_and_its_message(
    api: FakeApi, status: int, kind: type[KubernetesError]
) -> None:
    api.before = lambda _request: Response(status, {"message": "it is so"})
    with kube.client(api.kubeconfig) as kubernetes, pytest.raises(KubernetesError) as caught:
        kubernetes.get(PATH)
    assert type(caught.value) is kind
    assert str(caught.value) == f"Kubernetes API {api.server.url}: GET {PATH}: status {status}: it is so"


def test_no_answer_says_why() -> None:
    with (
        kube.client(kubernetes_api.kubeconfig(f"https://{ADDRESS}:1")) as kubernetes,
        pytest.raises(
            UnreachableError, match=rf"^Kubernetes API https://{ADDRESS}:1: .*[Cc]onnection refused"
        ),
    ):
        kubernetes.get(PATH)


def _ok(_request: Request) -> Response:
    return Response(body={"ok": True})


def test_certificate_is_verified_for_the_tls_server_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ca, other = pki.root(), pki.root("Another CA")

    def data(identity: pki.Identity) -> str:
        return base64.b64encode(identity.pem.encode()).decode()

    with serve(_ok, identity=pki.server(ca, "api.example.com")) as server:

        def get(**cluster: str) -> object:
            with kube.client(kubernetes_api.kubeconfig(server.url, **cluster)) as kubernetes:
                assert not list(tmp_path.glob("*rancher-on-pks-*")), "nothing lasts on disk"
                return kubernetes.get(PATH)

        named = {"tls_server_name": "api.example.com"}
        assert get(certificate_authority_data=data(ca), **named) == {"ok": True}
        with pytest.raises(KubernetesError, match=r"(?i)certificate"):
            get(certificate_authority_data=data(ca), tls_server_name="other.example.com")
        with pytest.raises(KubernetesError, match=r"(?i)certificate"):
            get(certificate_authority_data=data(other), **named)
        insecure = kubernetes_api.kubeconfig(server.url).replace(
            "server:", "insecure-skip-tls-verify: true\n    server:"
        )
        with pytest.raises(KubeconfigError, match="insecure-skip-tls-verify"), kube.client(insecure):
            pass


@pytest.mark.parametrize("text", ["", "token: s3cret", "{", "users: [s3cret]"])
def test_unusable_kubeconfig_is_not_quoted(text: str) -> None:
    with pytest.raises(ProviderError, match="kubeconfig") as caught, kube.client(text):
        pass
    assert "s3cret" not in str(caught.value)


def test_same_cluster_whatever_the_credentials() -> None:
    one = kubernetes_api.kubeconfig("https://a:8443", certificate_authority_data="x")
    assert same_cluster(
        one, kubernetes_api.kubeconfig("https://a:8443", token="b", certificate_authority_data="x")
    )
    assert not same_cluster(one, kubernetes_api.kubeconfig("https://b:8443", certificate_authority_data="x"))
    assert not same_cluster(one, kubernetes_api.kubeconfig("https://a:8443", certificate_authority_data="y"))
    assert not same_cluster(one, Unknown())  # type: ignore[no-untyped-call]
