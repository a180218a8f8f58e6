"""Rancher's TLS certificate: given, requested from a CA, or issued here, and the two Secrets that hold it."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

import pulumi
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.certificates import issuance
from components.certificates.files import CertificateFiles, Material, load
from components.kubernetes.objects import Secret
from domain.certificates import pem
from domain.certificates.documents import Finding

CA_SECRET_NAME = "tls-ca"  # noqa: S105 - the name that Rancher's chart mounts with privateCA=true
CA_SECRET_KEY = "cacerts.pem"  # noqa: S105 - Rancher does not start with another key (article, step 3)


class CertificateError(pulumi.RunError):
    """Certificate material that would not give a trusted Rancher; the message lists every error."""

    def __init__(self, findings: list[Finding]) -> None:
        """Make the error of the findings that are errors."""
        super().__init__("\n".join(str(finding) for finding in findings if finding.severity == "error"))


@dataclass(frozen=True, kw_only=True)
class RancherCertificatesArgs:
    """What :class:`RancherCertificates` needs.

    Attributes:
        files: Source, host name, and the files and keys given for them.
        namespace: Namespace of the Secrets; ``cattle-system``, as an output of its resource.
        tls_secret_name: Name of the ``kubernetes.io/tls`` Secret that Rancher's Ingress names.
        organization: Organization (O) in the subject of requests and issued certificates.
        secret_opts: Options of the Secrets only: provider and ``deleted_with`` of the cluster. On the
            component itself these would hold back the keys until the cluster is there.
    """

    files: CertificateFiles
    namespace: pulumi.Input[str]
    tls_secret_name: str
    organization: str | None = None
    secret_opts: pulumi.ResourceOptions | None = None


@dataclass(frozen=True)
class _Issued:
    """A source's result. Without ``chain`` it waits for the CA's answer."""

    ca_bundle: pulumi.Output[str]
    chain: pulumi.Output[str] | None = None
    key: pulumi.Output[str] | None = field(default=None, repr=False)
    csr: pulumi.Output[str] | None = None


class RancherCertificates(pulumi.ComponentResource):
    """Rancher's certificate and CA bundle (type ``rancher-on-pks:certificates:RancherCertificates``).

    Produces the Secrets ``tls-ca`` and ``args.tls_secret_name`` and, unless the source is ``files``,
    resources of the ``tls`` provider. Those do not depend on the cluster, so they are made while it is.

    Attributes:
        ca_bundle: PEM of the CAs that clients have to trust; empty while not known.
        certificate_chain: PEM of the server's certificate and its intermediates; empty until complete.
        csr: Source ``csr``: the request for the CA, as PEM. ``None`` otherwise.
        expiry: End of the server's certificate, ISO 8601 in UTC; empty until complete.
        fingerprint: SHA-256 of the server's certificate, as browsers show it; empty until complete.
        complete: ``False`` only while source ``csr`` waits for the signed certificate.
        secrets: The two Secrets, for others to depend on; none until complete.
    """

    ca_bundle: pulumi.Output[str]
    certificate_chain: pulumi.Output[str]
    csr: pulumi.Output[str] | None
    expiry: pulumi.Output[str]
    fingerprint: pulumi.Output[str]
    complete: bool
    secrets: list[pulumi.Resource]

    def __init__(
        self, name: str, args: RancherCertificatesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Check what is given and declare the resources.

        Raises:
            CertificateError: Something given will not do; nothing was declared.
        """
        material, findings = load(args.files, now=datetime.datetime.now(datetime.UTC))
        if any(finding.severity == "error" for finding in findings):
            raise CertificateError(findings)
        super().__init__("rancher-on-pks:certificates:RancherCertificates", name, None, opts)
        for finding in findings:
            pulumi.log.warn(str(finding), resource=self)
        sources: dict[str, Callable[[str, RancherCertificatesArgs, Material], _Issued]] = {
            "files": self._given,
            "csr": self._requested,
            "internal-ca": self._issued_by_internal_ca,
            "self-signed": self._self_signed,
        }
        issued = sources[args.files.source](name, args, material)
        chain = issued.chain or pulumi.Output.from_input("")
        self.ca_bundle, self.certificate_chain, self.csr = issued.ca_bundle, chain, issued.csr
        self.expiry, self.fingerprint = chain.apply(_expiry), chain.apply(_fingerprint)
        self.secrets = self._secrets(name, args, issued)
        self.complete = bool(self.secrets)
        self.register_outputs(
            {
                "caBundle": self.ca_bundle,
                "certificateChain": self.certificate_chain,
                "csr": self.csr,
                "expiry": self.expiry,
                "fingerprint": self.fingerprint,
                "complete": self.complete,
            }
        )

    def _given(self, _name: str, _args: RancherCertificatesArgs, material: Material) -> _Issued:
        return _Issued(
            pulumi.Output.from_input(pem.encode(material.bundle)),
            pulumi.Output.from_input(pem.encode(material.chain)),
            pulumi.Output.secret(material.key),
        )

    def _requested(self, name: str, args: RancherCertificatesArgs, material: Material) -> _Issued:
        key, request = issuance.request(name, args.files, args.organization, parent=self)
        bundle = pulumi.Output.from_input(pem.encode(material.bundle))
        if not material.chain:
            return _Issued(bundle, csr=request.cert_request_pem)
        made: pulumi.Output[bool] = pulumi.Output.from_input(
            _refuse_before_request(material, key.public_key_pem)
        )
        chain = pulumi.Output.all(key.public_key_pem, made).apply(lambda both: _for_key(material, both[0]))
        return _Issued(bundle, chain, key.private_key_pem, request.cert_request_pem)

    def _issued_by_internal_ca(self, name: str, args: RancherCertificatesArgs, material: Material) -> _Issued:
        key, request = issuance.request(name, args.files, args.organization, parent=self)
        ca, ca_key = pem.encode(material.bundle[:1]), pulumi.Output.secret(material.key)
        server = issuance.server(name, args.files, request, ca, ca_key, parent=self)
        intermediates = pem.encode(material.chain)
        return _Issued(
            pulumi.Output.from_input(pem.encode(material.bundle)),
            server.cert_pem.apply(lambda certificate: certificate + intermediates),
            key.private_key_pem,
        )

    def _self_signed(self, name: str, args: RancherCertificatesArgs, _material: Material) -> _Issued:
        ca_key, ca = issuance.own_ca(name, args.files, args.organization, parent=self)
        key, request = issuance.request(name, args.files, args.organization, parent=self)
        server = issuance.server(name, args.files, request, ca.cert_pem, ca_key.private_key_pem, parent=self)
        return _Issued(ca.cert_pem, server.cert_pem, key.private_key_pem)

    def _secrets(self, name: str, args: RancherCertificatesArgs, issued: _Issued) -> list[pulumi.Resource]:
        if issued.chain is None or issued.key is None:
            return []
        opts = pulumi.ResourceOptions.merge(args.secret_opts, pulumi.ResourceOptions(parent=self))
        ca = Secret(
            f"{name}-ca-bundle",
            metadata={"name": CA_SECRET_NAME, "namespace": args.namespace},
            type="Opaque",
            data={CA_SECRET_KEY: issued.ca_bundle.apply(_base64)},
            opts=opts,
        )
        server = Secret(
            f"{name}-tls",
            metadata={"name": args.tls_secret_name, "namespace": args.namespace},
            type="kubernetes.io/tls",
            data={"tls.crt": issued.chain.apply(_base64), "tls.key": issued.key.apply(_base64)},
            opts=opts,
        )
        return [ca, server]


async def _refuse_before_request(material: Material, public_key: pulumi.Output[str]) -> bool:
    """At preview, refuse a signed certificate while the stack has no key that it could be for."""
    if pulumi.runtime.is_dry_run() and not await public_key.is_known():
        raise _not_for_this_stack(material, "is there already, but this stack has made no request yet")
    return True


def _for_key(material: Material, public_key: str) -> str:
    """The signed chain, provided that it is for the stack's own key."""
    key = serialization.load_pem_public_key(public_key.encode())
    if material.chain[0].public_key != pem.public_key_der(key):
        raise _not_for_this_stack(
            material, "was not issued for the request of this stack: its key is another"
        )
    return pem.encode(material.chain)


def _not_for_this_stack(material: Material, problem: str) -> CertificateError:
    remedy = "have the CA sign the output certificateRequest; with your own key use certificateSource files"
    return CertificateError([material.chain[0].error(problem, remedy)])


def _expiry(chain: str) -> str:
    return x509.load_pem_x509_certificate(chain.encode()).not_valid_after_utc.isoformat() if chain else ""


def _fingerprint(chain: str) -> str:
    return pem.fingerprint(x509.load_pem_x509_certificate(chain.encode())) if chain else ""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
