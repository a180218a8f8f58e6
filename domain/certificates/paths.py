"""Paths from a certificate to the CAs that clients trust, and the order in which a server sends them.

The search is polynomial: each pair of a certificate and a key is verified once, and each certificate is left
by its best way only, however often a CA was renewed with the same key.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Sequence

from domain.certificates.certificate import Certificate, signed_by
from domain.finding import Finding

Path = tuple[Certificate, ...]
"""A certificate, its issuer, that one's issuer, and so on."""


class Issuers:
    """Who issued whom among some certificates; remembers each signature that was verified."""

    def __init__(self, certificates: Sequence[Certificate]) -> None:
        """Index the certificates by subject."""
        self._by_subject: dict[bytes, list[Certificate]] = {}
        self._signed: dict[tuple[bytes, bytes, bytes | None], bool] = {}
        for certificate in {item.der: item for item in reversed(certificates)}.values():
            self._by_subject.setdefault(certificate.subject, []).insert(0, certificate)

    @property
    def groups(self) -> Iterable[Sequence[Certificate]]:
        """The certificates by subject."""
        return self._by_subject.values()

    def of(self, child: Certificate) -> list[Certificate]:
        """The issuers of ``child``: of its issuer's name, byte for byte as in Go, and with the right key."""
        return [issuer for issuer in self.named(child) if self._issued(child, issuer)]

    def named(self, child: Certificate) -> list[Certificate]:
        """The certificates that have the name of the issuer of ``child``."""
        return self._by_subject.get(child.issuer, [])

    def _issued(self, child: Certificate, issuer: Certificate) -> bool:
        pair = (child.der, issuer.public_key, issuer.subject_key_id)
        if pair not in self._signed:
            self._signed[pair] = signed_by(child, issuer)
        return self._signed[pair]


def paths_from(
    start: Certificate, issuers: Issuers, anchors: Sequence[Certificate], cost: Callable[[Certificate], int]
) -> list[Path]:
    """The cheapest path from ``start`` to each of ``anchors`` that it reaches, the cheapest first.

    Args:
        start: The server's certificate, or a CA.
        issuers: Where issuers are looked up.
        anchors: The certificates that clients trust.
        cost: What speaks against a certificate; 0 is a good one.
    """
    trusted = {anchor.der for anchor in anchors}
    found: list[tuple[int, bool, Path]] = []
    order = itertools.count()
    queue: list[tuple[int, int, Path]] = [(cost(start), next(order), (start,))]
    done: set[bytes] = set()
    while queue:
        total, _, path = heapq.heappop(queue)
        last = path[-1]
        if last.der in done:
            continue
        done.add(last.der)
        if last.der in trusted:
            found.append((total, not last.self_signed, path))
        for issuer in issuers.of(last):
            if issuer.der not in done and not _repeats(issuer, path):
                heapq.heappush(queue, (total + 1 + cost(issuer), next(order), (*path, issuer)))
    return [path for _, _, path in sorted(found, key=lambda item: (item[0] // _COST, item[1], item[0]))]


_COST = 1000
"""What one error costs; a path is never longer than that."""


def costs(errors: int) -> int:
    """The cost of a certificate with so many errors."""
    return errors * _COST


def _repeats(issuer: Certificate, path: Path) -> bool:
    """Whether the path has this name with this key already; such a loop leads nowhere new (as in Go)."""
    return any(item.subject == issuer.subject and item.public_key == issuer.public_key for item in path[1:])


def check_order(path: Path, sent: Sequence[Certificate]) -> list[Finding]:
    """The server's certificate first, then each issuer of ``path`` after what it signed, and nothing else."""
    needed = [item.der for item in path]
    ordered = [item for item in path if any(item.der == other.der for other in sent)]
    findings = [
        item.warning("is not part of the path to the CA certificates", "Remove it")
        for item in sent
        if item.der not in needed
    ]
    listed = [item.der for item in sent if item.der in needed]
    if sent[0].der != path[0].der or listed != [item.der for item in ordered]:
        right = "; ".join(f"{number}. {item.name}" for number, item in enumerate(ordered, 1))
        findings.append(
            Finding(path[0].source, "the certificates are out of order", f"The right order is: {right}")
        )
    top = next(item for item in sent if item.der == ordered[-1].der)
    if top.der != path[0].der and top.self_signed:
        findings.append(top.warning("is a root, which a server need not send", "Remove it"))
    return findings
