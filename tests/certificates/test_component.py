"""The component, with recording mocks in place of the engine: what it declares for each source."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest
from cryptography.hazmat.primitives import serialization
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from components.certificates.component import RancherCertificates, RancherCertificatesArgs
from components.certificates.source import CertificateSource, IssuanceArgs
from components.certificates.sources import SOURCES, RequestError
from domain.certificates.sources import Material
from tests import pki

KEY, REQUEST = "tls:index/privateKey:PrivateKey", "tls:index/certRequest:CertRequest"
SELF_SIGNED, ISSUED = (
    "tls:index/selfSignedCert:SelfSignedCert",
    "tls:index/locallySignedCert:LocallySignedCert",
)
SECRET = "kubernetes:core/v1:Secret"
COMPONENT = "rancher-on-pks:certificates:RancherCertificates"


@dataclass
class Engine(Mocks):
    """Records what is registered and answers as the ``tls`` provider would."""

    server_key: pki.Identity
    issued: pki.Identity
    ca: pki.Identity
    unknown_keys: bool = False
    resources: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append((args.typ, args.name, args.inputs))
        outputs = dict(args.inputs)
        if args.typ == KEY and not self.unknown_keys:
            outputs |= {"privateKeyPem": self.server_key.key_pem, "publicKeyPem": public_pem(self.server_key)}
        elif args.typ == REQUEST:
            outputs["certRequestPem"] = "REQUEST"
        elif args.typ in (ISSUED, SELF_SIGNED):
            outputs["certPem"] = (self.issued if args.typ == ISSUED else self.ca).pem
        return f"{args.name}-id", outputs

    def call(self, args: object) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"no function is to be called: {args}")

    def inputs(self, type_: str, name: str) -> dict[str, Any]:
        (found,) = [inputs for typ, known, inputs in self.resources if (typ, known) == (type_, name)]
        return found

    def names(self) -> list[tuple[str, str]]:
        return sorted((typ, name) for typ, name, _ in self.resources)


class Monitor(MockMonitor):
    """Keeps the requests themselves, for options that mocks do not show."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.requests: dict[str, resource_pb2.RegisterResourceRequest] = {}

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> object:  # noqa: N802
        self.requests[request.name] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


@dataclass
class Result:
    """What a program that builds the component came to."""

    engine: Engine
    requests: dict[str, resource_pb2.RegisterResourceRequest]
    certificates: RancherCertificates
    outputs: dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    root = pki.root()
    server = pki.server(root)
    return Engine(server_key=server, issued=server, ca=root)


@pytest.fixture(autouse=True)
def _quiet_loop(current_event_loop: None) -> None:
    """A failure leaves outputs that are never awaited; without a handler the loop reports each at exit."""
    asyncio.get_event_loop().set_exception_handler(lambda *_: None)


def deploy(
    engine: Engine,
    source: CertificateSource,
    *,
    preview: bool = False,
    with_cluster: bool = False,
) -> Result:
    monitor = Monitor(engine)
    set_mocks(engine, project="rancher-on-pks", stack="test", preview=preview, monitor=monitor)
    built: list[RancherCertificates] = []
    outputs: dict[str, Any] = {}

    def program() -> pulumi.Output[None]:
        cluster = pulumi.ComponentResource("test:index:Cluster", "cluster") if with_cluster else None
        args = RancherCertificatesArgs(
            source=source,
            namespace="cattle-system",
            tls_secret_name="rancher-tls",
            secret_opts=pulumi.ResourceOptions(deleted_with=cluster),
        )
        built.append(RancherCertificates("certificates", args))
        names = ("ca_bundle", "certificate_chain", "expiry", "fingerprint", "csr")
        values = {name: getattr(built[0], name) for name in names}
        return pulumi.Output.all(**values).apply(outputs.update)

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return Result(engine, monitor.requests, built[0], outputs)


def public_pem(identity: pki.Identity) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return identity.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def secret(value: Any) -> Any:
    """The content of a secret input; fails when it is not one."""
    assert value[_special_sig_key] == _special_secret_sig
    return value["value"]


def decoded(value: Any) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in secret(value).items()}


def made(name: str, material: Material | None = None, **issuance: Any) -> CertificateSource:
    subject = {"hostname": pki.HOST, **issuance}
    return SOURCES[name](material or Material(), IssuanceArgs(**subject))


def given(engine: Engine, key: str = "") -> Material:
    return Material(engine.issued.pem, key, engine.ca.pem)


def test_given_files_make_the_two_secrets(engine: Engine) -> None:
    result = deploy(engine, made("files", given(engine, engine.server_key.key_pem)))
    assert engine.names() == [
        (SECRET, "certificates-ca-bundle"),
        (SECRET, "certificates-tls"),
        (COMPONENT, "certificates"),
    ]
    bundle, server = (
        engine.inputs(SECRET, "certificates-ca-bundle"),
        engine.inputs(SECRET, "certificates-tls"),
    )
    assert bundle["metadata"] == {"name": "tls-ca", "namespace": "cattle-system"}
    assert bundle["type"] == "Opaque"
    assert decoded(bundle["data"]) == {"cacerts.pem": engine.ca.pem}
    assert server["metadata"] == {"name": "rancher-tls", "namespace": "cattle-system"}
    assert server["type"] == "kubernetes.io/tls"
    assert decoded(server["data"]) == {"tls.crt": engine.issued.pem, "tls.key": engine.server_key.key_pem}
    for name in ("certificates-ca-bundle", "certificates-tls"):
        assert "data" in result.requests[name].additionalSecretOutputs
    end = engine.issued.certificate.not_valid_after_utc
    assert result.outputs["ca_bundle"] == engine.ca.pem
    assert result.outputs["certificate_chain"] == engine.issued.pem
    assert result.outputs["expiry"] == end.isoformat()
    assert result.outputs["fingerprint"].count(":") == 31
    assert result.certificates.csr is None
    assert result.certificates.complete
    assert len(result.certificates.secrets) == 2


def test_only_the_secrets_wait_for_the_cluster(engine: Engine) -> None:
    """An option on the component, or on a key, would keep the keys from being made beside the cluster."""
    result = deploy(engine, made("self-signed"), with_cluster=True)
    waiting = {name for name, request in result.requests.items() if request.deletedWith.endswith("::cluster")}
    assert waiting == {"certificates-ca-bundle", "certificates-tls"}


def test_self_signed(engine: Engine) -> None:
    source = made("self-signed", validity_days=200, renewal_days=20, organization="Example")
    result = deploy(engine, source)
    assert engine.names() == [
        (SECRET, "certificates-ca-bundle"),
        (SECRET, "certificates-tls"),
        (COMPONENT, "certificates"),
        (REQUEST, "certificates-csr"),
        (ISSUED, "certificates-server"),
        (KEY, "certificates-ca-key"),
        (KEY, "certificates-key"),
        (SELF_SIGNED, "certificates-ca"),
    ]
    ca = engine.inputs(SELF_SIGNED, "certificates-ca")
    assert ca["isCaCertificate"] is True
    assert set(ca["allowedUses"]) == {"cert_signing", "crl_signing"}
    assert ca["subject"] == {"commonName": "Rancher CA rancher.example.com", "organization": "Example"}
    assert ca["earlyRenewalHours"] == 200 * 24
    server = engine.inputs(ISSUED, "certificates-server")
    assert server["validityPeriodHours"] == 200 * 24
    assert server["earlyRenewalHours"] == 20 * 24
    assert secret(server["caPrivateKeyPem"])
    assert "server_auth" in server["allowedUses"]
    assert result.outputs["ca_bundle"] == engine.ca.pem
    assert result.outputs["certificate_chain"] == engine.issued.pem
    assert result.certificates.complete


def test_internal_ca(engine: Engine) -> None:
    root = pki.root("Company Root")
    ca = pki.intermediate(root, "Company Issuing CA")
    material = Material(ca.pem, ca.key_pem, ca.pem + root.pem, ca.pem)
    result = deploy(engine, made("internal-ca", material))
    server = engine.inputs(ISSUED, "certificates-server")
    assert server["caCertPem"] == ca.pem
    assert secret(server["caPrivateKeyPem"]) == ca.key_pem
    assert result.outputs["ca_bundle"] == ca.pem + root.pem
    # The root is known to clients; what is between it and the server has to be sent.
    assert result.outputs["certificate_chain"] == engine.issued.pem + ca.pem
    request = engine.inputs(REQUEST, "certificates-csr")
    assert request["dnsNames"] == [pki.HOST]
    assert request["subject"] == {"commonName": pki.HOST}


def test_a_long_host_name_stands_in_the_alternative_name_only(engine: Engine) -> None:
    hostname = f"{'rancher' * 8}.management.example.com"
    deploy(engine, made("csr", hostname=hostname))
    request = engine.inputs(REQUEST, "certificates-csr")
    assert request["dnsNames"] == [hostname]
    assert "commonName" not in request.get("subject", {})


@pytest.mark.parametrize("source", ["csr", "internal-ca", "self-signed"])
def test_further_names_are_requested_and_issued(engine: Engine, source: str) -> None:
    ca = pki.root()
    material = Material("", ca.key_pem, ca.pem, ca.pem) if source == "internal-ca" else None
    deploy(engine, made(source, material, extra_hostnames=("rancher.example.org",)))
    assert engine.inputs(REQUEST, "certificates-csr")["dnsNames"] == [pki.HOST, "rancher.example.org"]


def test_csr_first_round(engine: Engine) -> None:
    result = deploy(engine, made("csr"))
    assert engine.names() == [
        (COMPONENT, "certificates"),
        (REQUEST, "certificates-csr"),
        (KEY, "certificates-key"),
    ]
    assert result.outputs == {
        "ca_bundle": "",
        "certificate_chain": "",
        "expiry": "",
        "fingerprint": "",
        "csr": "REQUEST",
    }
    assert not result.certificates.complete
    assert result.certificates.secrets == []


def test_csr_second_round(engine: Engine) -> None:
    result = deploy(engine, made("csr", given(engine)), preview=True)
    data = decoded(engine.inputs(SECRET, "certificates-tls")["data"])
    assert data == {"tls.crt": engine.issued.pem, "tls.key": engine.server_key.key_pem}
    assert result.outputs["csr"] == "REQUEST"
    assert result.certificates.complete


@pytest.mark.parametrize("preview", [True, False])
def test_a_certificate_for_another_key_fails(engine: Engine, preview: bool) -> None:
    stranger = Material(pki.server(engine.ca).pem, "", engine.ca.pem)
    with pytest.raises(RequestError, match="was not issued for the request of this stack"):
        deploy(engine, made("csr", stranger), preview=preview)
    assert "certificates-tls" not in [name for _, name in engine.names()]


def test_a_certificate_before_the_request_fails_at_preview(engine: Engine) -> None:
    engine.unknown_keys = True
    with pytest.raises(RequestError, match="this stack has not made a request yet"):
        deploy(engine, made("csr", given(engine)), preview=True)
