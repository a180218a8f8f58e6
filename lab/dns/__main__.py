"""``python -m lab.dns``: serves the zone ``lab.test`` with dynamic updates until SIGTERM.

It listens on ``127.N.0.7`` port 5353 (53 is privileged), UDP and TCP. Its TSIG key is ``dns`` in
``credentials.json`` (``key`` and ``secret``, hmac-sha256). The zone file is ``dns/lab.test.zone``.
"""

from __future__ import annotations

import asyncio
import json
import logging

from lab.daemon import run
from lab.dns.server import DnsServer, listen
from lab.dns.zone import ZoneFile
from lab.faults import fault
from lab.layout import Lab

PORT = 5353
ZONE = "lab.test"


async def serve(lab: Lab) -> None:
    """Serves until cancelled."""
    credentials = json.loads(lab.credentials.read_text())["dns"]
    address = lab.address(0, 7)
    zone = ZoneFile.load(lab.path("dns", f"{ZONE}.zone"), ZONE, address)
    server = DnsServer(zone, {credentials["key"]: credentials["secret"]}, lambda: fault(lab, "dns"))
    async with listen(server, address, PORT):
        logging.info("zone %s at %s:%d", ZONE, address, PORT)
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(run(serve(Lab.from_environment())))
