"""What OpenSSL refuses and Go accepts: key identifiers that do not match, and CAs of one name without them.

OpenSSL chooses an issuer by name and key identifier before it verifies a signature, and does not try another
one; Go tries all. Both are warnings: Rancher's agents connect, curl and other OpenSSL clients do not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from cryptography import x509

from domain.certificates.certificate import Certificate, authority_key_id
from domain.certificates.paths import Path
from domain.finding import Finding

Ask = Callable[[Sequence[Certificate], Sequence[Certificate]], str]
"""Chain and CA certificates to why OpenSSL refuses the server then; empty if it accepts."""


_NO_ISSUER = ("unable to get", "unable to verify", "certificate signature failure", "self-signed certificate")
"""How OpenSSL's refusals begin when it finds no issuer, or another one."""


def explain(
    path: Path, chain: Sequence[Certificate], bundle: Sequence[Certificate], refusal: str, ask: Ask
) -> Iterator[Finding]:
    """Warnings about key identifiers on the path.

    Args:
        path: From the server's certificate to a CA.
        chain: What the server sends.
        bundle: The CA certificates that clients trust.
        refusal: Why OpenSSL refuses them; empty if it accepts.
        ask: Asks OpenSSL about other ones.
    """
    if refusal and not refusal.startswith(_NO_ISSUER):
        return
    if not refusal or not ask(chain, [path[-1]]):
        yield from _ambiguous(path, bundle)
    if not refusal:
        return
    wrong = [(child, issuer) for child, issuer in itertools.pairwise(path) if mismatch(child, issuer)]
    # OpenSSL has to accept the rest: it does when the certificate below the mismatch is the trusted one.
    if wrong and not ask(chain, [wrong[0][0]]):
        for child, issuer in wrong:
            yield child.warning(
                f"names another {mismatch(child, issuer)} of its issuer than {issuer.name} has (authority "
                "key identifier), so OpenSSL clients such as curl refuse it; Go clients accept it",
                "Have it issued again with the issuer's present certificate, or provide the issuer's "
                "certificate that it names",
            )


def _ambiguous(path: Path, bundle: Sequence[Certificate]) -> Iterator[Finding]:
    trusted = {ca.der for ca in bundle}
    for child, issuer in itertools.pairwise(path):
        others = [
            ca
            for ca in bundle
            if ca.subject == issuer.subject and ca.public_key != issuer.public_key and not mismatch(child, ca)
        ]
        if not others or issuer.der not in trusted:
            continue
        names = ", ".join(other.name for other in others)
        yield issuer.warning(
            f"and {names} have one name and {child.name} does not identify its issuer's key, so OpenSSL "
            "clients such as curl try only the first; Go clients try all",
            f"Put {issuer.name} before {names} until the server's certificate is issued by the other one",
        )


def mismatch(child: Certificate, issuer: Certificate) -> str:
    """What the authority key identifier of ``child`` and ``issuer`` differ in; empty if in nothing.

    OpenSSL's ``X509_check_akid``.
    """
    named = child.extension(x509.AuthorityKeyIdentifier)
    if named is None:
        return ""
    key_id = authority_key_id(child)
    if None not in (key_id, issuer.subject_key_id) and key_id != issuer.subject_key_id:
        return "key"
    serial = named.authority_cert_serial_number
    if serial is not None and serial != issuer.serial:
        return "serial number"
    directory = [
        name.value for name in named.authority_cert_issuer or () if isinstance(name, x509.DirectoryName)
    ]
    if directory and directory[0] != issuer.x509.issuer:
        return "issuer"
    return ""
