"""Rules for certificates together: the order of a chain and the way from it to a trusted CA.

A way is looked for as Go's ``crypto/x509`` does: by name and signature, through any given intermediate, to
any certificate of the CA bundle. What Go does not ask of a CA (key identifiers, key usage) is not asked here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from domain.certificates import x509_checks
from domain.certificates.documents import Document, Finding
from domain.certificates.pem import Entry, name_text
from domain.certificates.x509_checks import Expected

Path = tuple[Entry, ...]


def issued_by(child: Entry, issuer: Entry) -> bool:
    """Whether ``issuer`` signed ``child`` and has the name it asks for, byte for byte as Go compares."""
    if child.certificate.issuer.public_bytes() != issuer.certificate.subject.public_bytes():
        return False
    try:
        child.certificate.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def without_duplicates(entries: Sequence[Entry]) -> tuple[list[Entry], list[Finding]]:
    """The entries without repetitions, and a warning for each repetition."""
    unique: list[Entry] = []
    findings: list[Finding] = []
    for entry in entries:
        if any(entry.certificate == other.certificate for other in unique):
            findings.append(entry.warning("stands there twice", "remove one"))
        else:
            unique.append(entry)
    return unique, findings


def check_order(leaf: Entry, chain: Sequence[Entry]) -> list[Finding]:
    """The server's certificate first, then each issuer after what it signed, and nothing else."""
    ordered = [leaf]
    while issuer := next((e for e in chain if e not in ordered and issued_by(ordered[-1], e)), None):
        ordered.append(issuer)
    findings = [
        entry.warning("is not part of the server's chain", "remove it")
        for entry in chain
        if entry not in ordered
    ]
    if [entry for entry in chain if entry in ordered] != ordered:
        right = "; ".join(f"{number}. {entry.name}" for number, entry in enumerate(ordered, 1))
        findings.append(
            leaf.document.error("the certificates are out of order", f"the right order is: {right}")
        )
    root = ordered[-1]
    if root is not leaf and root.self_signed:
        findings.append(root.warning("is a root: a server need not send it", "remove it"))
    return findings


def check_trust(
    leaf: Entry,
    chain: Sequence[Entry],
    bundle: Sequence[Entry],
    bundle_document: Document,
    expected: Expected,
) -> list[Finding]:
    """There is a way from ``leaf`` through ``chain`` to the CA bundle that clients accept."""
    # A self-signed server certificate is trusted as it is: it need not be a CA. One that a CA signed stands
    # in the bundle by mistake: with the next renewal nobody would trust it.
    cas = [ca for ca in bundle if ca.certificate != leaf.certificate or not leaf.self_signed]
    findings = [finding for ca in cas for finding in _check_issuer(ca, below=0)]
    paths = list(_paths((leaf,), chain, bundle))
    if not paths:
        return [*findings, _dead_end(leaf, chain, bundle, bundle_document)]
    path = min(paths, key=lambda way: (len(_check_issuers(way[1:], expected)), not way[-1].self_signed))
    sent = [entry.certificate for entry in chain]
    for issuer in path[1:]:
        if not issuer.self_signed and issuer.certificate not in sent:
            findings.append(
                issuer.warning(
                    "is an intermediate that the server does not send, for clients that know only the root",
                    f"append it to {leaf.document.where}",
                )
            )
    return [
        *findings,
        *_check_issuers(path[1:], expected),
        *_check_anchor(path[-1]),
        *_unneeded(path, bundle),
    ]


def check_signing_ca(ca: Entry, bundle: Sequence[Entry], expected: Expected) -> list[Finding]:
    """Clients will accept certificates that ``ca`` (one of ``bundle``) issues for the expected host."""
    path = path_to_root(ca, bundle)
    return [*_check_issuers(path, expected), *_check_anchor(path[-1]), *_unneeded(path, bundle)]


def check_bundle(bundle: Sequence[Entry], expected: Expected) -> list[Finding]:
    """A CA bundle by itself, while there is no server certificate yet."""
    return [finding for ca in bundle for finding in _check_issuers((ca,), expected)]


def path_to_root(ca: Entry, bundle: Sequence[Entry]) -> Path:
    """``ca`` and the issuers above it, as far as the bundle has them."""
    return max(_paths((ca,), (), bundle), key=len)


def _paths(path: Path, chain: Sequence[Entry], bundle: Sequence[Entry]) -> Iterator[Path]:
    last = path[-1]
    if any(last.certificate == anchor.certificate for anchor in bundle):
        yield path
    for candidate in (*bundle, *chain):
        if all(candidate.certificate != entry.certificate for entry in path) and issued_by(last, candidate):
            yield from _paths((*path, candidate), chain, bundle)


def _check_issuers(issuers: Path, expected: Expected) -> list[Finding]:
    findings: list[Finding] = []
    for below, issuer in enumerate(issuers):
        findings += _check_issuer(issuer, below)
        findings += _check_purpose(issuer)
        findings += _check_name_constraints(issuer, expected.hostname)
        findings += x509_checks.check_strength(issuer)
        findings += x509_checks.check_dates(issuer, expected)
    return findings


def _check_issuer(issuer: Entry, below: int) -> list[Finding]:
    """Go's ``CheckSignatureFrom`` and ``isValid``: a version 1 root passes, all others need CA:TRUE."""
    certificate = issuer.certificate
    constraints, usage = x509_checks.basic_constraints(certificate), x509_checks.key_usage(certificate)
    findings: list[Finding] = x509_checks.check_critical(issuer)
    if constraints is None and not (certificate.version is x509.Version.v1 and issuer.self_signed):
        findings.append(
            issuer.error("has no basic constraints, so it is no CA", "give the CA's own certificate")
        )
    elif constraints and not constraints.ca:
        findings.append(issuer.error("is not a CA (CA:FALSE)", "give the certificate of the CA that signed"))
    elif constraints and constraints.path_length is not None and below > constraints.path_length:
        findings.append(
            issuer.error(
                f"allows {constraints.path_length} CAs below it (pathlen) and has {below}",
                "have the certificate issued by a CA higher up",
            )
        )
    elif usage and not usage.key_cert_sign:
        findings.append(
            issuer.error("may not sign certificates (key usage lacks keyCertSign)", "use another CA")
        )
    return findings


def _check_purpose(issuer: Entry) -> list[Finding]:
    purposes = x509_checks.extended_key_usage(issuer.certificate)
    if purposes is None or x509_checks.allows_server(purposes):
        return []
    return [issuer.error("may not issue for servers (extended key usage lacks serverAuth)", "use another CA")]


def _check_name_constraints(issuer: Entry, hostname: str) -> list[Finding]:
    try:
        limits = issuer.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []
    remedy = "choose another host name or CA"
    if any(_within(name, hostname) for name in limits.excluded_subtrees or ()):
        return [issuer.error(f"excludes {hostname} by its name constraints", remedy)]
    kind = x509.IPAddress if _address(hostname) else x509.DNSName
    permitted = [name for name in limits.permitted_subtrees or () if isinstance(name, kind)]
    if permitted and not any(_within(name, hostname) for name in permitted):
        values = ", ".join(str(name.value) for name in permitted)
        return [issuer.error(f"may only issue for {values}, not for {hostname} (name constraints)", remedy)]
    return []


def _within(limit: x509.GeneralName, hostname: str) -> bool:
    address = _address(hostname)
    if isinstance(limit, x509.IPAddress):
        networks = (ipaddress.IPv4Network, ipaddress.IPv6Network)
        return address is not None and isinstance(limit.value, networks) and address in limit.value
    if not isinstance(limit, x509.DNSName) or address:
        return False
    domain, host = limit.value.lower(), hostname.lower().removesuffix(".")
    if domain.startswith("."):
        return host.endswith(domain)
    return not domain or host == domain or host.endswith(f".{domain}")


def _address(hostname: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(hostname)
    except ValueError:
        return None


def _check_anchor(anchor: Entry) -> list[Finding]:
    if anchor.self_signed:
        return []
    return [
        anchor.warning(
            "is the highest CA of the bundle, but no root: OpenSSL clients may refuse it",
            f"append its issuer {name_text(anchor.certificate.issuer)}",
        )
    ]


def _unneeded(path: Path, bundle: Sequence[Entry]) -> list[Finding]:
    used = [entry.certificate for entry in path]
    unused = [entry for entry in bundle if entry.certificate not in used]
    if not unused:
        return []
    names = ", ".join(entry.name for entry in unused[:3])
    more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
    return [
        unused[0].document.warning(
            f"{names}{more}: not needed to trust the server's certificate",
            "keep it only while you change CAs",
        )
    ]


def _dead_end(
    leaf: Entry, chain: Sequence[Entry], bundle: Sequence[Entry], bundle_document: Document
) -> Finding:
    top = max(_paths((leaf,), chain, (leaf, *chain)), key=len)[-1]
    issuer = top.certificate.issuer
    if top.self_signed:
        return top.error(
            f"is self-signed and not in {bundle_document.where}",
            "add it there, if it is your CA; else have the certificate issued by that CA",
        )
    same_name = [
        entry for entry in (*bundle, *chain) if name_text(entry.certificate.subject) == name_text(issuer)
    ]
    if same_name:
        return top.error(
            f"was signed by another {name_text(issuer)} than the one in {same_name[0].document.where}",
            "give the CA certificate that signed it (a renewed CA may have another key)",
        )
    return top.error(
        f"was issued by {name_text(issuer)}, which is in none of the files",
        f"append it to {leaf.document.where} if it is an intermediate, to {bundle_document.where} if a root",
    )
