"""No secret is left in a text, in any encoding."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

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


def go_json(text: str, *, html: bool = True) -> str:
    """As Go's encoding/json writes a string (tests/lab/test_go_json.py asks Go itself)."""
    encoded = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if html:
        encoded = encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return encoded


def base64_after(start: bytes) -> Callable[[str], str]:
    return lambda text: base64.b64encode(start + text.encode() + b"the rest").decode()


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "Go's JSON": go_json,
    "Go's JSON without HTML escapes": lambda text: go_json(text, html=False),
    "Go's JSON in Go's JSON": lambda text: go_json(go_json(text)),
    "Python's JSON": json.dumps,
    "Python's repr": repr,
    "Python's bytes": lambda text: repr(text.encode()),
    "YAML": lambda text: yaml.safe_dump({"key": text}),
    "YAML, folded": lambda text: yaml.safe_dump({"key": text}, allow_unicode=True, width=20),
    "YAML, quoted": lambda text: yaml.safe_dump({"key": text}, default_style='"', width=30),
    "YAML, a block": lambda text: yaml.safe_dump({"key": {"key": text}}, default_style="|"),
    "URL path": quote,
    "URL component": lambda text: quote(text, safe=""),
    "URL query": quote_plus,
    "JSON in a URL": lambda text: quote(json.dumps(text), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, offset 1": base64_after(b"1"),
    "base64, offset 2": base64_after(b"12"),
    "base64, offset 3": base64_after(b"123"),
    "base64 in lines": lambda text: base64.encodebytes(b"x" + text.encode() + b"y").decode(),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"key": text}).encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "shell": shlex.quote,
    "Markdown": lambda text: text.replace("@", "@\u200b").replace("<", "&lt;").replace("|", "\\|"),
    "an indented diff": lambda text: "".join(f"      + {line}\n" for line in text.splitlines()),
}

letters = st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from(
    [*"\"'`&<>@|\\\n+-_/%$#{}= aZ09", "\\n", "%41", "&lt;", "\\u0041"]
)
short_secrets = st.lists(letters, min_size=8, max_size=80).map("".join)
long_secrets = st.tuples(st.lists(letters, min_size=8, max_size=40), st.integers(1, 100)).map(
    lambda parts: "".join(parts[0] * parts[1])[:4_000]
)


def left(secret: str, text: str) -> list[str]:
    """Eight characters in a row of the secret that the text has."""
    return [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in text]


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=200)
@given(secret=short_secrets | long_secrets, before=st.text(max_size=8), after=st.text(max_size=8))
@example(secret="000000\\\\000000\\\\000000\\\\000000\\\\", before="", after="")
@example(secret="01%\\\n000", before="", after="")
@example(secret='""""""""', before="", after="")
@example(secret="\\\\\"\\\\'\\\\", before="", after="")
@example(secret="%\\n41\\x41&#6\\\n5;", before="", after="")
def test_no_secret_is_left_in_any_encoding(encoding: str, secret: str, before: str, after: str) -> None:
    secret = secret.strip()
    assume(len(secret) >= 8 and "\r" not in secret and len(secret.split()) <= len(secret) // 3)
    assume(secret not in f"{MASK}{before}{after}" and not left(secret, MASK * 2))
    encoded = ENCODINGS[encoding](secret)
    masked = Redactor([secret])(f"{before} key: {encoded} {after}")
    assert MASK in masked
    assert [part for part in left(secret, masked) if part not in f"{before} key:  {after}"] == []
    assert len(masked) < len(encoded) + 60


@given(st.lists(short_secrets, min_size=1, max_size=4), st.text(max_size=200))
def test_secrets_together(secrets: list[str], text: str) -> None:
    masked = Redactor(secrets)(text.join(secrets))
    whole = [secret.strip() for secret in secrets if len(secret.strip()) >= 8]
    assert [
        secret for secret in whole if secret in masked and secret not in MASK and secret not in text
    ] == []


def test_other_text_stays_as_it_is() -> None:
    mask = Redactor(["pass-word-1", "hunter2&more", "Zm9vYmFyCg"])
    for text in ("password 1 and pass_word_1", "hunter2 more", "imported clusters: 59", "a\\nb %41 &lt;", ""):
        assert mask(text) == text


def test_lines_that_come_one_by_one() -> None:
    secret = "first li\nsecond l\nthird li"
    lines = ["before\n", "  + first li\n", "  + second l\n", "  + third li\n", "first li\n", "after\n"]
    shown = list(Redactor([secret]).lines(lines))
    assert "".join(shown) == f"before\n  + {MASK}\nfirst li\nafter\n"
    assert shown[0] == "before\n", "a line that begins no secret does not wait"
    assert list(Redactor([]).lines(lines)) == lines


def test_credentials_inside_urls() -> None:
    environment = {
        "HTTPS_PROXY": "http://proxy:p%40ss-word@proxy.example.com:3128",
        "PULUMI_BACKEND_URL": "azblob://state?storage_account=x&sig=abc%2Fdef",
        "AZURE_STORAGE_KEY": "c3RvcmFnZS1rZXk=",
        "HOME": "/home/user",
        "ODD": "http://[",
    }
    assert sorted(secret_variables(environment)) == ["abc/def", "c3RvcmFnZS1rZXk=", "p@ss-word"]


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("PULUMI_BACKEND_URL", "postgres://pulumi:s3/cr#et?x@db/state", ["s3/cr#et?x"]),
        ("PULUMI_BACKEND_URL", "postgres://pulumi:se:cret@db/state", ["se:cret"]),
        ("https_proxy", "proxy:p4ss-word@proxy.example.com:3128", ["p4ss-word"]),
        ("HTTP_PROXY", "http://proxy:p@ss-word@[fd00::1]:3128", ["p@ss-word"]),
        ("HTTP_PROXY", "http://proxy.example.com:3128", []),
        ("CHARTS", "https://ghp_0123456789abcdef@charts.example.com", ["ghp_0123456789abcdef"]),
        ("ORIGIN", "ssh://deploy@git.example.com/x", []),
        ("IMAGE", "nginx:latest@sha256:0123", []),
        ("PAGE", "https://example.com:8443/@scope/x", []),
        ("ODD", "https://user:p4ss-word@[::1/x?token=abcdef", ["p4ss-word", "abcdef"]),
    ],
)
def test_c3_passwords_that_are_not_escaped_and_proxies_without_a_scheme(
    name: str, value: str, secrets: list[str]
) -> None:
    assert list(secret_variables({name: value})) == secrets


def test_a_document_keeps_its_form() -> None:
    mask = Redactor(['se"cret&1'])
    document = {"a": ['x se"cret&1', 5, None], "b": {"c": "se\\u0022cret&amp;1"}}
    assert mask.document(document) == {"a": [f"x {MASK}", 5, None], "b": {"c": MASK}}
