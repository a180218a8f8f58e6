"""What the DNS server would refuse is reported before anything is created."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.preflight import PreflightProvider
from components.runtime.errors import ProviderError
from tests.dns import sites
from tests.dns.sites import KEY, OTHER_SECRET, SECRET, Site
from tests.preflight import configured, found

NAMES = ["rancher.lab.test", "api.lab.test"]


def inputs(site: Site, **changes: Any) -> dict[str, Any]:
    return {"hostnames": NAMES, "server": site.server, "zone": "", "move": False, **changes}


@pytest.fixture(autouse=True)
def _no_environment(configured: Callable[..., Any]) -> None:
    """The key comes from the config alone."""


def reasons(wanted: dict[str, Any], before: dict[str, Any] | None = None, **config: Any) -> list[str]:
    return found("dns", wanted, before, **{"dnsTsigName": KEY, "dnsTsigSecret": SECRET, **config})


def test_good_server(site: Site) -> None:
    site.put("rancher", 300, "A", "10.50.0.79")
    before = site.records("lab.test.", "SOA")
    assert reasons(inputs(site, move=True)) == []
    assert created(site)["vacant"] == {"dns": ["api.lab.test"]}
    assert before == site.records("lab.test.", "SOA")


def test_wrong_secret(site: Site) -> None:
    [reason] = reasons(inputs(site), dnsTsigSecret=OTHER_SECRET)
    assert "(BADSIG)" in reason


def test_zone_that_is_not_the_servers(site: Site) -> None:
    [reason] = reasons(inputs(site, zone="example.com"))
    assert "refuses to update zone example.com (NOTAUTH)" in reason


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (("CNAME", "www.example.com."), "CNAME www.example.com."),
        (("AAAA", "fd00::1"), "AAAA fd00::1"),
        (("TXT", '"owned by ops"'), 'TXT "owned by ops"'),
    ],
)
def test_another_record_in_the_names_place(site: Site, record: tuple[str, str], words: str) -> None:
    site.put("api", 300, *record)
    [reason] = reasons(inputs(site))
    assert reason.startswith(f"hostnames: the DNS name api.lab.test already has other records ({words}) on")
    assert reason.endswith("Remove them or choose another name")


def test_an_address_of_somebody_else_is_refused_at_first(site: Site) -> None:
    site.put("api", 300, "A", "10.50.0.9")
    wanted = inputs(site)
    [reason] = reasons(wanted)
    assert reason.startswith("move: the DNS name api.lab.test already has the address 10.50.0.9 on")
    assert reason.endswith("Choose another name, or set this to true to move the name to this stack")
    # Later it is the stack's own.
    assert reasons({**wanted, "zone": "lab.test"}, wanted) == []


def test_who_moves_an_address_is_warned(site: Site) -> None:
    site.put("api", 300, "A", "10.50.0.9")
    wanted = inputs(site, move=True)
    assert reasons(wanted) == []
    [warning] = reasons(wanted, severity="warning")
    assert "the DNS name api.lab.test has the address 10.50.0.9" in warning
    assert warning.endswith("`pulumi up` moves it to this stack")


def test_zone_that_takes_no_updates(tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        wanted = inputs(site, hostnames=["rancher.frozen.test"])
        [reason] = reasons(wanted)
        assert "refuses to update zone frozen.test (REFUSED). Allow key rancher-updates" in reason
        [reason] = reasons(inputs(site), dnsTsigName="reader")
        assert "refuses to update zone lab.test (REFUSED). Allow key reader to update it" in reason


def test_knot_refuses_a_key_that_may_not_update(tmp_path: Path) -> None:
    with sites.knot(tmp_path) as site:
        wanted = inputs(site, hostnames=["rancher.frozen.test"])
        [reason] = reasons(wanted)
        assert (
            "(BADKEY): it has no key with this name and algorithm, or does not allow it to update" in reason
        )
        [reason] = reasons(inputs(site), dnsTsigName="reader")
        assert "does not accept TSIG key reader (BADKEY)" in reason


def test_a_key_that_may_update_one_name_only(tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        assert reasons(inputs(site, hostnames=["rancher.granted.test"])) == []
        [reason] = reasons(inputs(site, hostnames=["api.granted.test"]))
        assert "refuses to update zone granted.test (REFUSED)" in reason


def test_r10_refused_queries_are_reported_as_such(tmp_path: Path) -> None:
    with sites.bind(tmp_path) as site:
        name = "rancher.closed.test"
        [reason] = reasons(inputs(site, hostnames=[name]))
        assert f"refuses to answer queries for {name} or any domain above it (REFUSED)" in reason
        assert "Allow key rancher-updates to query the zone" in reason
        assert "authoritative" not in reason
        [reason] = reasons(inputs(site, hostnames=[name], zone="closed.test"))
        assert "refuses to update zone closed.test (REFUSED)" in reason
        assert "allow-query" in reason
        # A zone of another server.
        [reason] = reasons(inputs(site, hostnames=["rancher.example.com"]))
        assert "(REFUSED)" in reason
        assert "or use the primary server of the zone" in reason


def test_nobody_is_asked_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    wanted = inputs(Site("none", 1))
    assert reasons(wanted, wanted) == []
    [reason] = reasons(wanted)
    assert "is unreachable (Connection refused)" in reason


def provider() -> PreflightProvider:
    return configured(dnsTsigName=KEY, dnsTsigSecret=SECRET)


def created(site: Site) -> dict[str, Any]:
    return provider().create({"dns": inputs(site)}).outs or {}


def test_r3_a_record_that_a_killed_update_left_is_named_at_the_end(site: Site) -> None:
    known = created(site)
    provider().delete("preflight", known)
    site.put("rancher", 300, "A", "10.50.0.79")
    with pytest.raises(ProviderError, match=r"rancher\.lab\.test still has the address 10\.50\.0\.79, "):
        provider().delete("preflight", known)
    provider().delete("preflight", {**known, "vacant": {"dns": ["api.lab.test"]}})
