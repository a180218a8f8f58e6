"""Error texts: what they are evidence for, and that no write is sent twice because of one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from components.pks.cli import Pks, PksError
from components.pks.credentials import Access
from components.runtime.command import Command, Outcome
from domain import pks_refusals as refusals

STATUSES = (401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504)
FRAGMENTS = (
    "Status: {code}; ",
    "HTTP/1.1 {code} ",
    "status code {code}",
    "unexpected response code: {code} Unauthorized",
    "{code} Service Unavailable",
    "task-id: {code}, ",
    "broker-request-id: 00000000-0000-{code}0-8000-000000000{code}, ",
    "10.0.{code}.1:{code}",
    "dial tcp 10.0.0.1:9021: connect: connection refused",
    "i/o timeout",
    "unexpected EOF",
    "You are not currently authenticated. Please log in to continue",
    "You must be logged in to the server (Unauthorized)",
    "Credentials were rejected, please try again.",
    "Please try again later.",
    "An operation is in progress for your service instance.",
    "Cluster c not found",
    "context deadline exceeded",
    "TLS handshake timeout",
)


def texts(number: int) -> Iterator[str]:
    chance = random.Random(6)  # noqa: S311 - the same texts in each run
    for _ in range(number):
        parts = chance.sample(FRAGMENTS, chance.randint(1, 4))
        yield "Error: " + " ".join(part.format(code=chance.choice(STATUSES)) for part in parts)


class Runs(list[str]):
    """Names of the commands that were run. All fail with ``text``, but those that prove the login."""

    text = ""

    def run(self, *arguments: str, **_: Any) -> Outcome:
        self.append(arguments[0])
        answers = {"login": "", "plans": "[]"}
        if arguments[0] in answers:
            return Outcome(0, answers[arguments[0]], "")
        return Outcome(1, "", self.text)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(Command, "run", lambda _self, *arguments, **options: runs.run(*arguments))
    return runs


@pytest.mark.parametrize("age", [0.0, 3600.0])
def test_a6_a_write_is_never_sent_twice(runs: Runs, age: float) -> None:
    for text in texts(200):
        runs.text = text
        for write in ("create_cluster", "update_cluster", "delete_cluster", "delete_network_profile"):
            pks = Pks(Access("pks.test", username="u", password="password"))
            pks.login()
            pks._proven -= age
            runs.clear()
            with pytest.raises(PksError):
                getattr(pks, write)("c", *([] if write.startswith("delete") else [["--num-nodes", "3"]]))
            sent = [name for name in runs if name not in ("login", "plans")]
            assert sent == [write.replace("_", "-")], text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Error: 401 Unauthorized", 401),
        ("Error: Status: 401;", 401),
        ("HTTP/1.1 401", 401),
        ('{"status": 401}', 401),
        ("unexpected status code 503", 503),
        ("Error: 503 Service Unavailable: x", 503),
        ("response status 429", 429),
        ("502: Bad Gateway", 502),
        ("Error: 504 Gateway Time-out", 504),
    ],
)
def test_a6_a_code_counts_where_it_stands_as_a_status(text: str, code: int) -> None:
    assert (refusals.expired(text), refusals.transient(text)) == (code == 401, code != 401)


@pytest.mark.parametrize("code", [401, 429, 502, 503, 504])
@pytest.mark.parametrize(
    "text",
    [
        "task-id: {code}, operation: create",
        "locking task id is {code}, description: 'create deployment'",
        "service-instance-guid: 00000000-0000-0{code}-8000-000000000{code}",
        "dial tcp 10.0.0.1:{code}: refused by policy",
        "cluster {code} cannot be changed",
        "plan {code} allows {code} workers",
        "status of task {code} is error",
        "line {code}: unexpected token",
    ],
)
def test_a6_a_code_elsewhere_is_a_number(text: str, code: int) -> None:
    shown = text.format(code=code)
    assert (refusals.expired(shown), refusals.transient(shown)) == (False, False)
