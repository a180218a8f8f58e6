"""Chains that people of this field have: what the settings say about the files. Each row has its test."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path

import pytest
from cryptography import x509

from bench import chains
from bench.chains import Files, Plan
from bench.judges import openssl_refusal
from domain.finding import Finding
from settings.certificate_files import CertificateFiles, load
from tests import pki
from tests.certificates import field_cases
from tests.certificates.field_cases import Case, plan


def check(folder: Path, files: Files, *, with_key: bool = True) -> tuple[list[Finding], Files]:
    """What the settings say about files, and what the program writes."""
    parts = {"certificate": files.chain, "ca_certificates": files.bundle, "private_key": files.key}
    if not with_key:
        del parts["private_key"]
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    paths = {name: str(folder / name) for name in parts}
    source = "files" if with_key else "csr"
    given = CertificateFiles(source=source, hostname=files.hostname, paths=paths)
    material, found = load(given, now=pki.NOW)
    chain, key, bundle = material.chain, material.private_key, material.ca_certificates
    return found, Files(chain.encode(), key.encode(), bundle.encode(), files.hostname)


def judge(folder: Path, case: Case) -> None:
    made = chains.make_all(case.plan)
    serials = {name: f"{item.serial:x}" for name, item in made.items()}
    found, _ = check(folder, chains.build(case.plan, made), with_key=not case.plan.get("noKey"))
    texts = [f"{finding.severity} {finding}" for finding in found]
    if not case.message:
        assert texts == []
        return
    message = re.sub(r"\{(\w+)\}", lambda match: serials[match[1]], case.message)
    matching = [text for text in texts if re.search(message, text)]
    assert len(matching) == 1, texts
    assert matching[0].startswith(case.severity)
    errors = [finding for finding in found if finding.severity == "error"]
    assert len(errors) == (case.severity == "error"), texts


@pytest.mark.parametrize("case", field_cases.CONSTRAINTS, ids=str)
def test_b1_name_constraints_hold_for_every_name(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", field_cases.EXTENSIONS, ids=str)
def test_b2_critical_extensions(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", field_cases.GO_ALONE, ids=str)
def test_b3_what_only_go_refuses(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("kind", ["rsa2048-b4", "p256-b4", "p384-b4", "ed25519-b4"])
@pytest.mark.parametrize("form", ["traditional", "relabelled", "explicit"])
def test_b4_the_key_is_written_as_servers_load_it(tmp_path: Path, kind: str, form: str) -> None:
    if form == "explicit" and not kind.startswith("p"):
        pytest.skip("only curves have parameters")
    files = chains.build(plan(server={"key": kind}, keyForm=form))
    found, written = check(tmp_path, files)
    assert [finding for finding in found if finding.severity == "error"] == []
    assert written.key.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert openssl_refusal(written) == ""


@pytest.mark.parametrize("kind", ["parameters", "compressed"])
def test_b4_a_certificate_whose_key_go_does_not_read(tmp_path: Path, kind: str) -> None:
    files = chains.build(plan(server={"explicit": kind}))
    found, _ = check(tmp_path, files)
    [error] = [finding for finding in found if finding.severity == "error"]
    assert "explicit curve parameters, or a compressed point" in error.problem


@pytest.mark.parametrize("kind", ["p224-b4", "k256-b4", "ed448-b4", "dsa-b4"])
def test_b4_keys_that_clients_refuse(tmp_path: Path, kind: str) -> None:
    found, _ = check(tmp_path, chains.build(plan(server={"key": kind})))
    [error] = [finding for finding in found if finding.severity == "error"]
    assert re.search("key on curve|key of a kind", error.problem)


@pytest.mark.parametrize("case", field_cases.KEY_IDS, ids=str)
def test_b5_key_identifiers_that_do_not_match(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", field_cases.CROSS_SIGNED, ids=str)
def test_b6_two_intermediates_of_one_name_and_key(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("case", field_cases.RENEWED, ids=str)
def test_b7_a_root_with_a_new_key(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


def test_b7_the_cross_certificate_is_kept(tmp_path: Path) -> None:
    _, written = check(tmp_path, chains.build(field_cases.RENEWED[0].plan))
    assert len(x509.load_pem_x509_certificates(written.chain)) == 3


@pytest.mark.parametrize("case", field_cases.TWO_ROOTS, ids=str)
def test_b8_old_and_new_root_of_one_name(tmp_path: Path, case: Case) -> None:
    judge(tmp_path, case)


@pytest.mark.parametrize("count", [8, 50])
@pytest.mark.parametrize("broken", [False, True])
def test_b9_a_ca_renewed_many_times(tmp_path: Path, count: int, broken: bool) -> None:
    made = field_cases.renewed(count)
    if broken:  # no path at all: everything is tried
        made["certificates"]["server"]["key"] = made["serverKey"] = "p256-b9"
        made["certificates"]["server"]["broken"] = True
    files = chains.build(made)
    start = time.perf_counter()
    found, _ = check(tmp_path, files)
    assert time.perf_counter() - start < (1 if count == 8 else 3)
    assert any(finding.severity == "error" for finding in found) is broken


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"ca": "P7B"}}, r"block 2 is a PKCS #7 archive \(.p7b\) under the label CERTIFICATE"),
        ({"labels": {"server": "P7B"}}, r"block 1 is a PKCS #7 archive \(.p7b\) under the label CERTIFICATE"),
        ({"labels": {"ca": "TRUSTED CERTIFICATE"}}, "block 2 is an OpenSSL trusted certificate"),
        ({"labels": {"root": "TRUSTED CERTIFICATE"}}, "is an OpenSSL trusted certificate"),
        ({"damage": "cut"}, "no matching -----END line"),
        ({"damage": "letter"}, "has damaged base64|cannot be read"),
        ({"ca": {"key": "rsa2048-ca"}, "server": {"hash": "sha1"}}, "is signed with SHA1"),
        ({"root": {"key": "rsa2048-root"}, "ca": {"hash": "sha1"}}, "Issuing CA.* is signed with SHA1"),
        ({"trusted": ["server"]}, r"is not a CA \(CA:FALSE\)"),
        ({"trusted": ["server", "ca"]}, r"is not a CA \(CA:FALSE\)"),
        ({"server": {"days": [-100, -10]}, "trusted": ["root"]}, "expired on"),
        ({"ca": {"days": [-100, -10]}}, "Issuing CA.* expired on"),
        ({"keyForm": "encrypted"}, "encrypted with a passphrase"),
        ({"serverKey": "p256-another"}, "does not belong to the private key"),
    ],
)
def test_b11_one_diagnosis_without_follow_on_errors(
    tmp_path: Path, changes: dict[str, Plan], message: str
) -> None:
    found, _ = check(tmp_path, chains.build(plan(**changes)))
    errors = [str(finding) for finding in found if finding.severity == "error"]
    assert len(errors) == 1, errors
    assert re.search(message, errors[0])


def test_a_case_is_what_it_says() -> None:
    """A guard against cases that are lost: their ids are unique."""
    names = [str(case) for case in field_cases.CASES]
    assert len(set(names)) == len(names)
    assert {field.name for field in dataclasses.fields(Case)} >= {"go", "openssl"}
