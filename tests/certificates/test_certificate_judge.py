"""OpenSSL's verdict: with the server's key, and without it."""

from __future__ import annotations

import datetime

import pytest

from bench import chains
from domain.certificates.rules import Expected
from domain.certificates.sources import SOURCES, Given
from settings.certificate_judge import openssl
from tests import pki
from tests.certificates import field_cases
from tests.certificates.field_cases import Case

ASKED = [case for case in field_cases.CASES if not case.plan.get("noKey")]


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_a_client_says_the_same_without_the_key(case: Case) -> None:
    files = chains.build(case.plan)
    chain, bundle = files.chain.decode(), files.bundle.decode()
    with_key = openssl(chain, files.key.decode(), bundle, files.hostname)
    if with_key in ("no certificate assigned", "key values mismatch"):
        pytest.skip("the server cannot load it")
    assert openssl(chain, "", bundle, files.hostname) == with_key
    assert bool(with_key) is case.openssl


@pytest.mark.parametrize("with_key", [True, False])
def test_a_long_chain(with_key: bool) -> None:
    """A certificate message that takes several records."""
    root = pki.root()
    server = pki.server(root, *(f"host-{number}.example.com" for number in range(2000)), pki.HOST)
    assert openssl(server.pem, server.key_pem if with_key else "", root.pem, pki.HOST) == ""


@pytest.mark.parametrize("hostname", ["", "a..b", "x" * 64 + ".example.com"])
def test_an_invalid_host_name(hostname: str) -> None:
    root = pki.root()
    server = pki.server(root)
    assert openssl(server.pem, server.key_pem, root.pem, hostname)


@pytest.mark.parametrize(
    ("openssl_says", "verifier_says", "message"),
    [
        (
            "an odd thing",
            "",
            "OpenSSL refuses the chain: an odd thing. Have the CA issue the certificate again",
        ),
        (
            "",
            "an odd thing",
            "a client refuses the chain: an odd thing. Have the CA issue the certificate again",
        ),
    ],
)
def test_a_judge_is_quoted_when_no_rule_explains_it(
    monkeypatch: pytest.MonkeyPatch, openssl_says: str, verifier_says: str, message: str
) -> None:
    monkeypatch.setattr("domain.certificates.verdict.ask_verifier", lambda *_: verifier_says)
    files = chains.build(field_cases.plan())
    contents = {"certificate": files.chain, "private_key": files.key, "ca_certificates": files.bundle}
    expected = Expected(pki.HOST, pki.NOW, datetime.timedelta(days=30))
    found = SOURCES["files"].check(Given(contents, expected), lambda *_: openssl_says)[1]
    assert [str(finding) for finding in found] == [f"certificate,ca_certificates: {message}"]
