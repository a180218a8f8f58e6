"""Parsers of what commands print: ``pks``, ``bosh``, the engine; and of dynamic providers in a state."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import PurePath
from random import Random
from typing import Any
from unittest import mock

from ci import artifacts, comment, drift, events
from ci.problem import StepError
from components.pks.cli import Pks
from components.pks.credentials import Access
from components.placement.bosh_cli import Bosh
from components.placement.credentials import BOSH
from components.runtime.command import Outcome
from components.runtime.errors import ProviderError
from domain import cluster, pks_answers, pks_refusals
from domain.pks_answers import AnswerError
from domain.provider_pickle import ForeignPickleError, provider_reference
from domain.redaction import Redactor
from tests.fuzz import samples
from tests.fuzz.mutation import document, raw, text_of
from tests.fuzz.running import Target


class _Printing:
    """A command that prints the same to whatever it is asked."""

    def __init__(self, exit_code: int, text: str) -> None:
        self._outcome = Outcome(exit_code, text, text.strip())
        self.executable = "cli"

    def run(self, *_: str, **_kwargs: Any) -> Outcome:
        return self._outcome

    def redacted(self, text: str) -> str:
        return text


def _json(draw: Random, sample: Any) -> str:
    return text_of(draw, document(draw, sample)).decode(errors="replace")


def _text(draw: Random, sample: bytes) -> str:
    return raw(draw, sample).decode(errors="replace")


def _pks_json(text: str) -> None:
    failures = []
    for read in (pks_answers.items, pks_answers.clusters, pks_answers.item, pks_answers.cluster):
        try:
            found = read(text)
        except AnswerError as error:
            failures.append(error)
            continue
        for live in found if isinstance(found, list) else [found]:
            if isinstance(live, cluster.LiveCluster):
                _use(live)
    if len(failures) == 4:
        raise failures[0]


def _use(live: cluster.LiveCluster) -> None:
    wanted = dict.fromkeys(cluster.properties(), "")
    list(cluster.adoption_findings(live, wanted, "pks"))
    cluster.just_ordered(live, wanted)
    cluster.failure_advice(live, "pks")
    cluster.node_pools(live.compute_profile_document or {})
    _ = live.values(), live.master_ips, live.kubernetes_version, live.busy, live.deleting, live.upgradable
    str(live).encode(errors="replace")


def _pks_text(text: str) -> None:
    pks_refusals.said(text)
    pks_refusals.absent(text, "c")
    for judge in (pks_refusals.expired, pks_refusals.rejected, pks_refusals.transient):
        judge(text)
    pks = Pks(Access("pks.test", client="c", client_secret="s"))
    pks._command = _Printing(1, text)  # type: ignore[assignment]
    pks._login_files = {}
    with mock.patch("time.sleep"):  # before another try
        pks.cluster("c")


def _bosh(text: str) -> None:
    bosh = Bosh("bosh", BOSH.read(lambda _: None, {}))
    bosh._command = _Printing(0 if len(text) % 3 else 1, text)  # type: ignore[assignment]
    bosh.vms("service-instance_x")


def _event_lines(draw: Random, sample: list[Mapping[str, Any]]) -> list[str]:
    changed = document(draw, sample)
    listed = changed if isinstance(changed, list) else [changed]
    return [text_of(draw, item).decode(errors="replace") for item in listed]


def _events(lines: list[str]) -> None:
    report = events.read(lines, Redactor(["canary"]))
    json.dumps([change.properties for change in report.changes], default=vars)


def _artifact(content: bytes) -> None:
    stack = artifacts.stack_of(PurePath("preview-0/comment.md"), ["prod"])
    for text, marker in (
        (artifacts.comment(stack, content), comment.marker(stack)),
        (artifacts.issue(stack, content), drift.marker(stack)),
    ):
        if not text.startswith(marker) or "@everyone" in text:
            raise AssertionError("the text is not harmless")


def _redacted(content: bytes) -> None:
    secret = "s3cret/pass word"
    text = content.decode(errors="replace")
    if secret in Redactor([secret])(f"{text}{secret}{text}"):
        raise AssertionError("the secret is still there")


os.environ.setdefault("FAKE_PKS", os.devnull)
_TEXTS = samples.pks_texts()
TARGETS = (
    Target("pks JSON", samples.pks_json(), _json, _pks_json, (AnswerError,)),
    Target("pks text", _TEXTS, _text, _pks_text, (ProviderError,)),
    Target("bosh output", samples.bosh(), _json, _bosh, (ProviderError,)),
    Target("engine events", samples.events(), _event_lines, _events, (StepError,)),
    Target("artifacts", (b"# Preview\n@everyone <!-- rancher -->\n",), raw, _artifact, (StepError,)),
    Target("provider pickles", samples.pickles(), raw, provider_reference, (ForeignPickleError,)),
    Target("redaction", (b"password=x token: a https://u:p@h/", *_TEXTS), raw, _redacted),
)
