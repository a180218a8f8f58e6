"""The check from outside, against servers with good and bad certificates and answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pulumi.output import Unknown

from components.rancher.endpoint import RancherEndpoint
from components.rancher.endpoint_check import EndpointCheckProvider
from components.rancher.https_probe import ProbeError, get
from components.runtime.errors import ProviderError
from tests import pki
from tests.servers import ADDRESS, Answer, Response, Server, serve

HOST = "rancher.example.com"
FAKE = "Kubernetes Ingress Controller Fake Certificate"
UNAVAILABLE = Response(503, "<html><center>nginx</center></html>")
NO_RULE = Response(404, "<html><center>nginx</center></html>")
PONG = Response(200, "pong")


@pytest.fixture(scope="module")
def ca() -> pki.Identity:
    return pki.root()


@pytest.fixture
def site(ca: pki.Identity) -> Iterator[Callable[..., Any]]:
    """Serves an answer (or one after the other) with a certificate of the CA."""
    opened = []

    def start(*answers: Response, identity: pki.Identity | None = None, chain: str = "") -> Server:
        left = list(answers)
        answer: Answer = lambda _request: left.pop(0) if len(left) > 1 else left[0]  # noqa: E731
        context = serve(answer, identity=identity or pki.server(ca, HOST), chain=chain)
        opened.append(context)
        return context.__enter__()

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def endpoint(port: int, bundle: str) -> RancherEndpoint:
    return RancherEndpoint(address=ADDRESS, port=port, hostname=HOST, ca_bundle=bundle)


def inputs(server: Server, bundle: str, expect: str = "ingress", minutes: float = 0.005) -> dict[str, Any]:
    return {
        "endpoint": {**endpoint(server.port, bundle).inputs(), "port": float(server.port)},
        "expect": expect,
        "timeout_minutes": minutes,
        "triggers": [],
    }


@pytest.mark.parametrize(
    "answer",
    [UNAVAILABLE, PONG, Response(302), Response(401), Response(404, '{"type":"error"}'), Response(502)],
)
def test_before_rancher_any_answer_behind_the_rule_will_do(
    site: Callable[..., Server], ca: pki.Identity, answer: Response
) -> None:
    server = site(answer)
    made = EndpointCheckProvider().create(inputs(server, ca.pem))
    assert made.id == f"{HOST}:{server.port}"
    assert server.requests[0].headers["host"] == f"{HOST}:{server.port}"


@pytest.mark.parametrize("answer", [NO_RULE, Response(404, "default backend - 404"), Response(404)])
def test_missing_rule(site: Callable[..., Server], ca: pki.Identity, answer: Response) -> None:
    with pytest.raises(
        ProviderError, match=f"status 404: nginx has no rule for {HOST}. Check that its Ingress"
    ):
        EndpointCheckProvider().create(inputs(site(answer), ca.pem))


def test_waits_for_the_rule(site: Callable[..., Server], ca: pki.Identity) -> None:
    server = site(NO_RULE, NO_RULE, UNAVAILABLE)
    EndpointCheckProvider().update("", {}, inputs(server, ca.pem, minutes=1))
    assert len(server.requests) == 3


def test_rancher_has_to_answer_several_times_in_a_row(site: Callable[..., Server], ca: pki.Identity) -> None:
    server = site(UNAVAILABLE, PONG, PONG, Response(502), PONG)
    EndpointCheckProvider().create(inputs(server, ca.pem, "rancher", minutes=1))
    assert server.paths == ["GET /ping"] * 9


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (UNAVAILABLE, "status 503: Rancher's Service has no ready pod"),
        (Response(502), "status 502: nginx cannot connect to Rancher's pods"),
        (Response(504), "status 504: Rancher's pods do not answer in time"),
        (NO_RULE, "status 404: nobody serves /ping"),
        (Response(200, "<html>login"), "status 200: the answer is not 'pong': another server than Rancher"),
    ],
)
def test_why_rancher_does_not_answer(
    site: Callable[..., Server], ca: pki.Identity, answer: Response, meaning: str
) -> None:
    with pytest.raises(ProviderError, match=f"{meaning}.*0 good answers in a row.*Run `pulumi up` again"):
        EndpointCheckProvider().create(inputs(site(answer), ca.pem, "rancher"))


def refusal(server: Server, bundle: str) -> str:
    with pytest.raises(ProbeError) as caught:
        get(endpoint(server.port, bundle))
    return str(caught.value)


def test_certificate_that_nginx_shows_without_a_secret(site: Callable[..., Server], ca: pki.Identity) -> None:
    text = refusal(site(UNAVAILABLE, identity=pki.make(FAKE, names=["ingress.local"])), ca.pem)
    assert text.startswith(f"TLS: the certificate for {HOST} is not trusted (")
    assert f"the server presents CN={FAKE} for ingress.local, issued by CN={FAKE}" in text
    assert f"nginx has no certificate for {HOST}: check that the TLS secret of the Ingress exists" in text


@pytest.mark.parametrize(
    ("names", "days", "remedy"),
    [
        (["other.example.com"], (-1, 30), f"or the certificate lacks the name {HOST}"),
        ([HOST], (-30, -1), "Renew the certificate"),
        ([HOST], (1, 30), "Renew the certificate"),
    ],
)
def test_certificate_that_does_not_fit(
    site: Callable[..., Server], ca: pki.Identity, names: list[str], days: tuple[int, int], remedy: str
) -> None:
    server = pki.make("Rancher", ca, names=names, days=days)
    assert refusal(site(UNAVAILABLE, identity=server), ca.pem).endswith(remedy)


def test_certificate_of_another_ca(site: Callable[..., Server]) -> None:
    text = refusal(site(UNAVAILABLE), pki.root("Another CA").pem)
    assert text.endswith(
        "Give the CA bundle that this certificate was issued under, with the intermediates in the chain"
    )


def test_intermediates_in_chain_or_bundle(site: Callable[..., Server], ca: pki.Identity) -> None:
    middle = pki.intermediate(ca)
    leaf = pki.server(middle, HOST)
    with_chain = site(UNAVAILABLE, identity=leaf, chain=middle.pem)
    assert get(endpoint(with_chain.port, ca.pem)).status == 503
    alone = site(UNAVAILABLE, identity=leaf)
    assert "Give the CA bundle" in refusal(alone, ca.pem)
    assert get(endpoint(alone.port, middle.pem)).status == 503, "as curl and Rancher's agents do"


def test_bundle_that_is_none(site: Callable[..., Server]) -> None:
    with pytest.raises(ProviderError, match="the CA bundle cannot be read"):
        EndpointCheckProvider().create(inputs(site(UNAVAILABLE), "no PEM", minutes=10))


def test_closed_port(ca: pki.Identity) -> None:
    text = refusal(Server("https", 1), ca.pem)
    assert text.startswith(
        f"TCP: {ADDRESS}:1 accepts no connection (Connection refused). Check that the ingress pods"
    )


def test_port_without_tls(ca: pki.Identity) -> None:
    with serve(lambda _: UNAVAILABLE) as server:
        assert refusal(server, ca.pem).endswith("Check that the port is the one for HTTPS")


def test_server_that_hangs_up(ca: pki.Identity) -> None:
    with socket.create_server((ADDRESS, 0)) as listener:

        def hang_up() -> None:
            while True:
                listener.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(ProbeError, match=r"^TLS: the handshake failed"):
            get(endpoint(listener.getsockname()[1], ca.pem))


def test_checked_again_only_when_the_way_changed(ca: pki.Identity) -> None:
    olds = {**inputs(Server("https", 8443), ca.pem), "triggers": [1.0, "fingerprint"]}

    def changes(**news: object) -> bool | None:
        return EndpointCheckProvider().diff("", olds, {**olds, **news}).changes

    assert not changes(timeout_minutes=9, triggers=[1, "fingerprint"])
    assert changes(triggers=[2.0, "fingerprint"])
    assert changes(triggers=[Unknown(), "fingerprint"])  # type: ignore[no-untyped-call]
    assert changes(endpoint={**olds["endpoint"], "address": "10.50.0.80"})
    assert changes(endpoint={**olds["endpoint"], "address": Unknown()})  # type: ignore[no-untyped-call]
    assert changes(endpoint={**olds["endpoint"], "ca_bundle": "other"})


def test_without_a_ca_nothing_is_trusted(ca: pki.Identity) -> None:
    good = inputs(Server("https", 8443), ca.pem)
    assert EndpointCheckProvider().check({}, good).failures == []
    later = {**good["endpoint"], "ca_bundle": Unknown()}  # type: ignore[no-untyped-call]
    assert EndpointCheckProvider().check({}, {**good, "endpoint": later}).failures == []
    none = {**good["endpoint"], "ca_bundle": ""}
    [failure] = EndpointCheckProvider().check({}, {**good, "endpoint": none}).failures
    assert failure.reason.startswith("endpoint: ")
