"""``Files``: the server's certificate and its key are given."""

from __future__ import annotations

from domain.certificates.certificate import CA_CERTIFICATES, CERTIFICATE, PRIVATE_KEY, encode, public_key_der
from domain.certificates.sources.source import Given, Material, Source, damaged, read_certificates, read_key
from domain.certificates.verdict import OpenSSL, Server, check_server_chain, server_certificate
from domain.finding import Finding


class Files(Source):
    """The certificate has to belong to the key, and clients have to accept it."""

    needs = (CERTIFICATE, PRIVATE_KEY, CA_CERTIFICATES)

    def check(self, given: Given, openssl: OpenSSL) -> tuple[Material, list[Finding]]:
        (chain, bundle), findings = read_certificates(given, CERTIFICATE, CA_CERTIFICATES)
        key, text, problems = read_key(given, PRIVATE_KEY)
        findings += problems
        material = Material(encode(chain), text, encode(bundle))
        if not chain or damaged(findings, CERTIFICATE):
            return material, findings
        public_key = public_key_der(key.public_key()) if key else None
        server = server_certificate(chain, public_key)
        matches = public_key in (None, server.public_key)
        if not matches:
            problem = f"certificate {server.name} does not belong to the private key"
            remedy = "Provide the key that it was requested with, or the certificate for this key"
            findings.append(Finding(f"{CERTIFICATE},{PRIVATE_KEY}", problem, remedy))
        if bundle and not damaged(findings, CA_CERTIFICATES):
            key_text = text if matches else ""
            findings += check_server_chain(Server(server, chain, bundle, key_text), given.expected, openssl)
        return material, findings
