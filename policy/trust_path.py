"""The path in use from a server's certificate to a CA. Imported only where a stack has certificates."""

from __future__ import annotations

from collections.abc import Sequence

from domain.certificates import pem
from domain.certificates.certificate import CA_CERTIFICATES, CERTIFICATE, Certificate
from domain.certificates.paths import Issuers, Path, paths_from


def longest_lasting(chain: bytes, bundle: bytes) -> Path:
    """The path of the server's certificate that lasts longest: a client may use any.

    Args:
        chain: PEM, the server's certificate first.
        bundle: PEM of the CAs that clients trust. If no path leads there, it ends where the chain does.

    Raises:
        ValueError: There is no certificate in ``chain``.
    """
    sent = pem.certificates(CERTIFICATE, chain)[0]
    trusted = pem.certificates(CA_CERTIFICATES, bundle)[0]
    if not sent:
        raise ValueError("no certificate")
    issuers = Issuers([*trusted, *sent])
    found = _paths(sent[0], issuers, trusted) or _paths(sent[0], issuers, _tops(sent, issuers))
    return max(found, key=lambda path: min(item.x509.not_valid_after_utc for item in path))


def _paths(server: Certificate, issuers: Issuers, anchors: Sequence[Certificate]) -> list[Path]:
    """Paths with the certificates that end last, one for each anchor."""
    ends = sorted({item.x509.not_valid_after_utc for group in issuers.groups for item in group}, reverse=True)
    return paths_from(server, issuers, anchors, lambda item: ends.index(item.x509.not_valid_after_utc))


def _tops(sent: Sequence[Certificate], issuers: Issuers) -> list[Certificate]:
    """The certificates whose issuer was not sent."""
    return [item for item in sent if not [other for other in issuers.of(item) if other.der != item.der]]
