"""The preflight: every check at once, one message, nobody asked without a change."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import components.preflight as module
from components.runtime.errors import ProviderError
from components.runtime.preflight import Check
from components.runtime.provider import LABELS, Properties
from domain.credentials import Lookup
from domain.finding import Finding
from settings import keys
from tests.preflight import configured

SYSTEMS = ("foundation", "rancher_chart", "dns", "vcenter", "nsx")


class Scripted(Check):
    """Waits for all others, then finds what its inputs say."""

    def __init__(self, together: threading.Barrier) -> None:
        self.asked = 0
        self._together = together

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        self.asked += 1
        self._together.wait(timeout=60)
        if wanted.get("down"):
            raise ProviderError("nobody answers", "server")
        for text in wanted.get("wrong", []):
            yield Finding("server", text, "Correct it")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Scripted]:
    together = threading.Barrier(len(SYSTEMS))
    scripted = {name: Scripted(together) for name in SYSTEMS}
    monkeypatch.setattr(module, "CHECKS", scripted)
    return scripted


def test_five_systems_are_asked_side_by_side_and_report_in_one_message(checks: dict[str, Scripted]) -> None:
    """No check could end here if another had to end first: the slowest alone decides how long it takes."""
    wanted = {name: {"wrong": [f"{name} is wrong"]} for name in SYSTEMS}
    labels = {"dns.server": "dnsServer"}
    failures = configured().check({}, {**wanted, "vcenter": {"down": True}, LABELS: labels}).failures
    [failure] = failures
    assert failure.property == ""
    assert failure.reason == (
        "the preflight has 5 problems; nothing was changed:"
        "\n  - foundation.server: foundation is wrong. Correct it"
        "\n  - rancher_chart.server: rancher_chart is wrong. Correct it"
        "\n  - dnsServer: dns is wrong. Correct it"
        "\n  - vcenter.server: nobody answers"
        "\n  - nsx.server: nsx is wrong. Correct it"
    )


def test_the_same_problem_is_said_once(checks: dict[str, Scripted]) -> None:
    wanted = {name: {"wrong": ["the host is unknown"]} for name in SYSTEMS}
    labels = {"dns.server": "dnsServer", "nsx.server": "nsxManager", "vcenter.server": "dnsServer"}
    [failure] = configured().check({}, {**wanted, LABELS: labels}).failures
    assert failure.reason.splitlines()[1:] == [
        "  - foundation.server, rancher_chart.server, dnsServer, nsxManager: the host is unknown. Correct it"
    ]


def test_only_what_changed_is_asked(checks: dict[str, Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Barrier, "wait", lambda *_, **__: 0)
    provider, known = configured(), {name: {"a": 1.0} for name in SYSTEMS}
    assert provider.check(known, {**known, LABELS: {"dns.a": "x"}}).failures == []
    assert not provider.diff("", known, {**known, LABELS: {"dns.a": "x"}}).changes
    assert sum(check.asked for check in checks.values()) == 0
    changed = {**known, "dns": {"a": 2.0}}
    assert provider.check(known, changed).failures == []
    assert provider.diff("", known, changed).changes
    without = {name: inputs for name, inputs in known.items() if name != "nsx"}
    assert provider.check(known, without).failures == []
    assert provider.diff("", known, without).changes
    assert {name: check.asked for name, check in checks.items() if check.asked} == {"dns": 1}


def test_every_check_has_its_config_keys() -> None:
    assert keys.CHECKS.keys() == module.CHECKS.keys()
