"""What the DNS server would refuse is reported before anything is created."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.dns.preflight import DnsPreflightProvider
from components.runtime.errors import ProviderError
from tests.dns import sites
from tests.dns.sites import OTHER_SECRET, Site

NAMES = ["rancher.lab.test", "api.lab.test"]


def inputs(site: Site, **changes: Any) -> dict[str, Any]:
    return {"hostnames": NAMES, "server": site.server, "zone": "", **changes}


def reasons(provider: DnsPreflightProvider, wanted: dict[str, Any]) -> list[str]:
    return [failure.reason for failure in provider.check({}, wanted).failures]


def test_good_server(site: Site, configured: Callable[..., Any]) -> None:
    provider, wanted = configured(DnsPreflightProvider), inputs(site)
    site.put("rancher", 300, "A", "10.50.0.79")
    before = site.records("lab.test.", "SOA")
    assert reasons(provider, wanted) == []
    assert provider.create(wanted).outs == {**wanted, "vacant": ["api.lab.test"]}
    assert before == site.records("lab.test.", "SOA")


def test_wrong_secret(site: Site, configured: Callable[..., Any]) -> None:
    [reason] = reasons(configured(DnsPreflightProvider, dnsTsigSecret=OTHER_SECRET), inputs(site))
    assert "(BADSIG)" in reason


def test_zone_that_is_not_the_servers(site: Site, configured: Callable[..., Any]) -> None:
    [reason] = reasons(configured(DnsPreflightProvider), inputs(site, zone="example.com"))
    assert "refuses to update zone example.com (NOTAUTH)" in reason


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (("CNAME", "www.example.com."), "CNAME www.example.com."),
        (("AAAA", "fd00::1"), "AAAA fd00::1"),
        (("TXT", '"owned by ops"'), 'TXT "owned by ops"'),
    ],
)
def test_another_record_in_the_names_place(
    site: Site, configured: Callable[..., Any], record: tuple[str, str], words: str
) -> None:
    site.put("api", 300, *record)
    [reason] = reasons(configured(DnsPreflightProvider), inputs(site))
    assert reason.startswith(f"hostnames: the DNS name api.lab.test already has other records ({words}) on")
    assert reason.endswith("Remove them or choose another name")


def test_an_address_is_a_warning_at_first(
    site: Site, configured: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    site.put("api", 300, "A", "10.50.0.9")
    provider, wanted = configured(DnsPreflightProvider), inputs(site)
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert reasons(provider, wanted) == []
        assert "the DNS name api.lab.test already has the address 10.50.0.9" in caplog.text
        caplog.clear()
        # Later it is the stack's own.
        assert provider.check({**wanted, "zone": "lab.test"}, wanted).failures == []
        assert caplog.text == ""


def test_zone_that_takes_no_updates(configured: Callable[..., Any], tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        wanted = inputs(site, hostnames=["rancher.frozen.test"])
        [reason] = reasons(configured(DnsPreflightProvider), wanted)
        assert "refuses to update zone frozen.test (REFUSED). Allow key rancher-updates" in reason
        [reason] = reasons(configured(DnsPreflightProvider, dnsTsigName="reader"), inputs(site))
        assert "refuses to update zone lab.test (REFUSED). Allow key reader to update it" in reason


def test_knot_refuses_a_key_that_may_not_update(configured: Callable[..., Any], tmp_path: Path) -> None:
    with sites.knot(tmp_path) as site:
        wanted = inputs(site, hostnames=["rancher.frozen.test"])
        [reason] = reasons(configured(DnsPreflightProvider), wanted)
        assert (
            "(BADKEY): it has no key with this name and algorithm, or does not allow it to update" in reason
        )
        [reason] = reasons(configured(DnsPreflightProvider, dnsTsigName="reader"), inputs(site))
        assert "does not accept TSIG key reader (BADKEY)" in reason


def test_a_key_that_may_update_one_name_only(configured: Callable[..., Any], tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        provider = configured(DnsPreflightProvider)
        assert reasons(provider, inputs(site, hostnames=["rancher.granted.test"])) == []
        [reason] = reasons(provider, inputs(site, hostnames=["api.granted.test"]))
        assert "refuses to update zone granted.test (REFUSED)" in reason


def test_r10_refused_queries_are_reported_as_such(configured: Callable[..., Any], tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        provider, name = configured(DnsPreflightProvider), "rancher.closed.test"
        [reason] = reasons(provider, inputs(site, hostnames=[name]))
        assert f"refuses to answer queries for {name} or any domain above it (REFUSED)" in reason
        assert "Allow key rancher-updates to query the zone" in reason
        assert "authoritative" not in reason
        [reason] = reasons(provider, inputs(site, hostnames=[name], zone="closed.test"))
        assert "refuses to update zone closed.test (REFUSED)" in reason
        assert "allow-query" in reason
        # A zone of another server.
        [reason] = reasons(provider, inputs(site, hostnames=["rancher.example.com"]))
        assert "(REFUSED)" in reason
        assert "or use the primary server of the zone" in reason


def test_nobody_is_asked_when_nothing_changed(
    configured: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    provider, wanted = configured(DnsPreflightProvider), inputs(Site("none", 1))
    assert provider.check(wanted, wanted).failures == []
    assert not provider.diff("", wanted, wanted).changes
    [reason] = reasons(provider, wanted)
    assert "is unreachable (Connection refused)" in reason


def test_r3_a_record_that_a_killed_update_left_is_named_at_the_end(
    site: Site, configured: Callable[..., Any]
) -> None:
    provider, wanted = configured(DnsPreflightProvider), inputs(site)
    known = provider.create(wanted).outs
    provider.delete("preflight", known)
    site.put("rancher", 300, "A", "10.50.0.79")
    with pytest.raises(ProviderError, match=r"rancher\.lab\.test still has the address 10\.50\.0\.79, "):
        provider.delete("preflight", known)
    provider.delete("preflight", {**known, "vacant": ["api.lab.test"]})
