"""``Csr``: the key and a request are created here, and a CA signs the request."""

from __future__ import annotations

from domain.certificates import rules
from domain.certificates.certificate import CA_CERTIFICATES, CERTIFICATE, encode
from domain.certificates.sources.source import Given, Material, Source, damaged, read_certificates
from domain.certificates.verdict import OpenSSL, Server, check_server_chain, server_certificate
from domain.finding import Finding


class Csr(Source):
    """The first round has nothing, or only the CA; the second round has the signed certificate."""

    uses = (CERTIFICATE, CA_CERTIFICATES)

    def needed(self, given: frozenset[str]) -> tuple[str, ...]:
        return (CA_CERTIFICATES,) if CERTIFICATE in given and CA_CERTIFICATES not in given else ()

    def check(self, given: Given, openssl: OpenSSL) -> tuple[Material, list[Finding]]:
        (chain, bundle), findings = read_certificates(given, CERTIFICATE, CA_CERTIFICATES)
        material = Material(encode(chain), "", encode(bundle))
        if damaged(findings, CERTIFICATE, CA_CERTIFICATES):
            return material, findings
        if chain and bundle:
            server = server_certificate(chain, None)
            findings += check_server_chain(Server(server, chain, bundle), given.expected, openssl)
        else:
            for ca in bundle:
                findings += [*rules.check_is_ca(ca), *rules.check_dates(ca, given.expected)]
        return material, findings
