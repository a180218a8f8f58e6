"""Authoritative servers for tests: the lab's own in this process, BIND's ``named``, and Knot DNS."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.query
import dns.tsig
import dns.update
import pytest

from lab.dns.server import DnsServer, listen
from lab.dns.zone import ZoneFile

ADDRESS = "127.86.9.1"
_BIND_ADDRESS = "127.0.0.1"
"""``named`` listens only on addresses that an interface has."""
ZONE = "lab.test"
KEY, SECRET = "rancher-updates", "c2VjcmV0IG9mIHRoZSBsYWIncyB0c2lnIGtleSwgMzI="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQsIGFsc28gb2YgdGhpcnR5LXR3bw=="
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
NAMED, KNOTD = (shutil.which(program, path=_PATH) for program in ("named", "knotd"))
NEGATIVE_SECONDS = 2


def _full(name: str) -> dns.name.Name:
    """A name of the zone, unless it ends with a dot."""
    return dns.name.from_text(name, dns.name.from_text(ZONE))


@dataclass
class Site:
    """A running server of zone ``lab.test``."""

    kind: str
    port: int
    address: str = ADDRESS

    @property
    def server(self) -> str:
        """The value of config ``dnsServer``."""
        return f"{self.address}:{self.port}"

    def put(self, name: str, *record: Any) -> None:
        """Adds a record that is not the stack's, such as ``("www", 300, "A", "10.0.0.1")``."""
        message = dns.update.UpdateMessage(ZONE, keyring=dns.tsig.Key(KEY, SECRET))
        message.add(_full(name), *record)
        self._send(message)

    def drop(self, name: str, *record: Any) -> None:
        """Removes records of a name, or the whole name."""
        message = dns.update.UpdateMessage(ZONE, keyring=dns.tsig.Key(KEY, SECRET))
        message.delete(_full(name), *record)
        self._send(message)

    def records(self, name: str, kind: str = "A") -> list[str]:
        """Records of the answer to a query without a key, as ``TTL TYPE VALUE``."""
        full = _full(name)
        answer = dns.query.tcp(dns.message.make_query(full, kind), self.address, 5, self.port)
        return sorted(
            f"{line.split()[1]} {line.split(' ', 3)[3]}"
            for records in answer.answer
            for line in records.to_text().splitlines()
        )

    def _send(self, message: dns.update.UpdateMessage) -> None:
        answer = dns.query.tcp(message, self.address, 5, self.port)
        assert answer.rcode() == 0, answer


@contextmanager
def lab_server(folder: Path, faults: Callable[[], dict[str, Any]] = lambda: {}) -> Iterator[Site]:
    """The lab's server on a free port."""
    zone = ZoneFile.load(folder / "lab.test.zone", ZONE, ADDRESS)
    server = DnsServer(zone, {KEY: SECRET}, faults)
    loop = asyncio.new_event_loop()
    site, ready, end = Site("lab", 0), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with listen(server, ADDRESS, 0) as site.port:
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def ask(site: Site, name: str) -> None:
    """A client asks, so that a resolver remembers the answer."""
    dns.query.udp(dns.message.make_query(name, "A"), site.address, 5, site.port)


_COMMON = """\
options {{ directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; managed-keys-directory "{folder}"; dnssec-validation no;
  notify no; {options} }};
controls {{ }};
logging {{ channel all {{ stderr; severity info; }}; category default {{ all; }}; }};
"""
_ZONE = """\
key "{key}" {{ algorithm hmac-sha256; secret "{secret}"; }};
key "reader" {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "lab.test" {{ type primary; file "lab.test.db"; allow-update {{ key "{key}"; }}; }};
zone "frozen.test" {{ type primary; file "frozen.test.db"; allow-update {{ none; }}; }};
zone "closed.test" {{ type primary; file "closed.test.db"; allow-update {{ key "{key}"; }};
  allow-query {{ none; }}; }};
zone "granted.test" {{ type primary; file "granted.test.db";
  update-policy {{ grant {key} name rancher.granted.test A; }}; }};
"""
_RECORDS = """\
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 {negative}
@ IN NS ns
ns IN A {address}
away IN NS ns.elsewhere.example.
"""


@contextmanager
def bind(folder: Path) -> Iterator[Site]:
    """BIND as primary server of ``lab.test`` and of zones with restrictions.

    ``frozen.test`` takes no updates, ``closed.test`` no queries, ``granted.test`` updates of one name.
    """
    _write_zones(folder)
    with _named(folder, "recursion no;", _ZONE.format(key=KEY, secret=SECRET)) as site:
        yield site


@contextmanager
def bind_resolver(folder: Path, primary: Site) -> Iterator[Site]:
    """BIND as the caching resolver of clients, which asks ``primary``."""
    forward = f'zone "lab.test" {{ type forward; forward only; forwarders {{ {primary.address} port '
    with _named(folder, "recursion yes;", f"{forward}{primary.port}; }}; }};") as site:
        yield site


_KNOT = """\
server:
    rundir: "{folder}"
    listen: "{address}@{port}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{folder}"
key:
  - id: "{key}"
    algorithm: hmac-sha256
    secret: "{secret}"
  - id: reader
    algorithm: hmac-sha256
    secret: "{secret}"
acl:
  - id: updates
    key: "{key}"
    action: update
template:
  - id: default
    storage: "{folder}"
    file: "%s.db"
zone:
  - domain: lab.test
    acl: updates
  - domain: frozen.test
"""


@contextmanager
def knot(folder: Path) -> Iterator[Site]:
    """Knot DNS as primary server of ``lab.test`` and of ``frozen.test``, which takes no updates."""
    _write_zones(folder)
    site = Site("knot", _free_port(), _BIND_ADDRESS)
    (folder / "knot.conf").write_text(
        _KNOT.format(folder=folder, port=site.port, address=site.address, key=KEY, secret=SECRET)
    )
    with _running(site, folder, KNOTD, "knot", "-c", str(folder / "knot.conf")):
        yield site


@contextmanager
def _named(folder: Path, options: str, rest: str) -> Iterator[Site]:
    site = Site("bind", _free_port(), _BIND_ADDRESS)
    text = _COMMON.format(folder=folder, port=site.port, address=site.address, options=options) + rest
    (folder / "named.conf").write_text(text)
    with _running(site, folder, NAMED, "bind9", "-f", "-n", "1", "-c", str(folder / "named.conf")):
        yield site


@contextmanager
def _running(site: Site, folder: Path, server: str | None, package: str, *arguments: str) -> Iterator[None]:
    """A server program, from when it accepts connections."""
    if server is None:
        reason = f"{site.kind} is not installed (Debian: apt-get install {package})"
        if os.environ.get("REQUIRE_DNS_SERVERS"):  # as in .ci/run
            pytest.fail(reason)
        pytest.skip(reason)
    log_file = folder / f"{site.kind}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen([server, *arguments], stdout=log, stderr=log)
    try:
        while True:
            if process.poll() is not None:
                raise AssertionError(f"{server} ended:\n{log_file.read_text()}")
            with socket.socket() as client:
                if client.connect_ex((site.address, site.port)) == 0:
                    break
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def _write_zones(folder: Path) -> None:
    records = _RECORDS.format(negative=NEGATIVE_SECONDS, address=_BIND_ADDRESS)
    for zone in ("lab.test", "frozen.test", "closed.test", "granted.test"):
        (folder / f"{zone}.db").write_text(f"$ORIGIN {zone}.\n{records}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((_BIND_ADDRESS, 0))
        return int(taken.getsockname()[1])
