"""The CLI wrapper: login, private home, retries, secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.pks.cli import Pks, PksError
from components.pks.credentials import Access, resolve
from components.runtime.command import CommandTimeoutError
from components.runtime.errors import ProviderError
from tests.pks.conftest import PASSWORD, Clock, FakeFoundation

EXPIRED = "Error: You are not currently authenticated. Please log in to continue"
FLAGS = ["--external-hostname", "c.test", "--plan", "rancher"]


def client(foundation: FakeFoundation, **changes: str) -> Pks:
    values = {
        "api": "pks.test",
        "executable": str(foundation.executable),
        "username": "admin",
        "password": PASSWORD,
    }
    return Pks(Access(**{**values, **changes}))


def test_logs_in_once_and_types_the_password_at_the_prompt(foundation: FakeFoundation) -> None:
    pks = client(foundation)
    assert [plan["name"] for plan in pks.plans()] == ["rancher", "small"]
    assert pks.clusters() == []
    lines = foundation.argv()
    assert [line[0] for line in lines] == ["login", "plans", "clusters"]
    assert PASSWORD not in str(lines)


def test_a_client_logs_in_with_its_secret(foundation: FakeFoundation) -> None:
    client(foundation, username="", password="", client="ci", client_secret=PASSWORD).plans()
    assert foundation.argv()[0] == [
        "login",
        "--api",
        "pks.test",
        "--client-name",
        "ci",
        "--client-secret",
        PASSWORD,
    ]


def test_logs_in_again_when_the_token_has_expired(foundation: FakeFoundation) -> None:
    pks = client(foundation)
    pks.plans()
    with foundation.change() as state:
        state["faults"]["clusters"] = [EXPIRED]
    pks.clusters()
    assert foundation.commands() == ["login", "plans", "clusters", "login", "clusters"]


def test_a_write_that_is_refused_for_its_login_is_not_sent_again(foundation: FakeFoundation) -> None:
    pks = client(foundation)
    pks.plans()
    with foundation.change() as state:
        state["faults"]["create-cluster"] = [EXPIRED]
    with pytest.raises(PksError, match="not currently authenticated"):
        pks.create_cluster("c", FLAGS)
    assert pks.cluster("c") is None
    assert foundation.commands() == ["login", "plans", "create-cluster", "login", "cluster"]


def test_a_login_of_some_age_is_proven_before_a_write(
    foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr("components.pks.cli.time", clock)
    pks = client(foundation)
    pks.plans()
    with foundation.change() as state:
        state["faults"]["plans"] = [EXPIRED]
    clock.now += 700
    pks.create_cluster("c", FLAGS)
    assert foundation.commands() == ["login", "plans", "plans", "login", "plans", "create-cluster"]


def test_only_reads_are_repeated_when_the_api_is_away(foundation: FakeFoundation) -> None:
    away = "Error: Post https://pks.test:9021/v1/clusters: dial tcp: connection refused"
    with foundation.change() as state:
        state["faults"] = {"plans": [away, away], "delete-cluster": [away]}
    pks = client(foundation)
    assert len(pks.plans()) == 2
    with pytest.raises(PksError, match="connection refused"):
        pks.delete_cluster("c")
    assert foundation.commands() == ["login", "plans", "plans", "plans", "delete-cluster"]


def test_rejected_credentials_are_one_clear_error_without_the_password(foundation: FakeFoundation) -> None:
    with pytest.raises(PksError, match=r"rejected the credentials of 'admin'.*Correct pksUsername") as caught:
        client(foundation, password="wrong-password").plans()
    assert "wrong-password" not in str(caught.value)
    assert foundation.commands() == ["login"]


def test_secrets_are_hidden_in_errors(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["faults"]["plans"] = [f"Error: strange failure with {PASSWORD}"]
    with pytest.raises(PksError, match=r"strange failure with \[secret\]"):
        client(foundation).plans()


def test_missing_things_are_none(foundation: FakeFoundation) -> None:
    assert client(foundation).cluster("nobody") is None
    assert client(foundation).network_profile("nobody") is None


def test_an_unclear_not_found_is_no_absence(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["faults"]["cluster"] = ["sh: exec: tkgi: not found"]
    with pytest.raises(PksError, match="tkgi: not found"):
        client(foundation).cluster("mine")


def test_the_cli_may_be_missing() -> None:
    with pytest.raises(ProviderError, match="'no-such-pks' is not on PATH"):
        Pks(Access("pks.test", executable="no-such-pks", username="a", password="b")).plans()


@pytest.mark.parametrize("name", ["/no/ca.pem", "A" * 300])
def test_the_ca_file_may_be_missing(foundation: FakeFoundation, name: str) -> None:
    with pytest.raises(PksError, match=rf"pksCaCertificateFile .*PKS_CA_CERT\): file '{name}'"):
        client(foundation, ca_file=name).plans()


def test_no_json_is_an_error(foundation: FakeFoundation) -> None:
    foundation.executable.write_text("#!/bin/sh\necho hello; touch $PKS_HOME/creds.yml\n")
    with pytest.raises(PksError, match=r"JSON is expected \(hello\)"):
        client(foundation, username="", client="ci", client_secret="x").plans()


@pytest.mark.parametrize(
    ("call", "answer", "reason"),
    [
        ("plans", '{"message": "welcome"}', "a list is expected"),
        ("plans", '["small"]', "an object with `name` is expected"),
        ("network_profiles", '[{"name": "n", "parameters": "{}"}]', "an object is expected as `parameters`"),
        ("clusters", '[{"name": "c"}]', "an object with `name` and `uuid` is expected"),
        ("clusters", '[{"name": "c", "uuid": "u", "parameters": []}, 5]', "an object with `name`"),
        ("cluster", "[]", "an object with `name` is expected"),
        ("cluster", '"c"', "an object with `name` is expected"),
        ("cluster", "c  large  succeeded", "JSON is expected"),
        ("network_profile", "5", "an object with `name` is expected"),
        ("cluster", "[" * 100_000, "JSON is expected"),
    ],
)
def test_r10_another_shape_is_one_clear_error(
    foundation: FakeFoundation, call: str, answer: str, reason: str
) -> None:
    (foundation.home / "answer").write_text(answer)
    foundation.executable.write_text(f'#!/bin/sh\ncat "{foundation.home}/answer"\n')
    pks = client(foundation, username="", client="ci", client_secret="x")
    with pytest.raises(PksError, match=f"something else than PKS does: {re.escape(reason)}") as caught:
        getattr(pks, call)(*([] if call.endswith("s") else ["c"]))
    assert len(str(caught.value)) < 700
    assert caught.value.properties == ("pksCli",)


@pytest.mark.parametrize("variable", ["PKS_USER_PASSWORD", "TKGI_USER_PASSWORD"])
def test_a4_get_credentials_finds_the_password_in_either_variable(
    foundation: FakeFoundation, variable: str
) -> None:
    lines = [
        'case "$1" in login) touch "$PKS_HOME/creds.yml"; exit;; esac',
        f'[ "${variable}" = "{PASSWORD}" ] || {{ echo "EOF" >&2; exit 1; }}',
        'echo "kind: Config" > "$KUBECONFIG"',
    ]
    foundation.executable.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    assert client(foundation).credentials("c") == "kind: Config\n"


def test_a_hanging_call_is_killed(foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch) -> None:
    foundation.executable.write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr("components.pks.cli.READ_SECONDS", 0.2)
    for identity in ({}, {"username": "", "client": "ci", "client_secret": "x"}):
        with pytest.raises(CommandTimeoutError, match=r"pks login` did not answer within 0.2 s"):
            client(foundation, **identity).plans()


def test_the_home_is_private_and_does_not_stay(
    foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(foundation.home / "tmp"))
    (foundation.home / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    lines = [
        'stat -c %a "$PKS_HOME" > "$0.mode"',
        'env > "$0.env"',
        'touch "$PKS_HOME/creds.yml"',
        'echo "[]"',
    ]
    script = "\n".join(["#!/bin/sh", *lines])
    foundation.executable.write_text(script)
    client(foundation, username="", client="ci", client_secret="x").plans()
    assert Path(f"{foundation.executable}.mode").read_text().strip() == "700"
    assert PASSWORD not in Path(f"{foundation.executable}.env").read_text()
    assert list((foundation.home / "tmp").iterdir()) == []


def test_the_kubeconfig_is_not_the_users(foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(foundation.home / "mine"))
    pks = client(foundation)
    pks.create_cluster("c", FLAGS)
    assert "minted-token" in pks.credentials("c")
    assert not (foundation.home / "mine").exists()


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        (
            {"pksApi": "a", "pksUsername": "u", "pksPassword": "p"},
            {},
            Access("a", username="u", password="p"),
        ),
        (
            {"pksApi": "a", "pksUsername": "u", "pksPassword": "old"},
            {"PKS_API": "b", "PKS_PASSWORD": "new"},
            Access("b", username="u", password="new"),
        ),
        (
            {"pksApi": "a", "pksUsername": "u", "pksPassword": "p"},
            {"PKS_CLIENT": "c", "PKS_CLIENT_SECRET": "s"},
            Access("a", client="c", client_secret="s"),
        ),
        (
            {"pksApi": "a", "pksClient": "c", "pksClientSecret": "s", "pksCli": "tkgi"},
            {"PKS_USERNAME": "u", "PKS_PASSWORD": "p", "PKS_CA_CERT": "/ca"},
            Access("a", "tkgi", username="u", password="p", ca_file="/ca"),
        ),
    ],
)
def test_environment_wins_over_config(
    config: Mapping[str, str], environment: Mapping[str, str], expected: Access
) -> None:
    assert resolve(dict(config).get, environment) == expected


def test_missing_access_names_all_of_it() -> None:
    with pytest.raises(ProviderError, match=r"pksApi .*PKS_API.*pksUsername .*pksPassword .*PKS_PASSWORD"):
        resolve(lambda _: None, {})


def test_access_does_not_print_secrets() -> None:
    assert "hush" not in repr(Access("a", username="u", password="hush", client_secret="hush"))


def test_an_api_that_does_not_answer_is_asked_a_few_times(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["faults"]["login"] = ["Error: dial tcp 10.0.0.1:9021: i/o timeout"] * 20
    with pytest.raises(PksError, match="i/o timeout"):
        client(foundation).plans()
    assert foundation.commands() == ["login"] * 4
