"""An address record by dynamic updates."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.output import Unknown

from components.dns.claim import ClaimProvider
from components.dns.record import RecordProvider
from components.runtime.errors import ProviderError
from tests.dns import sites
from tests.dns.sites import ADDRESS, OTHER_SECRET, SECRET, Site

NAME = "rancher.lab.test"
VIP, OTHER = "10.50.0.79", "10.50.0.80"


@pytest.fixture
def provider(configured: Callable[..., Any]) -> RecordProvider:
    made: RecordProvider = configured(RecordProvider)
    return made


def inputs(site: Site, **changes: Any) -> dict[str, Any]:
    return {"hostname": NAME, "address": VIP, "ttl": 300, "server": site.server, "zone": "", **changes}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ProviderError) as caught:
        call()
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_life_of_a_record(site: Site, provider: RecordProvider) -> None:
    made = provider.create(inputs(site))
    assert made.id == NAME
    assert site.records("rancher") == ["300 A 10.50.0.79"]
    olds = made.outs or {}
    moved = provider.update(NAME, olds, inputs(site, address=OTHER, ttl=60)).outs or {}
    assert site.records("rancher") == ["60 A 10.50.0.80"]
    assert provider.read(NAME, moved).outs == moved
    provider.delete(NAME, moved)
    assert site.records("rancher") == []
    assert provider.read(NAME, moved).id == ""
    provider.delete(NAME, moved)


def test_given_zone(site: Site, provider: RecordProvider) -> None:
    provider.create(inputs(site, zone="lab.test", hostname="deep.down.lab.test"))
    assert site.records("deep.down") == ["300 A 10.50.0.79"]


def test_the_same_record_is_taken_over(site: Site, provider: RecordProvider) -> None:
    site.put("rancher", 60, "A", VIP)
    provider.create(inputs(site))
    provider.create(inputs(site))
    assert site.records("rancher") == ["300 A 10.50.0.79"]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([(300, "A", OTHER)], "A 10.50.0.80"),
        ([(300, "A", VIP), (300, "A", OTHER)], "A 10.50.0.79, 10.50.0.80"),
        ([(300, "CNAME", "www.example.com.")], "CNAME www.example.com."),
        ([(300, "AAAA", "fd00::1")], "AAAA fd00::1"),
        ([(300, "A", VIP), (300, "AAAA", "fd00::1")], "AAAA fd00::1"),
        ([(300, "TXT", '"owned by ops"')], 'TXT "owned by ops"'),
    ],
)
def test_name_held_by_another_record(
    site: Site, provider: RecordProvider, records: list[tuple[Any, ...]], words: str
) -> None:
    for record in records:
        site.put("rancher", *record)
    before = site.records("rancher", "ANY")
    text = refusal(lambda: provider.create(inputs(site)))
    assert f"DNS name {NAME} already has other records" in text
    assert words in text
    assert "Remove them or choose another name" in text
    assert site.records("rancher", "ANY") == before


def test_change_by_others_is_found_by_a_refresh_and_reverted(site: Site, provider: RecordProvider) -> None:
    olds = provider.create(inputs(site)).outs or {}
    site.drop("rancher", "A")
    site.put("rancher", 60, "A", OTHER)
    site.put("rancher", 60, "A", "10.50.0.9")
    text = refusal(lambda: provider.update(NAME, olds, inputs(site, ttl=120)))
    assert "run `pulumi refresh` first" in text
    live = provider.read(NAME, olds)
    assert live.outs is not None
    assert (live.outs["address"], live.outs["ttl"]) == ("10.50.0.80, 10.50.0.9", 60)
    assert live.inputs == live.outs
    assert provider.diff(NAME, live.outs, inputs(site)).changes
    provider.update(NAME, live.outs, inputs(site))
    assert site.records("rancher") == ["300 A 10.50.0.79"]


def test_an_alias_in_its_place_is_not_the_stacks_record(site: Site, provider: RecordProvider) -> None:
    olds = provider.create(inputs(site)).outs or {}
    site.drop("rancher")
    site.put("rancher", 60, "CNAME", "ns.lab.test.")
    assert provider.read(NAME, olds).id == ""


def test_a_wildcard_does_not_hold_the_name(provider: RecordProvider, tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        site.put("*", 60, "A", OTHER)
        olds = provider.create(inputs(site)).outs or {}
        assert site.records("rancher") == ["300 A 10.50.0.79"]
        site.drop("rancher")
        live = provider.read(NAME, olds).outs or {}
        provider.update(NAME, live, inputs(site))
        assert site.records("rancher") == ["300 A 10.50.0.79"]


def test_deletion_leaves_what_is_not_ours(site: Site, provider: RecordProvider) -> None:
    olds = provider.create(inputs(site)).outs or {}
    site.put("rancher", 300, "A", OTHER)
    site.put("rancher", 300, "TXT", '"note"')
    provider.delete(NAME, olds)
    assert site.records("rancher") == ["300 A 10.50.0.80"]
    assert site.records("rancher", "TXT") == ['300 TXT "note"']


def test_a_record_that_a_killed_update_made_goes_with_its_claim(
    site: Site, provider: RecordProvider, configured: Callable[..., Any]
) -> None:
    claims = configured(ClaimProvider)
    given = inputs(site)
    claim = claims.create({name: given[name] for name in ("hostname", "address", "server", "zone")})
    assert site.records("rancher") == []
    provider.create(given)  # and its process is killed before the engine knows
    claims.delete(claim.id, claim.outs)
    assert site.records("rancher") == []
    claims.delete(claim.id, claim.outs)

    site.put("rancher", 300, "A", OTHER)
    claims.delete(claim.id, claim.outs)
    assert site.records("rancher") == [f"300 A {OTHER}"], "somebody else's"


def test_wrong_secret(site: Site, configured: Callable[..., Any]) -> None:
    provider = configured(RecordProvider, dnsTsigSecret=OTHER_SECRET)
    text = refusal(lambda: provider.create(inputs(site)))
    assert "does not accept TSIG key rancher-updates (BADSIG)" in text
    assert text.endswith("Check dnsTsigSecret (environment variable DNS_TSIG_SECRET)")
    assert OTHER_SECRET not in text


@pytest.mark.parametrize("config", [{"dnsTsigName": "nobody"}, {"dnsTsigAlgorithm": "hmac-sha512"}])
def test_wrong_key_name_or_algorithm(
    site: Site, configured: Callable[..., Any], config: dict[str, str]
) -> None:
    provider = configured(RecordProvider, **config)
    text = refusal(lambda: provider.create(inputs(site)))
    assert "(BADKEY): it has no key with this name and algorithm, or does not allow it" in text
    assert "Check dnsTsigName (" in text


def test_clocks_that_differ(site: Site, provider: RecordProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    if site.kind == "lab":
        pytest.skip("client and server share this process's clock")
    monkeypatch.setattr("dns.message.time.time", lambda: 1_700_000_000.0)
    assert "(BADTIME): its clock and this machine's differ" in refusal(lambda: provider.create(inputs(site)))


def test_zone_that_is_not_the_servers(site: Site, provider: RecordProvider) -> None:
    text = refusal(lambda: provider.create(inputs(site, zone="example.com", hostname="r.example.com")))
    assert "refuses to update zone example.com (NOTAUTH)" in text
    assert "use the zone's primary server" in text
    text = refusal(lambda: provider.create(inputs(site, hostname="r.example.com")))
    assert "refuses to answer queries for r.example.com or any domain above it (REFUSED)" in text


def test_name_outside_of_the_zone(site: Site, provider: RecordProvider) -> None:
    text = refusal(lambda: provider.create(inputs(site, zone="lab.test", hostname="r.example.com")))
    assert "(NOTZONE). The name is not in the zone: set the zone that holds it" in text


def test_zone_that_refuses(provider: RecordProvider, tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        text = refusal(lambda: provider.create(inputs(site, hostname="r.frozen.test")))
        assert "refuses to update zone frozen.test (REFUSED). Allow key rancher-updates" in text
        text = refusal(lambda: provider.create(inputs(site, hostname="r.away.lab.test")))
        assert "has delegated away.lab.test to ns.elsewhere.example" in text


def test_unreachable_server(
    provider: RecordProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    nowhere = inputs(Site("none", 1))
    text = refusal(lambda: provider.create(nowhere))
    assert f"DNS server {ADDRESS}:1 is unreachable (Connection refused)" in text
    assert "can connect to its TCP port 1, then run the command again" in text
    unknown_host = refusal(lambda: provider.create({**nowhere, "server": "ns.invalid"}))
    assert unknown_host.startswith("DNS server ns.invalid is unreachable (")
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert provider.read(NAME, nowhere).outs == nowhere
    assert f"the DNS record of {NAME} is not checked" in caplog.text


def test_interruptions_are_survived(
    provider: RecordProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    faults = iter([{"rcode": "SERVFAIL"}, {}, {"rcode": "SERVFAIL"}])
    with sites.lab_server(tmp_path, lambda: next(faults, {})) as site:
        provider.create(inputs(site))
        assert site.records("rancher") == ["300 A 10.50.0.79"]


def test_no_key(site: Site, configured: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    provider = configured(RecordProvider, dnsTsigSecret="")
    text = refusal(lambda: provider.create(inputs(site)))
    assert text.startswith(
        "no credentials for DNS updates: dnsTsigSecret (environment variable DNS_TSIG_SECRET)"
    )
    monkeypatch.setenv("DNS_TSIG_SECRET", SECRET)
    provider.create(inputs(site))
    monkeypatch.setenv("DNS_TSIG_SECRET", "no base64!")
    assert "dnsTsigSecret (environment variable DNS_TSIG_SECRET): is not base64" in refusal(
        lambda: provider.create(inputs(site))
    )


def test_differences() -> None:
    olds = inputs(Site("none", 1))

    def diff(**news: Any) -> tuple[bool | None, list[str] | None]:
        found = RecordProvider().diff(NAME, olds, {**olds, **news})
        return found.changes, found.replaces

    assert diff(ttl=300.0) == (False, [])
    assert diff(ttl=60) == (True, [])
    assert diff(address=Unknown()) == (True, [])  # type: ignore[no-untyped-call]
    assert diff(hostname="other.lab.test") == (True, ["hostname"])


def test_only_an_ipv4_address_will_do() -> None:
    good = inputs(Site("none", 1))
    assert not RecordProvider().check({}, good).failures
    unknown = Unknown()  # type: ignore[no-untyped-call]
    assert not RecordProvider().check({}, {**good, "address": unknown}).failures
    [failure] = RecordProvider().check({}, {**good, "address": "fd00::1"}).failures
    assert failure.reason == f"address: 'fd00::1' is not an IPv4 address; {NAME} needs one"


def test_an_address_of_somebody_else_is_moved_only_when_asked(
    site: Site, configured: Callable[..., Any]
) -> None:
    site.put("rancher", 60, "A", "10.50.0.9", "10.50.0.10")
    provider = configured(RecordProvider)
    with pytest.raises(ProviderError, match="already has other records"):
        provider.create(inputs(site))
    assert provider.create(inputs(site, move=True)).id == NAME
    assert site.records("rancher") == [f"300 A {VIP}"]
    site.put("rancher", 60, "TXT", '"ops"')
    provider.update(NAME, inputs(site, move=True), inputs(site, move=True, address="10.50.0.11"))
