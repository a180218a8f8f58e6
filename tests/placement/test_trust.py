"""Trust in vCenter's certificate is that of the vSphere plugin: SSL_CERT_DIR, whatever files are called."""

from __future__ import annotations

from pathlib import Path

from components.placement import vcenter
from tests import pki


def test_every_file_of_the_directories_is_taken(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "our-ca.crt").write_text(pki.root("Our CA").pem)
    (ours / "README").write_text("no certificate")
    found = vcenter.trust({"SSL_CERT_DIR": f"{tmp_path / 'absent'}:{ours}"})
    assert "Our CA" in str(found.get_ca_certs())
    without = vcenter.trust({}).get_ca_certs()
    assert "Our CA" not in str(without)
