"""``RancherCertificates``: Rancher's TLS certificate and CA, in the two Secrets that hold them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pulumi

from components.certificates.source import CertificateSource, Issued
from components.kubernetes.objects import Secret
from domain.certificates.certificate import expiry, fingerprint

CA_SECRET_NAME = "tls-ca"  # noqa: S105 - the name that Rancher's chart mounts with privateCA=true
CA_SECRET_KEY = "cacerts.pem"  # noqa: S105 - Rancher does not start with another key (article, step 3)


@dataclass(frozen=True, kw_only=True)
class RancherCertificatesArgs:
    """What :class:`RancherCertificates` needs.

    Attributes:
        source: Where the certificate comes from, one of ``components.certificates.sources.SOURCES``.
        namespace: Namespace of the Secrets; ``cattle-system``, as an output of its resource.
        tls_secret_name: Name of the ``kubernetes.io/tls`` Secret that Rancher's Ingress names.
        secret_opts: Options of the Secrets only: provider and ``deleted_with`` of the cluster. On the
            component itself they would delay the keys until the cluster exists.
    """

    source: CertificateSource
    namespace: pulumi.Input[str]
    tls_secret_name: str
    secret_opts: pulumi.ResourceOptions | None = None


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
        """Declare the resources."""
        super().__init__("rancher-on-pks:certificates:RancherCertificates", name, None, opts)
        issued = args.source.issue(name, self)
        chain = issued.chain or pulumi.Output.from_input("")
        self.ca_bundle, self.certificate_chain, self.csr = issued.ca_bundle, chain, issued.csr
        self.expiry, self.fingerprint = chain.apply(expiry), chain.apply(fingerprint)
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

    def _secrets(self, name: str, args: RancherCertificatesArgs, issued: Issued) -> list[pulumi.Resource]:
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


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
