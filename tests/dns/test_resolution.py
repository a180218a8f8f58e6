"""A name as clients see it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.dns.resolution import ResolutionProvider
from components.runtime.errors import ProviderError
from tests.dns import sites
from tests.dns.sites import NEGATIVE_SECONDS, Site

NAME, VIP, OTHER = "rancher.lab.test", "10.50.0.79", "10.50.0.80"


def inputs(resolver: Site, minutes: float = 1, **changes: Any) -> dict[str, Any]:
    return {
        "hostname": NAME,
        "address": VIP,
        "resolver": resolver.server,
        "timeout_minutes": minutes,
        "triggers": [],
        **changes,
    }


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "primary").mkdir()
    with sites.bind(tmp_path / "primary") as site:
        yield site


@pytest.fixture
def resolver(primary: Site, tmp_path: Path) -> Iterator[Site]:
    """What clients ask: a cache in front of the primary server."""
    (tmp_path / "resolver").mkdir()
    with sites.bind_resolver(tmp_path / "resolver", primary) as site:
        yield site


def test_resolves_at_once(primary: Site, resolver: Site) -> None:
    primary.put("rancher", 300, "A", VIP)
    assert ResolutionProvider().create(inputs(resolver)).id == NAME


def test_waits_until_the_missing_name_is_forgotten(primary: Site, resolver: Site) -> None:
    sites.ask(resolver, NAME)
    primary.put("rancher", 300, "A", VIP)
    with pytest.raises(ProviderError, match=r"does not know it, and may cache that for [12] s more, long"):
        ResolutionProvider().create(inputs(resolver, minutes=0.001))
    ResolutionProvider().create(inputs(resolver, minutes=NEGATIVE_SECONDS))


def test_waits_until_the_old_address_is_forgotten(primary: Site, resolver: Site) -> None:
    primary.put("rancher", 2, "A", OTHER)
    sites.ask(resolver, NAME)
    primary.drop("rancher", "A", OTHER)
    primary.put("rancher", 300, "A", VIP)
    ResolutionProvider().update(NAME, {}, inputs(resolver))


def test_does_not_wait_in_vain(primary: Site, resolver: Site) -> None:
    primary.put("rancher", 86400, "A", OTHER)
    sites.ask(resolver, NAME)
    with pytest.raises(ProviderError) as caught:
        ResolutionProvider().create(inputs(resolver))
    text = str(caught.value)
    assert (
        f"{NAME} does not resolve to {VIP}: resolver {resolver.server} returns {OTHER}, and may cache" in text
    )
    assert "s more, longer than the time allowed. Run `pulumi up` again when" in text


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], r"does not know it \(TTL 5 s\)"),
        ([("A", OTHER)], r"returns 10\.50\.0\.80 \(TTL 300 s\)"),
        ([("A", VIP), ("A", OTHER)], r"returns 10\.50\.0\.79, 10\.50\.0\.80 \(TTL 300 s\)"),
        ([("AAAA", "fd00::1")], r"knows no address of it \(TTL 5 s\)"),
    ],
)
def test_why_it_does_not_resolve(tmp_path: Path, records: list[tuple[str, str]], words: str) -> None:
    with sites.lab_server(tmp_path) as site:
        for kind, value in records:
            site.put("rancher", 300, kind, value)
        with pytest.raises(
            ProviderError, match=f"not done after .* last state: resolver .* {words}. Run `pul"
        ):
            ResolutionProvider().create(inputs(site, minutes=0.001))


def test_aliases_are_followed(tmp_path: Path) -> None:
    with sites.lab_server(tmp_path) as site:
        site.put("rancher", 300, "CNAME", "vip.lab.test.")
        site.put("vip", 300, "A", VIP)
        ResolutionProvider().create(inputs(site))


def test_resolver_that_does_not_answer() -> None:
    nowhere = Site("none", 1)
    with pytest.raises(ProviderError, match=f"resolver {nowhere.server} gives no answer for {NAME}"):
        ResolutionProvider().create(inputs(nowhere, minutes=0.001))


def test_refresh_finds_a_name_that_leads_elsewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    provider = ResolutionProvider()
    with sites.lab_server(tmp_path) as site:
        known = inputs(site)
        assert provider.read(NAME, known).id == ""
        site.put("rancher", 300, "A", VIP)
        assert provider.read(NAME, known).id == NAME
        site.put("rancher", 300, "A", OTHER)
        assert provider.read(NAME, known).id == ""
    with caplog.at_level(logging.WARNING, "rancher-on-pks"):
        assert provider.read(NAME, known).id == NAME
    assert f"whether {NAME} resolves is unknown" in caplog.text


def test_asked_again_only_when_it_may_have_changed() -> None:
    olds = inputs(Site("none", 1))
    assert not ResolutionProvider().diff(NAME, olds, {**olds, "timeout_minutes": 5}).changes
    for name, value in {"address": OTHER, "resolver": "10.0.0.2", "triggers": ["id"]}.items():
        assert ResolutionProvider().diff(NAME, olds, {**olds, name: value}).changes
