"""Whether clients accept a server's chain, and if not, why.

Three judges decide: OpenSSL itself (a TLS handshake, which the caller provides), Python's independent X.509
verifier, and the rules of Go that neither of them has. A chain is accepted if all accept it. The rules come
first, because they name cause and remedy; a judge that refuses what the rules accept is quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from domain.certificates import key_ids, names, paths, rules
from domain.certificates.certificate import CA_CERTIFICATES, CERTIFICATE, Certificate, encode, name_text
from domain.certificates.encoding import check_encoding
from domain.certificates.paths import Issuers, Path
from domain.certificates.rules import Expected
from domain.finding import Finding

_BOTH = f"{CERTIFICATE},{CA_CERTIFICATES}"
_REISSUE = "Have the CA issue the certificate again"
_MAXIMUM_PATHS = 8
_MAXIMUM_DEPTH = 100  # OpenSSL's


class OpenSSL(Protocol):
    """Asks OpenSSL."""

    def __call__(self, chain: str, private_key: str, ca_certificates: str, hostname: str) -> str:
        """Why a client that trusts ``ca_certificates`` refuses a server with ``chain``; empty if it accepts.

        Args:
            chain: PEM, the server's certificate first.
            private_key: Its private key, PEM; empty if it is not at hand.
            ca_certificates: PEM.
            hostname: The name that the client asks for.
        """
        ...


@dataclass(frozen=True)
class Server:
    """A server and the clients that it is for.

    Attributes:
        certificate: The server's certificate, one of ``chain``.
        chain: What the server sends.
        bundle: The CA certificates that clients trust.
        private_key: Its key as PEM; empty if it is not at hand.
    """

    certificate: Certificate
    chain: Sequence[Certificate]
    bundle: Sequence[Certificate]
    private_key: str = field(default="", repr=False)


def server_certificate(chain: Sequence[Certificate], public_key: bytes | None) -> Certificate:
    """The server's certificate in ``chain``: the key's; else the first one that issued none of the others."""
    issuers = Issuers(chain)
    signers = {issuer.der for item in chain for issuer in issuers.of(item) if issuer.der != item.der}
    ends = [item for item in chain if item.der not in signers] or list(chain)
    return next((item for item in ends if item.public_key == public_key), ends[0])


def check_server_chain(server: Server, expected: Expected, openssl: OpenSSL) -> list[Finding]:
    """Whether clients accept the server, and why not."""
    chain, bundle = server.chain, server.bundle
    findings = [*rules.check_server(server.certificate, expected)]
    issuers = Issuers([*bundle, *chain])
    anchors = [ca for ca in bundle if ca.der != server.certificate.der or ca.self_signed]
    found = _paths(server.certificate, issuers, anchors, expected)
    if not found:
        path = _longest(server.certificate, issuers, expected)
        members = list(_check_members(path, server))
        if len(anchors) == len(bundle):  # otherwise the server's certificate is there in place of its CA
            findings.append(_dead_end(path[-1], issuers))
        return [*findings, *members, *_check_surplus(chain, path), *paths.check_order(path, chain)]

    def drawbacks(path: Path) -> tuple[int, int, int]:
        outdated = [ca for ca in path if _errors(list(rules.check_dates(ca, expected)))]
        disorder = _errors(paths.check_order(path, chain))
        return len(_errors(_check_path(path, expected))), len(outdated), len(disorder)

    path = min(found[:_MAXIMUM_PATHS], key=drawbacks)
    findings += [*_check_path(path, expected), *_check_surplus(chain, path)]
    findings += [*paths.check_order(path, chain), *_check_members(path, server)]
    if not _errors(findings):
        findings += _ask_judges(server, path, expected, openssl)
    return [*findings, *_hints(path, chain, bundle)]


def _ask_judges(server: Server, path: Path, expected: Expected, openssl: OpenSSL) -> Iterator[Finding]:
    refusal = ask_verifier(path, expected)
    if refusal:
        yield Finding(_BOTH, f"a client refuses the chain: {refusal}", _REISSUE)
        return

    def ask(chain: Sequence[Certificate], bundle: Sequence[Certificate]) -> str:
        return openssl(encode(chain), server.private_key, encode(bundle), expected.hostname)

    refusal = ask(server.chain, server.bundle)
    explanations = list(key_ids.explain(path, server.chain, server.bundle, refusal, ask))
    yield from explanations
    if refusal.endswith("subtree violation"):
        limiting = [ca for ca in path[1:] if ca.extension(x509.NameConstraints)]
        explanations = [_broken_subject(server.certificate, ca, refusal) for ca in limiting]
        yield from explanations
    if refusal and not explanations:
        used = {item.der for item in path}
        surplus = [item for item in (*server.chain, *server.bundle) if item.der not in used]
        if surplus and not ask([item for item in server.chain if item.der in used], path[-1:]):
            unneeded = ", ".join(item.name for item in surplus)
            problem = f"OpenSSL refuses the chain ({refusal}) because it also tries {unneeded}"
            yield Finding(_BOTH, problem, "Remove what is not needed, or put it last")
        else:
            yield Finding(_BOTH, f"OpenSSL refuses the chain: {refusal}", _REISSUE)


def _broken_subject(certificate: Certificate, ca: Certificate, refusal: str) -> Finding:
    """OpenSSL compares name constraints with the subject, too: its name, e-mail address and common name."""
    problem = f"has name constraints that the subject {certificate.name} breaks ({refusal})"
    return ca.error(problem, "Have the certificate issued with another subject, or by another CA")


def ask_verifier(path: Path, expected: Expected) -> str:
    """Why Python's X.509 verifier refuses the path; empty if it accepts, or does not support its kind."""
    if _unsupported(path):
        return ""
    anchor = path[-1]
    if anchor.x509.version is x509.Version.v1 and len(path) > 1:
        path = path[:-1]  # it takes version 3 only: the next certificate becomes the anchor
        anchor = path[-1]
    address = names.address(expected.hostname)
    host = x509.IPAddress(address) if address else x509.DNSName(expected.hostname.removesuffix("."))
    try:
        builder = (
            PolicyBuilder().store(Store([anchor.x509])).time(expected.now).max_chain_depth(_MAXIMUM_DEPTH)
        )
        builder = builder.extension_policies(ca_policy=_CA_POLICY, ee_policy=_SERVER_POLICY)
        builder.build_server_verifier(host).verify(path[0].x509, [item.x509 for item in path[1:-1]])
    except (VerificationError, ValueError) as error:
        return str(error).removeprefix("validation failed: ")
    return ""


def _accept(policy: ExtensionPolicy) -> ExtensionPolicy:
    """Accept the critical extensions that Go and OpenSSL handle as well."""
    for kind in (x509.CertificatePolicies, x509.CRLDistributionPoints):
        policy = policy.may_be_present(kind, Criticality.AGNOSTIC, None)
    return policy


_SERVER_POLICY = _accept(
    ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
)
_CA_POLICY = _accept(
    ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
)


def _unsupported(path: Path) -> bool:
    """Whether the path has something that clients accept and Python's verifier does not support."""
    cas = path[1:]
    return names.unusual_constraints(path) or any(
        isinstance(ca.x509.public_key(), ed25519.Ed25519PublicKey) for ca in cas
    )


def _check_surplus(chain: Sequence[Certificate], path: Path) -> Iterator[Finding]:
    """Servers and clients load all that is sent, also what no path needs."""
    used = {item.der for item in path}
    for certificate in chain:
        if certificate.der not in used:
            yield from check_encoding(certificate)
            yield from (item for item in rules.check_strength(certificate) if item.severity == "error")


def _check_members(path: Path, server: Server) -> Iterator[Finding]:
    """Certificates of the bundle that are not CAs. A self-signed server is trusted as it is."""
    used = {item.der for item in path[1:]}
    for member in server.bundle:
        if member.der not in used and not (member.der == server.certificate.der and member.self_signed):
            yield from rules.check_is_ca(member)


def _paths(
    start: Certificate, issuers: Issuers, anchors: Sequence[Certificate], expected: Expected
) -> list[Path]:
    known: dict[bytes, int] = {}

    def cost(certificate: Certificate) -> int:
        if certificate.der == start.der:
            return 0
        if certificate.der not in known:
            found = [*rules.check_ca(certificate, (start,), expected)]
            known[certificate.der] = paths.costs(len(_errors(found)))
        return known[certificate.der]

    return paths.paths_from(start, issuers, anchors, cost)


def _check_path(path: Path, expected: Expected) -> list[Finding]:
    return [
        finding
        for number, ca in enumerate(path[1:], 1)
        for finding in rules.check_ca(ca, path[:number], expected)
    ]


def path_of(ca: Certificate, bundle: Sequence[Certificate], expected: Expected) -> Path:
    """``ca`` and the issuers above it, as far as ``bundle`` has them, up to a root if it can."""
    found = _paths(ca, Issuers(bundle), bundle, expected)
    return min(found, key=lambda path: (not path[-1].self_signed, -len(path)), default=(ca,))


def _longest(server: Certificate, issuers: Issuers, expected: Expected) -> Path:
    everywhere = [item for group in issuers.groups for item in group]
    return max(_paths(server, issuers, [server, *everywhere], expected) or [(server,)], key=len)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _dead_end(top: Certificate, issuers: Issuers) -> Finding:
    issuer = name_text(top.x509.issuer)
    if top.self_signed:
        problem = f"certificate {top.name} is self-signed and not among the CA certificates"
        remedy = "Add it there if it is your CA; otherwise have the certificate issued by that CA"
        return Finding(_BOTH, problem, remedy)
    if issuers.named(top):
        problem = f"certificate {top.name} was signed by another {issuer} than the one given"
        remedy = "Provide the CA certificate whose key signed it (a renewed CA may have another key)"
        return Finding(_BOTH, problem, remedy)
    problem = f"certificate {top.name} was issued by {issuer}, which is not given"
    remedy = (
        "Append it to the server's certificate if it is an intermediate, to the CA certificates if a root"
    )
    return Finding(_BOTH, problem, remedy)


def _hints(path: Path, chain: Sequence[Certificate], bundle: Sequence[Certificate]) -> Iterator[Finding]:
    """What is accepted and still not as it should be."""
    sent = {item.der for item in chain}
    for issuer in path[1:]:
        if not issuer.self_signed and issuer.der not in sent:
            problem = "is an intermediate that the server does not send to clients that know only the root"
            yield issuer.warning(problem, "Append it to the server's certificate")
    anchor = path[-1]
    if not anchor.self_signed:
        problem = "is the highest CA given, but not a root, so some OpenSSL clients refuse it"
        yield anchor.warning(problem, f"Append its issuer {name_text(anchor.x509.issuer)}")
    yield from _unneeded(path, bundle)


def _unneeded(path: Path, bundle: Sequence[Certificate]) -> Iterator[Finding]:
    """A warning about the members of the bundle that the path does not use."""
    used = {item.der for item in path}
    unused = [item for item in bundle if item.der not in used]
    if unused:
        shown = ", ".join(item.name for item in unused[:3])
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        problem = f"{shown}{more}: not needed to trust the server's certificate"
        yield Finding(unused[0].source, problem, "Keep it only while you change CAs", severity="warning")
