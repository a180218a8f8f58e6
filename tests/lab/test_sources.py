"""The certificate sources and chart sources that the lab's own stack does not use, on one stack."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from lab import pki
from lab.engine import Engine
from lab.layout import REPO
from tests import pki as authorities
from tests.lab.conftest import Site, https_get, objects

pytestmark = pytest.mark.lab

HOST = "sources.lab.test"


def up(engine: Engine) -> dict[str, object]:
    """``up`` and an empty preview after it; returns the outputs."""
    for command in (("up", "--yes", "--skip-preview"), ("preview", "--expect-no-changes")):
        done = engine.run(*command, check=False)
        assert done.returncode == 0, done.stdout
    return engine.outputs()


def pong(outputs: dict[str, object]) -> None:
    """Rancher answers, trusted by the exported CA bundle alone."""
    found = https_get(str(outputs["vip"]), 8443, HOST, "/ping", str(outputs["caBundle"]))
    assert found == (200, "pong")


def sign(bare: Site, request: str) -> bytes:
    """The certificate that the lab's CA gives for a request."""
    parsed = x509.load_pem_x509_csr(request.encode())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    issuer = pki.Issuer.load(bare.lab.ca_certificate, bare.lab.ca_key)
    return pki.certificate(HOST, parsed.public_key(), issuer, names)


def test_request_then_files_then_a_ca_of_its_own(bare: Site, tmp_path: Path) -> None:
    """The article's old charts too: one from a local folder, one from an OCI registry over TLS."""
    engine = bare.beside("sources")
    bare.configure(
        engine,
        certificateSource="csr",
        caPrivateKeyFile=None,
        ingressChart=str(REPO / "lab" / "charts" / "nginx-ingress"),
        ingressChartVersion="1.41.3",
        rancherChartRepository=f"oci://{bare.lab.chart_repository.split('//')[1].split(':')[0]}:8443/charts",
        chartRepositoryCaFile=str(bare.lab.ca_certificate),
        rancherVersion="2.2.8",
        caCertificateFile=None,
    )
    waiting = up(engine)
    assert "rancherUrl" not in waiting

    signed = tmp_path / "signed.pem"
    signed.write_bytes(sign(bare, str(waiting["certificateRequest"])))
    bare.configure(engine, certificateFile=str(signed), caCertificateFile=str(bare.lab.ca_certificate))
    complete = up(engine)
    pong(complete)
    assert complete["certificateRequest"] == waiting["certificateRequest"]
    # The chart of Rancher 2.2.8 always makes an Ingress; only ours is left.
    assert [item["metadata"]["name"] for item in objects(engine, "ingresses")] == ["rancher-ingress"]

    authority = authorities.root()
    server = authorities.server(authority, HOST)
    key = tmp_path / "server.key"
    key.write_text(server.key_pem)
    bare.configure(
        engine,
        certificateSource="files",
        certificateFile=authorities.write(tmp_path, "server.pem", server),
        privateKeyFile=str(key),
        caCertificateFile=authorities.write(tmp_path, "ca.pem", authority),
    )
    pong(up(engine))
    with pytest.raises(ssl.SSLCertVerificationError):
        pong({**complete})

    for name in ("certificateFile", "privateKeyFile", "caCertificateFile"):
        bare.configure(engine, **{name: None})
    bare.configure(engine, certificateSource="self-signed")
    pong(up(engine))
    assert engine.run("destroy", "--yes", "--skip-preview", check=False).returncode == 0
