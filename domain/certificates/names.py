"""Names of a certificate: the hosts it covers, and the name constraints of the CAs above it.

Name constraints are judged as Go's ``crypto/x509`` does, which checks every name of the certificate, not only
the host that a client asks for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from cryptography import x509

from domain.certificates.certificate import Certificate

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Kind = (
    type[x509.DNSName] | type[x509.IPAddress] | type[x509.RFC822Name] | type[x509.UniformResourceIdentifier]
)


def names_of(certificate: Certificate) -> list[str | Address]:
    """DNS names and IP addresses of the subject alternative name."""
    names = certificate.extension(x509.SubjectAlternativeName)
    if names is None:
        return []
    addresses = names.get_values_for_type(x509.IPAddress)
    return [
        *names.get_values_for_type(x509.DNSName),
        *(item for item in addresses if isinstance(item, ipaddress.IPv4Address | ipaddress.IPv6Address)),
    ]


def covers(pattern: str, hostname: str) -> bool:
    """Whether a DNS name of a certificate covers ``hostname`` (RFC 6125, section 6.4; RFC 9525).

    A wildcard is the whole leftmost label, covers exactly one label, and needs two labels to its right
    (OpenSSL's rule). Case does not matter, nor does a dot at the end of ``hostname``.
    """
    wanted, offered = hostname.lower().removesuffix(".").split("."), pattern.lower().split(".")
    if not all(wanted) or not all(offered) or len(wanted) != len(offered):
        return False
    if offered[0] == "*":
        return len(offered) > 2 and offered[1:] == wanted[1:]
    return offered == wanted


def address(hostname: str) -> Address | None:
    """The host name as an IP address, if it is one."""
    try:
        return ipaddress.ip_address(hostname)
    except ValueError:
        return None


def broken_constraints(certificate: Certificate, ca: Certificate) -> Iterator[str]:
    """What the name constraints of ``ca`` forbid in ``certificate``, one text for each name."""
    limits = ca.extension(x509.NameConstraints)
    names = certificate.extension(x509.SubjectAlternativeName)
    if limits is None or names is None:
        return
    for name in names:
        kind = next((kind for kind in _KINDS if isinstance(name, kind)), None)
        if kind is None:
            continue
        permitted = [limit for limit in limits.permitted_subtrees or () if isinstance(limit, kind)]
        excluded = [limit for limit in limits.excluded_subtrees or () if isinstance(limit, kind)]
        within = _KINDS[kind]
        shown = f"{_LABELS[kind]} {name.value}"
        if not _usable(name):
            yield f"cannot be compared with {shown} (name constraints)"
        elif permitted and not any(within(limit, name, True) for limit in permitted):
            yield f"may only issue for {', '.join(str(item.value) for item in permitted)}, not for {shown}"
        elif any(within(limit, name, False) for limit in excluded):
            yield f"excludes {shown}"


def _usable(name: x509.GeneralName) -> bool:
    """Whether Go can compare the name with a constraint; if not, it refuses the certificate."""
    if isinstance(name, x509.RFC822Name):
        local, _, domain = name.value.rpartition("@")
        return bool(local) and _plain(domain)
    if isinstance(name, x509.UniformResourceIdentifier):
        host = _uri_host(name.value)
        return bool(host) and address(host) is None and not host.startswith("[") and _plain(host)
    return not isinstance(name, x509.DNSName) or _plain(name.value)


def _plain(domain: str) -> bool:
    """Go's ``domainNameValid``: visible ASCII, no empty label, no dot at the end."""
    return not domain or (all(domain.split(".")) and all(33 <= ord(letter) <= 126 for letter in domain))


def _uri_host(uri: str) -> str:
    netloc = urlsplit(uri).netloc.rpartition("@")[2].lower()
    if netloc.startswith("["):
        return netloc.partition("]")[0] + "]"
    return netloc.partition(":")[0]


def _within_domain(limit: str, domain: str, permitted: bool) -> bool:
    limit, domain = limit.lower(), domain.lower()
    if not limit:
        return True
    if domain == limit or domain.endswith(limit if limit.startswith(".") else f".{limit}"):
        return True
    # A wildcard reaches into a subtree one label below it: *.example.com into a.example.com.
    return not permitted and domain.startswith("*.") and domain[1:] == limit[limit.find(".") :] != limit


def _within_dns(limit: x509.GeneralName, name: x509.GeneralName, permitted: bool) -> bool:
    return _within_domain(limit.value, name.value, permitted)


def _within_uri(limit: x509.GeneralName, name: x509.GeneralName, permitted: bool) -> bool:
    return _within_domain(limit.value, _uri_host(name.value), permitted)


def _within_mail(limit: x509.GeneralName, name: x509.GeneralName, permitted: bool) -> bool:
    local, _, domain = name.value.rpartition("@")
    if "@" in limit.value:
        wanted, _, host = limit.value.rpartition("@")
        return bool(local == wanted and domain.lower() == host.lower())
    return _within_domain(limit.value, domain, permitted)


def _within_network(limit: x509.GeneralName, name: x509.GeneralName, _permitted: bool) -> bool:
    return bool(name.value in limit.value)


_KINDS: dict[Kind, Callable[[x509.GeneralName, x509.GeneralName, bool], bool]] = {
    x509.DNSName: _within_dns,
    x509.IPAddress: _within_network,
    x509.RFC822Name: _within_mail,
    x509.UniformResourceIdentifier: _within_uri,
}
_LABELS: dict[Kind, str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP",
    x509.RFC822Name: "e-mail",
    x509.UniformResourceIdentifier: "URI",
}


def unusual_constraints(path: Sequence[Certificate]) -> bool:
    """Whether the path has constraints, or names under constraints, that Python's verifier does not support.

    Those are DNS constraints with a dot in front or without text, URI constraints, and DNS names that are not
    host names; Go and OpenSSL know them all.
    """
    limits = [item for item in (ca.extension(x509.NameConstraints) for ca in path[1:]) if item]
    subtrees = [name for item in limits for name in (item.permitted_subtrees or [])]
    subtrees += [name for item in limits for name in (item.excluded_subtrees or [])]
    names = [name for item in path if limits for name in item.extension(x509.SubjectAlternativeName) or ()]
    return any(
        isinstance(name, x509.UniformResourceIdentifier)
        or (isinstance(name, x509.DNSName) and not _HOST.fullmatch(name.value))
        for name in (*subtrees, *names)
    )


_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)
