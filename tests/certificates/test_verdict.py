"""Chain and CA certificates together, compared with OpenSSL's verdict on the same ones."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import itertools
import re
from collections.abc import Callable, Iterable, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.certificates import certificate
from domain.certificates.certificate import Certificate
from domain.certificates.rules import Expected
from domain.certificates.sources.internal_ca import InternalCa
from domain.certificates.sources.source import Given
from domain.certificates.verdict import Server, check_server_chain
from domain.finding import Finding
from settings.certificate_judge import openssl
from tests import pki
from tests.openssl_client import refusal

EXPECTED = Expected(pki.HOST, pki.NOW, datetime.timedelta(days=30))


def judged(
    given: Sequence[pki.Identity],
    bundle: Sequence[pki.Identity],
    server: pki.Identity | None = None,
    expected: Expected = EXPECTED,
) -> list[str]:
    chain, trusted = certificate.mark_namesakes(
        [Certificate(identity.certificate, "certificate") for identity in given],
        [Certificate(identity.certificate, "ca_certificates") for identity in bundle],
    )
    mine = given.index(server) if server else 0
    return texts(
        check_server_chain(Server(chain[mine], chain, trusted, given[mine].key_pem), expected, openssl)
    )


def trust(given: Sequence[pki.Identity], bundle: Sequence[pki.Identity]) -> list[str]:
    return [
        text for text in judged(given, bundle) if "out of order" not in text and "not part of" not in text
    ]


def texts(findings: Iterable[Finding]) -> list[str]:
    return [f"{finding.severity} {finding}" for finding in findings]


def errors(found: list[str]) -> list[str]:
    return [text for text in found if text.startswith("error")]


@functools.cache
def family() -> tuple[pki.Identity, pki.Identity, pki.Identity, pki.Identity]:
    """Root, upper and issuing CA, server."""
    root = pki.root()
    upper = pki.make("Upper CA", root, ca=True, days=(-50, 2000))
    issuing = pki.intermediate(upper)
    return root, upper, issuing, pki.server(issuing)


@functools.cache
def other_root() -> pki.Identity:
    return pki.root("Other Root CA")


def test_a_whole_chain_passes_without_a_word() -> None:
    root, upper, issuing, server = family()
    assert trust([server, issuing, upper], [root]) == []
    assert judged([server, issuing, upper], [root]) == []


@pytest.mark.parametrize("places", list(itertools.permutations(range(3))))
def test_order(places: tuple[int, ...]) -> None:
    root, upper, issuing, server = family()
    right = [server, issuing, upper]
    found = judged([right[place] for place in places], [root], server)
    if places == (0, 1, 2):
        assert found == []
    else:
        assert found == [
            "error certificate: the certificates are out of order. The right order is: "
            '1. "CN=rancher.example.com"; 2. "CN=Example Issuing CA"; 3. "CN=Upper CA"'
        ]


def test_what_a_server_need_not_send_is_warned_about() -> None:
    root, upper, issuing, server = family()
    assert judged([server, issuing, upper, root], [root]) == [
        'warning certificate: certificate "CN=Example Root CA" is a root, which a server need not send. '
        "Remove it"
    ]
    (extra,) = judged([server, other_root(), issuing, upper], [root])
    assert '"CN=Other Root CA" is not part of the path to the CA certificates. Remove it' in extra


def test_duplicates() -> None:
    root = Certificate(family()[0].certificate, "ca_certificates")
    other = Certificate(other_root().certificate, "ca_certificates")
    again = Certificate(family()[0].certificate, "ca_certificates")
    unique, found = certificate.without_duplicates([root, other, again])
    assert unique == [root, other]
    assert texts(found) == [
        'warning ca_certificates: certificate "CN=Example Root CA" is listed twice. Remove one'
    ]


def test_a_missing_intermediate_is_named() -> None:
    root, _, _, server = family()
    (message,) = trust([server], [root])
    assert 'was issued by "CN=Example Issuing CA", which is not given' in message
    assert "Append it to the server's certificate if it is an intermediate" in message


def test_a_wrong_ca_is_named() -> None:
    _, upper, issuing, server = family()
    (message,) = trust([server, issuing, upper], [other_root()])
    assert 'certificate "CN=Upper CA" was issued by "CN=Example Root CA", which is not given' in message


def test_a_ca_of_the_same_name_with_another_key_is_told_apart() -> None:
    _, upper, issuing, server = family()
    (message,) = trust([server, issuing, upper], [pki.root()])
    assert 'was signed by another "CN=Example Root CA" than the one given' in message


def test_an_untrusted_self_signed_certificate() -> None:
    (message,) = trust([pki.server(None)], [other_root()])
    assert "is self-signed and not among the CA certificates. Add it there" in message


def test_an_intermediate_in_the_bundle_only_is_accepted_with_a_warning() -> None:
    root, upper, issuing, server = family()
    found = trust([server, issuing], [upper, root])
    assert errors(found) == []
    assert (
        "does not send to clients that know only the root. Append it to the server's certificate" in found[0]
    )


def test_an_anchor_that_is_no_root_is_accepted_with_a_warning() -> None:
    _, upper, issuing, server = family()
    (message,) = trust([server, issuing, upper], [upper])
    assert "is the highest CA given, but not a root" in message
    assert 'Append its issuer "CN=Example Root CA"' in message


def test_a_self_signed_server_certificate_in_the_bundle_is_trusted() -> None:
    server = pki.server(None)
    assert trust([server], [server]) == []


def test_the_server_certificate_in_place_of_its_ca_is_refused() -> None:
    server = family()[-1]
    (message,) = errors(trust([server], [server]))
    assert "error ca_certificates: " in message
    assert "is not a CA (CA:FALSE). Provide the certificate of the CA that signed" in message


def test_unneeded_cas_give_one_warning() -> None:
    root, upper, issuing, server = family()
    others = [pki.root(f"CA {number}") for number in range(5)]
    (message,) = trust([server, issuing, upper], [root, *others])
    assert '"CN=CA 0", "CN=CA 1", "CN=CA 2" and 2 more: not needed to trust' in message


def test_an_expired_ca_beside_the_right_one_is_no_error() -> None:
    root, upper, issuing, server = family()
    old = pki.make("Old CA", ca=True, days=(-20, -10))
    assert errors(trust([server, issuing, upper], [root, old])) == []


def test_of_two_ways_the_good_one_counts() -> None:
    """Cross-signed: the same CA name and key, once under an expired root."""
    good, expired = pki.root(), pki.make("Expired Root", ca=True, days=(-20, -10))
    ca = pki.make("Issuing", good, ca=True)
    cross = pki.make("Issuing", expired, key=ca.key, ca=True)
    assert errors(trust([pki.server(ca), ca, cross], [expired, good])) == []
    (message,) = errors(trust([pki.server(ca), cross, ca], [expired, good]))
    assert "OpenSSL refuses the chain (certificate has expired) because it also tries" in message
    assert f"serial {cross.certificate.serial_number:x}" in message
    assert f"serial {ca.certificate.serial_number:x}" not in message
    assert any("expired on" in text for text in errors(trust([pki.server(ca), cross], [expired])))


def constrained(
    permitted: Sequence[str] | None = None, excluded: Sequence[str] | None = None
) -> pki.Identity:
    subtrees = [
        [x509.DNSName(text) for text in texts] if texts is not None else None
        for texts in (permitted, excluded)
    ]
    return pki.make("Constrained CA", ca=True, extra=[(x509.NameConstraints(*subtrees), True)])


def version_1_root() -> pki.Identity:
    """A root without extensions: the version field is removed and the rest signed again."""
    key = rsa.generate_private_key(65537, 2048)
    made = pki.make("V1 Root", key=key)
    return pki.as_version_1(made, key)


@pytest.mark.parametrize(
    ("ca", "message"),
    [
        (lambda: pki.make("CA", ca=True), None),
        (version_1_root, None),
        (lambda: pki.make("CA"), "has no basic constraints, so it is not a CA"),
        (lambda: pki.make("CA", ca=False), r"is not a CA \(CA:FALSE\)"),
        (lambda: pki.make("CA", ca=True, usage=pki.key_usage(crl_sign=True)), "lacks keyCertSign"),
        (
            lambda: pki.make("CA", ca=True, purposes=[ExtendedKeyUsageOID.CODE_SIGNING]),
            "may not issue for servers",
        ),
        (lambda: pki.make("CA", ca=True, purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), None),
        (lambda: pki.make("CA", ca=True, days=(-20, -10)), "expired on"),
        (lambda: pki.make("CA", ca=True, days=(10, 20)), "is not valid before"),
        (lambda: constrained(["example.com"]), None),
        (lambda: constrained([".example.com"]), None),
        (lambda: constrained(["rancher.example.com"]), None),
        (
            lambda: constrained(["example.org", "le.com"]),
            "may only issue for example.org, le.com, not for DNS rancher",
        ),
        (
            lambda: constrained(excluded=["example.com"]),
            "excludes DNS rancher.example.com",
        ),
        (lambda: constrained(["example.com"], ["x.example.com"]), None),
        (
            lambda: pki.make("CA", ca=True, key=rsa.generate_private_key(65537, 1024)),  # noqa: S505
            "RSA key of only 1024 bits",
        ),
    ],
)
def test_a_ca_as_openssl_judges_it(ca: Callable[[], pki.Identity], message: str | None) -> None:
    root = ca()
    server = pki.server(root)
    found = trust([server], [root])
    assert bool(errors(found)) == (message is not None), found
    assert bool(refusal([server], [root])) == (message is not None)
    if message:
        assert re.search(message, " ".join(errors(found)))


def test_path_length() -> None:
    root = pki.root(path_length=0)
    middle = pki.make("Middle", root, ca=True)
    server = pki.server(middle)
    found = errors(trust([server, middle], [root]))
    assert found == [
        'error ca_certificates: certificate "CN=Example Root CA" allows 0 CAs below it (pathlen), and there '
        "are 1. Have the certificate issued by a CA higher up"
    ]
    assert refusal([server, middle], [root])
    direct = pki.server(root)
    assert trust([direct], [root]) == []


def test_address_constraints() -> None:
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    ca = pki.make("CA", ca=True, extra=[(x509.NameConstraints([network], None), True)])
    for host, accepted in (("10.1.2.3", True), ("192.0.2.1", False), (pki.HOST, True)):
        server = pki.server(ca, host)
        wanted = Expected(host, pki.NOW, datetime.timedelta(0))
        assert (errors(judged([server], [ca], expected=wanted)) == []) is accepted
        assert (refusal([server], [ca], host) is None) is accepted


@functools.cache
def people() -> list[pki.Identity]:
    """A root with two intermediates and their servers, a stranger's root and CA; among them misfits."""
    root, upper, issuing, server = family()
    stranger = pki.intermediate(other_root(), "Stranger CA")
    fake = pki.make("Fake CA", issuing, ca=False)
    return [
        server,
        issuing,
        upper,
        root,
        other_root(),
        stranger,
        pki.server(stranger),
        fake,
        pki.server(fake),
        pki.server(None),
        pki.make("Expired CA", root, ca=True, days=(-20, -10)),
    ]


@settings(max_examples=400)
@given(st.data())
def test_any_chain_and_bundle_as_openssl_judges_them(data: st.DataObject) -> None:
    servers = [identity for identity in people() if identity.certificate.subject == pki.name(pki.HOST)]
    leaf = data.draw(st.sampled_from(servers))
    sent = [leaf, *data.draw(some(people()))]
    # OpenSSL passes over what is no CA in a bundle; here it is an error, so it is left out.
    trusted = [identity for identity in people() if is_ca(identity)]
    itself = [leaf] if leaf.certificate.issuer == leaf.certificate.subject else []
    bundle = data.draw(some([*trusted, *itself]))
    sent = list({id(identity): identity for identity in sent}.values())
    ours, theirs = errors(trust(sent, bundle)), refusal(sent, bundle)
    assert bool(ours) == bool(theirs), (ours, theirs)


def some(identities: Sequence[pki.Identity]) -> st.SearchStrategy[list[pki.Identity]]:
    return st.lists(st.sampled_from(identities), max_size=4, unique_by=id)


def is_ca(identity: pki.Identity) -> bool:
    return identity.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_signing_ca_of_a_stack() -> None:
    root, _, issuing, _ = family()
    ca = pki.intermediate(root)
    assert signing([ca, root]) == []
    (message,) = signing([issuing])
    assert "is the highest CA given, but not a root" in message
    (message,) = errors(signing([constrained(["example.org"])]))
    assert "may only issue for example.org" in message


@pytest.mark.parametrize(("organization", "accepted"), [("Example", True), ("Other", False), ("", False)])
def test_the_subject_of_what_an_internal_ca_issues(organization: str, accepted: bool) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])
    limits = x509.NameConstraints([x509.DirectoryName(subject)], None)
    ca = pki.make("Constrained CA", ca=True, extra=[(limits, False)])
    found = errors(signing([ca], organization))
    assert (found == []) is accepted
    assert all("has name constraints that the subject" in text for text in found)


def signing(identities: Sequence[pki.Identity], organization: str = "") -> list[str]:
    bundle = "".join(identity.pem for identity in identities).encode()
    contents = {"ca_certificates": bundle, "ca_private_key": identities[0].key_pem.encode()}
    return texts(InternalCa().check(Given(contents, EXPECTED, 100, organization), openssl)[1])
