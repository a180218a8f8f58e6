"""The lab's DNS server."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from tests.dns import sites
from tests.dns.sites import KEY, OTHER_SECRET, SECRET, ZONE, Site


def signed(zone: str = ZONE, name: str = KEY, secret: str = SECRET) -> dns.update.UpdateMessage:
    message = dns.update.UpdateMessage(zone, keyring=dns.tsig.Key(name, secret))
    message.add("www", 60, "A", "10.0.0.1")
    return message


def code(site: Site, message: dns.message.Message) -> str:
    return dns.rcode.to_text(dns.query.tcp(message, site.address, 5, site.port).rcode())


def test_zone_outlives_the_server(tmp_path: Path) -> None:
    with sites.lab_server(tmp_path) as site:
        serial = site.records("lab.test.", "SOA")
        assert code(site, signed()) == "NOERROR"
    with sites.lab_server(tmp_path) as site:
        assert site.records("www") == ["60 A 10.0.0.1"]
        assert site.records("lab.test.", "SOA") != serial
        assert site.records("ns") == [f"300 A {site.address}"]


def test_who_may_update(site: Site) -> None:
    unsigned = dns.update.UpdateMessage(ZONE)
    unsigned.add("www", 60, "A", "10.0.0.1")
    if site.kind == "knot":
        pytest.skip("Knot DNS refuses with other codes; the lab answers as BIND")
    assert code(site, unsigned) == "REFUSED"
    with pytest.raises(dns.tsig.PeerBadKey):
        code(site, signed(name="nobody"))
    with pytest.raises(dns.tsig.PeerBadSignature):
        code(site, signed(secret=OTHER_SECRET))
    assert code(site, signed(zone="example.com")) == "NOTAUTH"
    assert site.records("www") == []


def test_message_of_another_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    late = signed()
    monkeypatch.setattr("dns.message.time.time", lambda: 1_700_000_000.0)
    wire = late.to_wire()
    monkeypatch.undo()
    with socket.create_connection((site.address, site.port)) as stream:
        stream.sendall(struct.pack("!H", len(wire)) + wire)
        answer = stream.recv(512)[2:]
    with pytest.raises(dns.tsig.PeerBadTime):
        dns.message.from_wire(answer, keyring=late.keyring, request_mac=late.mac)


def test_rules_of_aliases_and_of_the_apex(site: Site) -> None:
    site.put("www", 60, "A", "10.0.0.1")
    site.put("www", 60, "CNAME", "other.lab.test.")
    assert site.records("www", "ANY") == ["60 A 10.0.0.1"]
    site.put("alias", 60, "CNAME", "www.lab.test.")
    site.put("alias", 60, "A", "10.0.0.2")
    assert site.records("alias", "CNAME") == ["60 CNAME www.lab.test."]
    assert site.records("alias") == ["60 A 10.0.0.1", "60 CNAME www.lab.test."]
    site.put("alias", 60, "CNAME", "ns.lab.test.")
    assert site.records("alias", "CNAME") == ["60 CNAME ns.lab.test."]
    site.drop("lab.test.")
    assert site.records("lab.test.", "NS") == ["300 NS ns.lab.test."]


def test_answers(site: Site) -> None:
    site.put("a.b", 60, "A", "10.0.0.1")

    def ask(name: str, kind: str = "A") -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, kind), site.address, 5, site.port)

    assert ask("no.lab.test").rcode() == dns.rcode.NXDOMAIN
    assert ask("no.lab.test").authority[0].name.to_text() == "lab.test."
    assert ask("b.lab.test").rcode() == dns.rcode.NOERROR, "a name below it exists"
    assert ask("a.b.lab.test", "AAAA").rcode() == dns.rcode.NOERROR
    assert ask("www.example.com").rcode() == dns.rcode.REFUSED
    for number in range(60):
        site.put("many", 60, "A", f"10.0.1.{number}")
    full, _ = dns.query.udp_with_fallback(
        dns.message.make_query("many.lab.test", "A"), site.address, 5, site.port
    )
    assert len(full.answer[0]) == 60


def test_faults(tmp_path: Path) -> None:
    faults: Iterator[dict[str, Any]] = iter([{"rcode": "SERVFAIL"}, {"drop": True}])
    with sites.lab_server(tmp_path, lambda: next(faults, {})) as site:
        query = dns.message.make_query("ns.lab.test", "A")
        assert code(site, query) == "SERVFAIL"
        with pytest.raises(dns.exception.Timeout):
            dns.query.udp(query, site.address, 0.2, site.port)
        assert code(site, query) == "NOERROR"
