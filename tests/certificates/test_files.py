"""What is given for each source, checked as a whole: each mistake gives its finding, and all come at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.certificates.files import CertificateFiles, Source, check_files, load
from tests import pki

SERVER, ISSUING, ROOT = '"CN=rancher.example.com"', '"CN=Example Issuing CA"', '"CN=Example Root CA"'


@dataclass(frozen=True)
class Desk:
    """Files of an operator: a root, its issuing CA, and a server certificate with its key."""

    folder: Path
    root: pki.Identity
    ca: pki.Identity
    server: pki.Identity

    def write(self, file: str, *parts: pki.Identity | str | bytes) -> str:
        return pki.write(self.folder, file, *parts)

    @property
    def given(self) -> CertificateFiles:
        return CertificateFiles(
            source="files",
            hostname=pki.HOST,
            certificate_file=self.write("chain.pem", self.server, self.ca),
            private_key_file=self.write("server.key", self.server.key_pem),
            ca_certificate_file=self.write("ca.pem", self.root),
        )

    @property
    def signed(self) -> CertificateFiles:
        return replace(self.given, source="csr", private_key_file=None)

    @property
    def internal(self) -> CertificateFiles:
        return CertificateFiles(
            source="internal-ca",
            hostname=pki.HOST,
            ca_certificate_file=self.write("ca.pem", self.ca, self.root),
            ca_private_key_file=self.write("ca.key", self.ca.key_pem),
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = pki.root()
    ca = pki.intermediate(root)
    return Desk(tmp_path, root, ca, pki.server(ca))


def check(files: CertificateFiles, now: datetime.datetime = pki.NOW) -> list[str]:
    """Findings as text, with the folder left out of paths."""
    found = check_files(files, now=now)
    folder = next(
        (str(Path(p).parent) for p in (files.certificate_file, files.ca_certificate_file) if p), "-"
    )
    return [f"{finding.severity} {finding}".replace(f"{folder}/", "") for finding in found]


def test_everything_in_order(desk: Desk) -> None:
    for files in (desk.given, desk.signed, desk.internal):
        assert check(files) == []
    assert check(CertificateFiles(source="self-signed", hostname=pki.HOST)) == []
    assert check(CertificateFiles(source="csr", hostname=pki.HOST)) == []
    assert check(replace(desk.signed, certificate_file=None)) == []


def test_the_key_may_come_from_secret_config(desk: Desk) -> None:
    files = replace(desk.given, private_key_file=None, private_key=desk.server.key_pem)
    assert check(files) == []
    assert "PRIVATE" not in repr(files)
    material, _ = load(files, now=pki.NOW)
    assert material.key == desk.server.key_pem
    assert "PRIVATE" not in repr(material)


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("files", ["certificateFile", "privateKey", "caCertificateFile"]),
        ("csr", []),
        ("internal-ca", ["caCertificateFile", "caPrivateKey"]),
        ("self-signed", []),
    ],
)
def test_what_a_source_needs(source: Source, missing: list[str]) -> None:
    found = check(CertificateFiles(source=source, hostname=pki.HOST))
    assert [text.split(":")[0].removeprefix("error ") for text in found] == missing
    assert all(f"is not set; certificateSource {source} needs it" in text for text in found)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (
            lambda d: replace(d.given, hostname="other.example.com"),
            f"error certificateFile (chain.pem): certificate {SERVER} is not for other.example.com: "
            "it names rancher.example.com; have the CA issue it again with the subject alternative name "
            "DNS:other.example.com",
        ),
        (
            lambda d: replace(d.given, private_key_file=d.write("x.key", pki.private_pem(pki.ec_key()))),
            f"error certificateFile (chain.pem): certificate {SERVER} does not belong to the private "
            "key in privateKeyFile (x.key); give the key that its request was made with, or the certificate "
            "for this key",
        ),
        (
            lambda d: replace(d.given, private_key_file=None, private_key=pki.private_pem(pki.ec_key())),
            f"error certificateFile (chain.pem): certificate {SERVER} does not belong to the private "
            "key in privateKey; give the key that its request was made with, or the certificate for this key",
        ),
        (
            lambda d: replace(d.given, private_key=d.server.key_pem),
            "error privateKeyFile: is set, and privateKey as well; remove one: pulumi config rm privateKey",
        ),
        (
            lambda d: replace(d.given, certificate_file=d.write("chain.pem", d.server)),
            f"error certificateFile (chain.pem): certificate {SERVER} was issued by "
            f"{ISSUING}, which is in none of the files; append it to certificateFile (chain.pem) "
            "if it is an intermediate, to caCertificateFile (ca.pem) if a root",
        ),
        (
            lambda d: replace(d.given, certificate_file=d.write("chain.pem", d.ca, d.server)),
            "error certificateFile (chain.pem): the certificates are out of order; the right order is: "
            '1. "CN=rancher.example.com"; 2. "CN=Example Issuing CA"',
        ),
        (
            lambda d: replace(d.given, ca_certificate_file=str(d.folder / "missing.pem")),
            "error caCertificateFile (missing.pem): there is no such file; "
            "a relative path starts at the folder of Pulumi.yaml",
        ),
        (
            lambda d: replace(d.given, ca_certificate_file=d.write("ca.pem", d.root, d.root)),
            f"warning caCertificateFile (ca.pem): certificate {ROOT} stands there twice; remove one",
        ),
        (
            lambda d: replace(d.given, ca_private_key="x"),
            "warning caPrivateKey: is not used by certificateSource files; pulumi config rm caPrivateKey",
        ),
        (
            lambda d: replace(d.signed, ca_certificate_file=None),
            "error caCertificateFile: is not set; certificateSource csr needs it",
        ),
        (
            lambda d: replace(
                d.signed, certificate_file=None, ca_certificate_file=d.write("ca.pem", d.server)
            ),
            f"error caCertificateFile (ca.pem): certificate {SERVER} is not a CA (CA:FALSE); "
            "give the certificate of the CA that signed",
        ),
        (
            lambda d: replace(d.internal, ca_certificate_file=d.write("ca.pem", d.root, d.ca)),
            f"error caCertificateFile (ca.pem): certificate {ROOT} does not belong to the private key "
            'in caPrivateKeyFile (ca.key); put "CN=Example Issuing CA", which does, first',
        ),
        (
            lambda d: replace(d.internal, ca_private_key_file=d.write("ca.key", d.server.key_pem)),
            f"error caCertificateFile (ca.pem): certificate {ISSUING} does not belong to the private "
            "key in caPrivateKeyFile (ca.key); give the signing CA's certificate and key",
        ),
        (
            lambda d: replace(d.internal, validity_days=2000),
            f"warning caCertificateFile (ca.pem): certificate {ISSUING} ends in 1825 days, sooner than "
            "what it issues (2000 days); lower certificateValidityDays or renew the CA",
        ),
        (
            lambda d: replace(d.internal, validity_days=30),
            "error certificateValidityDays: 30 is not more than certificateWarningDays (30); "
            "an issued certificate is renewed that many days before its end: raise the first",
        ),
    ],
)
def test_one_mistake_gives_one_finding(
    desk: Desk, mistake: Callable[[Desk], CertificateFiles], message: str
) -> None:
    found = check(mistake(desk))
    errors = [text for text in found if text.startswith("error")]
    assert message in found
    assert errors in ([], [message])


@pytest.mark.parametrize(
    ("days", "message"),
    [(-2, "is not valid before"), (340, "expires on"), (366, "expired on")],
)
def test_the_time_of_the_check_decides(desk: Desk, days: int, message: str) -> None:
    (found,) = check(desk.given, pki.NOW + datetime.timedelta(days=days))
    assert f"certificate {SERVER} {message}" in found


def test_an_expired_ca_is_no_less_an_error(desk: Desk) -> None:
    found = check(desk.internal, pki.NOW + datetime.timedelta(days=1826))
    assert [text for text in found if text.startswith("error")] == [
        f"error caCertificateFile (ca.pem): certificate {ISSUING} expired on "
        f"{desk.ca.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew it"
    ]


def test_the_key_of_the_issuing_ca_is_not_the_servers(desk: Desk) -> None:
    (found,) = check(replace(desk.given, private_key_file=desk.write("x.key", desk.ca.key_pem)))
    assert '"CN=rancher.example.com" does not belong to the private key' in found


def test_all_mistakes_at_once(desk: Desk) -> None:
    old = pki.make("old", desk.ca, ca=False, names=["old.example.com"], days=(-20, -10))
    found = check(
        replace(
            desk.given,
            certificate_file=desk.write("chain.pem", desk.ca, old),
            ca_certificate_file=desk.write("ca.pem", pki.root("Another CA")),
        )
    )
    for part in (
        "does not belong to the private key",
        "is not for rancher.example.com",
        "expired on",
        "out of order",
        'was issued by "CN=Example Root CA", which is in none of the files',
    ):
        assert sum(part in text for text in found) == 1, part
