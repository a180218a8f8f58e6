"""What is given for each source, checked as a whole: each mistake gives its finding, and all come at once."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from domain.certificates.sources import SOURCES
from settings.certificate_files import CertificateFiles, load, read
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

    def files(self, source: str, **changes: str | None) -> CertificateFiles:
        """The settings of a source in order, with some paths changed or removed."""
        good = {
            "certificate": "chain.pem",
            "private_key": "server.key",
            "ca_certificates": "ca.pem" if source == "internal-ca" else "root.pem",
            "ca_private_key": "ca.key",
        }
        paths = {name: str(self.folder / good[name]) for name in SOURCES[source].needs + SOURCES[source].uses}
        changed = {name: path for name, path in {**paths, **changes}.items() if path is not None}
        return CertificateFiles(source=source, hostname=pki.HOST, paths=changed)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = pki.root()
    ca = pki.intermediate(root)
    made = Desk(tmp_path, root, ca, pki.server(ca))
    made.write("chain.pem", made.server, ca)
    made.write("server.key", made.server.key_pem)
    made.write("root.pem", root)
    made.write("ca.pem", ca, root)
    made.write("ca.key", ca.key_pem)
    return made


def check(files: CertificateFiles, now: datetime.datetime = pki.NOW) -> list[str]:
    """Findings as text, with the folder left out of paths."""
    folders = {str(Path(path).parent) for path in files.paths.values()}
    texts = [f"{finding.severity} {finding}" for finding in load(files, now=now)[1]]
    return [re.sub("|".join(f"{folder}/" for folder in folders) or "$^", "", text) for text in texts]


def test_everything_in_order(desk: Desk) -> None:
    for source in ("files", "csr", "internal-ca"):
        assert check(desk.files(source)) == []
    assert check(CertificateFiles(source="self-signed", hostname=pki.HOST)) == []
    assert check(CertificateFiles(source="csr", hostname=pki.HOST)) == []
    assert check(desk.files("csr", certificate=None)) == []


def test_the_key_may_come_from_secret_config(desk: Desk) -> None:
    files = replace(desk.files("files", private_key=None), secrets={"private_key": desk.server.key_pem})
    assert check(files) == []
    assert "PRIVATE" not in repr(files)
    material, _ = load(files, now=pki.NOW)
    assert material.private_key == desk.server.key_pem
    assert "PRIVATE" not in repr(material)


def test_a_relative_path_starts_at_the_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read("Pulumi.yaml").startswith(b"name: rancher-on-pks")


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("files", ["certificateFile", "privateKey", "caCertificateFile"]),
        ("csr", []),
        ("internal-ca", ["caCertificateFile", "caPrivateKey"]),
        ("self-signed", []),
    ],
)
def test_what_a_source_needs(source: str, missing: list[str]) -> None:
    found = check(CertificateFiles(source=source, hostname=pki.HOST))
    assert [text.split(":")[0].removeprefix("error ") for text in found] == missing
    assert all(f"is not set. certificateSource {source} needs it" in text for text in found)


OTHER_KEY = pki.private_pem(pki.ec_key())


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (
            lambda d: replace(d.files("files"), hostname="other.example.com"),
            f"error certificateFile: certificate {SERVER} is not for other.example.com: "
            "it names rancher.example.com (chain.pem). Have the CA issue it again with the subject "
            "alternative name DNS:other.example.com",
        ),
        (
            lambda d: d.files("files", private_key=d.write("x.key", OTHER_KEY)),
            f"error certificateFile, privateKeyFile: certificate {SERVER} does not belong to the private "
            "key (chain.pem, x.key). Provide the key that it was requested with, or the certificate for this "
            "key",
        ),
        (
            lambda d: replace(d.files("files", private_key=None), secrets={"private_key": OTHER_KEY}),
            f"error certificateFile, privateKey: certificate {SERVER} does not belong to the private "
            "key (chain.pem). Provide the key that it was requested with, or the certificate for this key",
        ),
        (
            lambda d: replace(d.files("files"), secrets={"private_key": d.server.key_pem}),
            "error privateKeyFile: is set, and privateKey as well. Remove one: pulumi config rm privateKey",
        ),
        (
            lambda d: d.files("files", certificate=d.write("chain.pem", d.server)),
            f"error certificateFile, caCertificateFile: certificate {SERVER} was issued by {ISSUING}, which "
            "is not given (chain.pem, root.pem). Append it to the server's certificate if it is an "
            "intermediate, to the CA certificates if a root",
        ),
        (
            lambda d: d.files("files", certificate=d.write("chain.pem", d.ca, d.server)),
            "error certificateFile: the certificates are out of order (chain.pem). The right order is: "
            '1. "CN=rancher.example.com"; 2. "CN=Example Issuing CA"',
        ),
        (
            lambda d: d.files("files", ca_certificates=str(d.folder / "missing.pem")),
            "error caCertificateFile: does not exist (missing.pem). "
            "A relative path starts at the folder of Pulumi.yaml",
        ),
        (
            lambda d: d.files("files", ca_certificates=d.write("ca.pem", d.root, d.root)),
            f"warning caCertificateFile: certificate {ROOT} is listed twice (ca.pem). Remove one",
        ),
        (
            lambda d: replace(d.files("files"), secrets={"ca_private_key": "x"}),
            "warning caPrivateKey: is not used by certificateSource files. pulumi config rm caPrivateKey",
        ),
        (
            lambda d: d.files("csr", ca_certificates=None),
            "error caCertificateFile: is not set. certificateSource csr needs it",
        ),
        (
            lambda d: d.files("csr", certificate=None, ca_certificates=d.write("ca.pem", d.server)),
            f"error caCertificateFile: certificate {SERVER} is not a CA (CA:FALSE) (ca.pem). "
            "Provide the certificate of the CA that signed",
        ),
        (
            lambda d: d.files("internal-ca", ca_certificates=d.write("ca.pem", d.root, d.ca)),
            f"error caCertificateFile, caPrivateKeyFile: certificate {ROOT} does not belong to the CA's "
            'private key (ca.pem, ca.key). Put "CN=Example Issuing CA", which does, first',
        ),
        (
            lambda d: d.files("internal-ca", ca_private_key=d.write("ca.key", d.server.key_pem)),
            f"error caCertificateFile, caPrivateKeyFile: certificate {ISSUING} does not belong to the CA's "
            "private key (ca.pem, ca.key). Provide the signing CA's certificate and key",
        ),
        (
            lambda d: replace(d.files("internal-ca"), validity_days=2000),
            f"warning caCertificateFile: certificate {ISSUING} ends in 1825 days, sooner than what it issues "
            "(2000 days) (ca.pem). Lower the validity, or renew the CA",
        ),
        (
            lambda d: replace(d.files("internal-ca"), validity_days=30),
            "error certificateValidityDays: has to be more than certificateWarningDays, 30 (30). "
            "Raise it: an issued certificate is renewed that many days before its end",
        ),
        (
            lambda d: d.files("files", certificate=d.write("my chain.pem", d.server.der)),
            "error certificateFile: is DER (binary), not PEM (my chain.pem). Convert it: "
            "openssl x509 -inform der -in 'my chain.pem' -out x509.pem",
        ),
        (
            lambda d: d.files(
                "files", private_key=d.write("x.key", pki.private_pem(d.server.key, passphrase=b"x"))
            ),
            "error privateKeyFile: the private key is encrypted with a passphrase (x.key). Decrypt it into a "
            "secret: openssl pkey -in x.key | pulumi config set --secret privateKey",
        ),
    ],
)
def test_one_mistake_gives_one_finding(
    desk: Desk, mistake: Callable[[Desk], CertificateFiles], message: str
) -> None:
    found = [text.replace("'" + str(desk.folder) + "/", "'") for text in check(mistake(desk))]
    errors = [text for text in found if text.startswith("error")]
    assert message in found
    assert errors in ([], [message])


@pytest.mark.parametrize(
    ("days", "message"),
    [(-2, "is not valid before"), (340, "expires on"), (366, "expired on")],
)
def test_the_time_of_the_check_decides(desk: Desk, days: int, message: str) -> None:
    (found,) = check(desk.files("files"), pki.NOW + datetime.timedelta(days=days))
    assert f"certificate {SERVER} {message}" in found


def test_an_expired_ca_is_no_less_an_error(desk: Desk) -> None:
    found = check(desk.files("internal-ca"), pki.NOW + datetime.timedelta(days=1826))
    assert [text for text in found if text.startswith("error")] == [
        f"error caCertificateFile: certificate {ISSUING} expired on "
        f"{desk.ca.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC (ca.pem). Renew it"
    ]


def test_the_key_of_the_issuing_ca_is_not_the_servers(desk: Desk) -> None:
    (found,) = check(desk.files("files", private_key=desk.write("x.key", desk.ca.key_pem)))
    assert '"CN=rancher.example.com" does not belong to the private key' in found


def test_all_mistakes_at_once(desk: Desk) -> None:
    old = pki.make("old", desk.ca, ca=False, names=["old.example.com"], days=(-20, -10))
    found = check(
        desk.files(
            "files",
            certificate=desk.write("chain.pem", desk.ca, old),
            ca_certificates=desk.write("ca.pem", pki.root("Another CA")),
        )
    )
    for part in (
        "does not belong to the private key",
        "is not for rancher.example.com",
        "expired on",
        "out of order",
        'was issued by "CN=Example Root CA", which is not given',
    ):
        assert sum(part in text for text in found) == 1, part


@pytest.mark.parametrize("source", ["files", "csr"])
def test_a_given_certificate_must_cover_every_host_name(desk: Desk, source: str) -> None:
    files = replace(desk.files(source), extra_hostnames=("rancher.example.org",))
    [finding] = [text for text in check(files) if "is not for" in text]
    assert "is not for rancher.example.org: it names rancher.example.com" in finding


def test_a_ca_must_be_allowed_to_issue_for_every_host_name(desk: Desk) -> None:
    files = desk.files("internal-ca")
    assert check(replace(files, extra_hostnames=("rancher.example.org",))) == check(files)
