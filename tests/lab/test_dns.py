"""DNS records through the real engine, on BIND: by updates, by commands, and what goes wrong."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lab import bringup
from lab.layout import Lab
from tests.dns import sites
from tests.dns.sites import KEY, OTHER_SECRET, SECRET, Site
from tests.lab.fake_nsx import free_net
from tests.lab.program import ProgramStack

pytestmark = pytest.mark.lab

# The record and the check before it, put together as the whole program does.
_PROGRAM = """
import pulumi
from components.dns.component import DnsRecord, DnsRecordArgs
from components.dns.modes import dns_mode
from components.preflight import Preflight

given = pulumi.Config().require_object("dns")
name = given.pop("mode")
mode = dns_mode(name, given)
inputs = mode.preflight([given["hostname"]])
access = Preflight("preflight", {"dns": inputs}) if inputs else None
if name != "none":
    record = {key: given[key] for key in ("hostname", "address", "ttl", "resolver", "timeout_minutes")}
    options = pulumi.ResourceOptions(depends_on=[access] if access else [])
    made = DnsRecord("dns", DnsRecordArgs(mode=mode, **record), options)
    pulumi.export("record", made.record)
"""
NAME, VIP, OTHER = "rancher.lab.test", "10.50.0.79", "10.50.0.80"
CHANGE = f"""
import os, sys
import dns.query, dns.tsig, dns.update
message = dns.update.UpdateMessage("lab.test", keyring=dns.tsig.Key("{KEY}", "{SECRET}"))
name = os.environ["DNS_NAME"] + "."
message.delete(name, "A")
if sys.argv[3:] == ["set"]:
    message.add(name, int(os.environ["DNS_TTL"]), "A", os.environ["DNS_ADDRESS"])
sys.exit(dns.query.tcp(message, sys.argv[1], 5, int(sys.argv[2])).rcode())
"""


class Stack(ProgramStack):
    """A stack of a program that has nothing but the record."""

    def configure(self, site: Site, **changes: object) -> None:
        """Set the stack's config."""
        wanted = {"hostname": NAME, "address": VIP, "mode": "rfc2136", "server": site.server, "ttl": 60}
        self.set(dns={**wanted, "resolver": site.server, "timeout_minutes": 1, **changes})

    async def refused(self, *told: str, command: str = "up", **env: str) -> None:
        """One clear error, and nothing is made but the check."""
        output = await self.run(command, *(["--skip-preview"] if command == "up" else []), check=False, **env)
        for text in told:
            assert text in output, output
        assert "Traceback" not in output
        lines = [line for line in output.split("Diagnostics:")[-1].splitlines() if "error:" in line]
        assert len([line for line in lines if "update failed" not in line]) == 1, output
        for secret in (SECRET, OTHER_SECRET):
            assert secret not in output
        assert not [item["urn"] for item in await self.state() if "dns:Re" in item["urn"]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """BIND with the zones ``lab.test`` and ``frozen.test``."""
    folder = tmp_path / "bind"
    folder.mkdir()
    with sites.bind(folder) as running:
        yield running


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    lab = Lab(tmp_path / "lab", free_net())
    bringup.prepare(lab)
    yield await Stack.make(
        lab, tmp_path / "program", _PROGRAM, {"DNS_TSIG_NAME": KEY, "DNS_TSIG_SECRET": SECRET}
    )


async def test_life_of_a_record(site: Site, stack: Stack, tmp_path: Path) -> None:
    stack.configure(site)
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == [f"60 A {VIP}"]
    assert await stack.changes("preview") == {}
    await stack.run("refresh", "--expect-no-changes")
    assert SECRET not in await stack.run("stack", "export", "--show-secrets")

    # Somebody changes it: a refresh shows that, and one record is mended.
    site.drop("rancher", "A")
    site.put("rancher", 60, "A", OTHER)
    shown = await stack.run("refresh", "--skip-preview", "--diff")
    assert OTHER in shown
    assert (await stack.changes("preview"))["dns-record"] == "update"
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == [f"60 A {VIP}"]

    # By the operator's own commands from now on.
    script = tmp_path / "change.py"
    script.write_text(CHANGE)
    command = f"{sys.executable} {script} {site.address} {site.port}"
    commands = {"create_command": f"{command} set", "delete_command": command}
    stack.configure(site, mode="none")
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == []
    stack.configure(site, mode="command", **commands)
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == [f"60 A {VIP}"]
    assert await stack.changes("preview") == {}
    stack.configure(site, mode="command", address=OTHER, **commands)
    assert set((await stack.changes("preview")).values()) == {"update"}
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == [f"60 A {OTHER}"]
    await stack.run("destroy")
    assert site.records("rancher") == []


async def test_bad_input_is_one_clear_error_and_can_be_mended(site: Site, stack: Stack) -> None:
    stack.configure(site)
    await stack.refused("(BADSIG): it has another secret. Check dnsTsigSecret", DNS_TSIG_SECRET=OTHER_SECRET)
    await stack.refused("(BADKEY)", "dnsTsigName", command="preview", DNS_TSIG_NAME="nobody")
    await stack.refused("dnsTsigSecret (environment variable DNS_TSIG_SECRET) is not set", DNS_TSIG_SECRET="")
    stack.configure(site, hostname="rancher.frozen.test")
    await stack.refused(
        "refuses to update zone frozen.test (REFUSED). Allow key rancher-updates to update it"
    )
    stack.configure(site, hostname="rancher.example.com", zone="example.com")
    await stack.refused("refuses to update zone example.com (NOTAUTH)", "primary server")
    stack.configure(site, server="127.0.0.1:1")
    await stack.refused("DNS server 127.0.0.1:1 is unreachable (Connection refused). Check its address")

    stack.configure(site)
    held = f"the DNS name {NAME} already has other records"
    site.put("rancher", 60, "CNAME", "www.lab.test.")
    await stack.refused(f"{held} (CNAME www.lab.test.)", "Remove them", command="preview")
    site.drop("rancher")
    # An address that leads to something else, until the operator says that the name moves.
    site.put("rancher", 60, "A", OTHER)
    await stack.refused(f"the DNS name {NAME} already has the address {OTHER}", "Choose another name")
    assert site.records("rancher") == [f"60 A {OTHER}"]
    stack.configure(site, move_record=True)
    assert f"has the address {OTHER}; `pulumi up` moves it to this stack" in await stack.run("preview")
    await stack.run("up", "--skip-preview")
    assert site.records("rancher") == [f"60 A {VIP}"]


async def test_a_name_that_leads_elsewhere_for_clients_is_told(
    site: Site, stack: Stack, tmp_path: Path
) -> None:
    """Their resolver remembers what was there, for as long as its TTL says; then the same ``up`` goes on."""
    (tmp_path / "resolver").mkdir()
    site.put("rancher", 20, "A", OTHER)
    with sites.bind_resolver(tmp_path / "resolver", site) as resolver:
        sites.ask(resolver, NAME)
        site.drop("rancher")
        stack.configure(site, resolver=resolver.server, timeout_minutes=0.02)
        output = await stack.run("up", "--skip-preview", check=False)
        assert (
            f"{NAME} does not resolve to {VIP}: resolver {resolver.server} returns {OTHER}, and may" in output
        )
        assert "longer than the time allowed" in output
        stack.configure(site, resolver=resolver.server, timeout_minutes=5)
        await stack.run("up", "--skip-preview")
        assert await stack.changes("preview") == {}
