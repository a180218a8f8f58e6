"""Cost of a site: previews, updates and refreshes of fleets, compared with plain HTTP calls in sequence.

Part of ``make bench``; alone: ``python -m bench.fleet``. Rancher is the lab's simulator, over TLS, with
delays that were measured on a real one (a cluster's registration token takes about 0.4 s); no lab is needed.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from aiohttp import web

from lab import pki
from lab.layout import Lab
from lab.rancher.context import Context
from lab.rancher.first_start import begin
from lab.rancher.server import application
from lab.rancher.state import State
from lab.standalone import Standalone

SIZES = (10, 100, 300)
_HOST = "rancher.lab.test"
_PASSWORD = "the first password"  # noqa: S105 - of a simulator that lives for minutes
_BLOCK = {"network": {"blocks": ["10.0.0.0/9"]}, "demands": [{"rancherVersion": "2.15"}]}


def main() -> int:
    """Print one row a size."""
    os.environ.setdefault("LAB_NET", "79")
    titles = ("preview", "up", "refresh", "one GET", "registration")
    print(f"{'ms a site':<10}{titles[0]:>9}{titles[1]:>9}{titles[2]:>9}   by plain calls:", end="")
    print(f"{titles[3]:>9}{titles[4]:>14}")
    for sites in SIZES:
        with (
            tempfile.TemporaryDirectory(prefix="lab-bench-fleet-") as directory,
            _rancher(directory) as rancher,
        ):
            preview, up, refresh = _fleet(Path(directory), rancher, sites)
            registration, get = _plain(rancher, sites)
        cells = [1000 * seconds / sites for seconds in (preview, up, refresh, get, registration)]
        print(f"{sites:<10}{cells[0]:>9.1f}{cells[1]:>9.1f}{cells[2]:>9.1f}", end="")
        print(f"{'':<18}{cells[3]:>9.1f}{cells[4]:>14.1f}", flush=True)
    return 0


class _Rancher:
    """The simulator, and an administrator of it."""

    def __init__(self, ca: Path, address: str, port: int) -> None:
        self.ca, self.address, self.port = ca, address, port
        context = ssl.create_default_context(cafile=str(ca))
        self.client = httpx.Client(base_url=f"https://{address}:{port}", verify=context, timeout=60)
        self.headers = {"Host": f"{_HOST}:{port}"}
        login = "/v3-public/localProviders/local?action=login"
        token = self.call("POST", login, {"username": "admin", "password": _PASSWORD}).json()["token"]
        self.token = str(token)
        self.headers["Authorization"] = f"Bearer {token}"
        url = {"name": "server-url", "value": f"https://{_HOST}:{port}"}
        self.call("PUT", "/v3/settings/server-url", url)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One plain request."""
        extensions = {"sni_hostname": _HOST}
        return self.client.request(method, path, json=body, headers=self.headers, extensions=extensions)


@contextmanager
def _rancher(directory: str) -> Iterator[_Rancher]:
    lab = Lab(Path(directory) / "lab", int(os.environ["LAB_NET"]))
    pki.ensure_ca(lab)
    certificate, key = pki.server_certificate(lab, "rancher", dns=[_HOST])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    context = Context(
        State(), lambda: "v2.15.0", path=None, seed="bench", ca=lab.ca_certificate.read_text, namespaces=_none
    )
    begin(context, _PASSWORD)
    loop, address = asyncio.new_event_loop(), lab.address(0, 2)
    runner = web.AppRunner(application(context), shutdown_timeout=0.1)
    listener = socket.create_server((address, 0))
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.SockSite(runner, listener, ssl_context=tls).start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield _Rancher(lab.ca_certificate, address, listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())


async def _none() -> list[str]:
    return []


def _fleet(root: Path, rancher: _Rancher, sites: int) -> tuple[float, float, float]:
    """Seconds of a preview without changes, of the update that registers the sites, and of a refresh."""
    fleet = Standalone(root)
    fleet.serve(
        clusterUuid="bench",
        caBundle=rancher.ca.read_text(),
        vip=rancher.address,
        rancherUrl=f"https://{_HOST}:{rancher.port}",
        rancherToken=rancher.token,
        podNetwork={"figures": _BLOCK},
    )
    names = [f"site-{number:04}" for number in range(sites)]
    labels = {"region": "emea", "owner": "edge"}
    fleet.sites([])
    base = _timed(lambda: fleet.pulumi("up", "--yes", "--skip-preview"))  # cost of an empty fleet
    idle = min(_timed(lambda: fleet.pulumi("preview", "--expect-no-changes")) for _ in range(2))
    still = min(_timed(lambda: fleet.pulumi("refresh", "--yes", "--skip-preview")) for _ in range(2))
    fleet.sites([{"name": name, "registrationOnly": True, "labels": labels} for name in names])
    up = _timed(lambda: fleet.pulumi("up", "--yes", "--skip-preview"))
    preview = min(_timed(lambda: fleet.pulumi("preview", "--expect-no-changes")) for _ in range(2))
    refresh = min(_timed(lambda: fleet.pulumi("refresh", "--yes", "--skip-preview")) for _ in range(2))
    return preview - idle, up - base, refresh - still


def _plain(rancher: _Rancher, sites: int) -> tuple[float, float]:
    """Seconds to register as many sites with plain calls, and to GET each, one after the other."""
    ids: list[str] = []

    def register() -> None:
        for number in range(sites):
            made = rancher.call("POST", "/v3/clusters", {"type": "cluster", "name": f"plain-{number}"}).json()
            ids.append(made["id"])
            body = {"type": "clusterRegistrationToken", "clusterId": made["id"]}
            while (token := rancher.call("POST", "/v3/clusterregistrationtokens", body)).status_code == 404:
                time.sleep(0.1)
            path = f"/v3/clusterregistrationtokens/{token.json()['id']}"
            while not rancher.call("GET", path).json().get("command"):
                time.sleep(0.1)

    def get() -> None:
        for cluster_id in ids:
            rancher.call("GET", f"/v3/clusters/{cluster_id}").raise_for_status()

    return _timed(register), _timed(get)


def _timed(run: Callable[[], object]) -> float:
    start = time.monotonic()
    run()
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
