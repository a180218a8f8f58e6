"""Zones with wildcards: a query for any name has an answer, but no name is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.dns.record import RecordProvider
from components.runtime.errors import ProviderError
from tests.dns import sites
from tests.dns.sites import KEY, SECRET, Site
from tests.preflight import found

NAME, VIP, OTHER = "rancher.lab.test", "10.50.0.79", "10.50.0.80"
WILDCARDS: dict[str, list[tuple[Any, ...]]] = {
    "A": [("*", 300, "A", OTHER)],
    "the same A": [("*", 300, "A", VIP)],
    "AAAA": [("*", 300, "AAAA", "fd00::1")],
    "A and AAAA": [("*", 300, "A", OTHER), ("*", 300, "AAAA", "fd00::1")],
    "CNAME": [("*", 300, "CNAME", "ns.lab.test.")],
    "CNAME of another zone": [("*", 300, "CNAME", "www.frozen.test.")],
    "CNAME that leads nowhere": [("*", 300, "CNAME", "www.example.com.")],
    "TXT": [("*", 300, "TXT", '"v=spf1 -all"')],
    "MX": [("*", 300, "MX", "10 mail.example.com.")],
    "SRV": [("*", 300, "SRV", "0 0 443 ns.lab.test.")],
    "CAA": [("*", 300, "CAA", '0 issue "ca.example.com"')],
    "unknown type": [("*", 300, "TYPE65280", "\\# 1 00")],
    "below the name": [("*.rancher", 300, "A", OTHER)],
    "at and below the name": [("*", 300, "CNAME", "ns.lab.test."), ("*.rancher", 300, "A", OTHER)],
}


@pytest.fixture(params=["bind", "knot"])
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A real server."""
    with (sites.bind if request.param == "bind" else sites.knot)(tmp_path) as site:
        yield site


def inputs(site: Site, **changes: Any) -> dict[str, Any]:
    return {
        "hostname": NAME,
        "address": VIP,
        "ttl": 60,
        "server": site.server,
        "zone": "",
        "move": False,
        **changes,
    }


def findings(configured: Callable[..., Any], site: Site, *names: str) -> list[str]:
    wanted = {"hostnames": list(names or [NAME]), "server": site.server, "zone": "", "move": False}
    del configured  # which clears the environment
    return found("dns", wanted, dnsTsigName=KEY, dnsTsigSecret=SECRET)


@pytest.mark.parametrize("kind", WILDCARDS)
def test_c7_a_wildcard_takes_no_name(judge: Site, configured: Callable[..., Any], kind: str) -> None:
    for record in WILDCARDS[kind]:
        judge.put(*record)
    serial = judge.records("lab.test.", "SOA")
    assert findings(configured, judge, NAME, "api.deep.lab.test") == []
    assert judge.records("lab.test.", "SOA") == serial, "the preflight changes nothing"
    provider: RecordProvider = configured(RecordProvider)
    known = provider.create(inputs(judge)).outs or {}
    assert judge.records("rancher") == [f"60 A {VIP}"]
    assert provider.read(NAME, known).outs == known
    moved = provider.update(NAME, known, inputs(judge, address="10.50.0.81")).outs or {}
    provider.delete(NAME, moved)
    assert provider.read(NAME, moved).id == "", "what the wildcard answers is not the record"
    provider.delete(NAME, moved)


@pytest.mark.parametrize("record", [("CNAME", "ns.lab.test."), ("AAAA", "fd00::2"), ("TXT", '"ours"')])
def test_c7_a_record_beside_a_wildcard_is_respected(
    judge: Site, configured: Callable[..., Any], record: tuple[str, str]
) -> None:
    judge.put("*", 300, "A", VIP)
    judge.put("rancher", 300, *record)
    [reason] = findings(configured, judge)
    assert f"already has other records ({' '.join(record)}) on" in reason
    with pytest.raises(ProviderError, match="already has other records"):
        configured(RecordProvider).create(inputs(judge))
    assert judge.records("rancher", record[0]) == [f"300 {' '.join(record)}"]


def test_c7_an_address_beside_a_wildcard_is_refused(judge: Site, configured: Callable[..., Any]) -> None:
    judge.put("*", 300, "AAAA", "fd00::1")
    judge.put("rancher", 300, "A", OTHER)
    [reason] = findings(configured, judge)
    assert f"{NAME} already has the address {OTHER}" in reason
