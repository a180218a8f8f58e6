"""Which CAs TLS contexts trust."""

from __future__ import annotations

from pathlib import Path

from components.runtime import tls
from tests import pki


def test_go_programs_trust_every_file_of_a_directory(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "our-ca.crt").write_text(pki.root("Our CA").pem)
    (ours / "README").write_text("no certificate")
    found = tls.trust_like_go({"SSL_CERT_DIR": f"{tmp_path / 'absent'}:{ours}"})
    assert "Our CA" in str(found.get_ca_certs())
    without = tls.trust_like_go({}).get_ca_certs()
    assert "Our CA" not in str(without)
