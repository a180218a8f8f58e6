"""``RequestedCertificate``: key and request are created, and a CA outside the stack signs the request."""

from __future__ import annotations

import pulumi

from components.certificates.issuance import Issuance
from components.certificates.source import CertificateSource, Issued
from domain.certificates import requested


class RequestError(pulumi.RunError):
    """The signed certificate is not for the request of this stack."""


class RequestedCertificate(CertificateSource):
    """Waits for the signed certificate, and accepts only one for its own key."""

    def issue(self, name: str, parent: pulumi.Resource) -> Issued:
        key, request = Issuance(name, self.issuance, parent).request()
        bundle = pulumi.Output.from_input(self.material.ca_certificates)
        signed = self.material.chain
        if not signed:
            return Issued(bundle, csr=request.cert_request_pem)
        known: pulumi.Output[bool] = pulumi.Output.from_input(
            _refuse_before_request(signed, key.public_key_pem)
        )
        chain = pulumi.Output.all(key.public_key_pem, known).apply(lambda both: _for_key(signed, both[0]))
        return Issued(bundle, chain, key.private_key_pem, request.cert_request_pem)


async def _refuse_before_request(signed: str, public_key: pulumi.Output[str]) -> bool:
    """At preview, refuse a signed certificate while the stack has no key that it could be for."""
    if pulumi.runtime.is_dry_run() and not await public_key.is_known():
        raise RequestError(requested.too_early(signed))
    return True


def _for_key(signed: str, public_key: str) -> str:
    """The signed chain, provided that it is for the stack's own key."""
    if problem := requested.other_key(signed, public_key):
        raise RequestError(problem)
    return signed
