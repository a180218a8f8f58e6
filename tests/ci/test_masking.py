"""Secrets never come through, in whatever form a property has them."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci.engine import Engine
from domain.redaction import MASK, Redactor, names_secret, secret_variables


@pytest.mark.parametrize(
    "form",
    [
        "hunter2&more",
        f"https://u:{quote('hunter2&more', safe='')}@host",
        base64.b64encode(b"hunter2&more").decode(),
        json.dumps({"password": "hunter2&more"}),
        "a hunter2&more b",
    ],
)
def test_a_secret_in_any_form(form: str) -> None:
    masked = Redactor(["hunter2&more"])(form)
    assert "hunter2" not in masked
    assert MASK in masked


def test_the_lines_of_a_key_one_by_one() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END PRIVATE KEY-----\n"
    mask = Redactor([key])
    assert mask(f"data: {key}") == f"data: {MASK}\n"
    assert mask("MIIEvgIBADANBgkqhkiG9w0BAQEFAASC") == MASK
    assert "MIIE" not in mask(json.dumps({"key": key}))


def test_a_key_that_nobody_told_of() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvgIBADAN\n"  # cut off
    assert Redactor([])(f"a\n{key}") == f"a\n{MASK}"


def test_a_short_secret_does_not_mask_ordinary_words() -> None:
    mask = Redactor(["lab", "true"])
    assert mask("rancher-lab.lab.test is true") == "rancher-lab.lab.test is true"
    assert mask("lab") == MASK
    assert mask("true") == "true"


def test_the_credentials_of_the_environment() -> None:
    environment = {
        "PKS_PASSWORD": "aaaaaa",
        "BOSH_CLIENT_SECRET": "bbbbbb",
        "PKS_USERNAME": "admin",
        "PATH": "/bin",
    }
    assert sorted(secret_variables(environment)) == ["aaaaaa", "bbbbbb"]


def test_names_that_tell_of_a_secret() -> None:
    secret = ["values.adminPassword", "token", "a.privateKeyPem", "kubeconfig", "dnsTsigSecret"]
    assert [path for path in secret if not names_secret(path)] == []
    plain = ["tlsSecretName", "tokenExpiry", "certificate", "privateKeyFile", "secrets[0]"]
    assert [path for path in plain if names_secret(path)] == []


@given(
    st.lists(st.text(min_size=6).map(str.strip).filter(lambda text: len(text) >= 6), min_size=1),
    st.text(),
    st.text(),
)
def test_no_secret_is_left_in_any_text(secrets: list[str], before: str, after: str) -> None:
    mask = Redactor(secrets)
    for secret in secrets:
        masked = mask(f"{before}{secret}{after}")
        # What is left of it may at most be made of the text around it, or be the mask itself.
        assert secret not in masked or secret in f"{before}{after}" or secret in MASK or MASK in masked


def test_each_text_of_a_secret_object_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {
        "rancher-fleet:kubeconfigs": {
            "secret": True,
            "value": '{"oslo":"token-of-oslo"}',
            "objectValue": {"oslo": "token-of-oslo", "more": ["token-of-rome"]},
        },
        "rancher-fleet:sites": {"secret": False, "value": "sites.yaml"},
    }
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{json.dumps(config)}'\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    mask = Engine.of("prod").masker()
    assert mask("token-of-oslo, token-of-rome, sites.yaml") == "[secret], [secret], sites.yaml"
