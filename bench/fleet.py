"""Cost per site: previews, updates and refreshes of fleets, compared with sequential HTTP calls.

Part of ``make bench``; run it alone with ``python -m bench.fleet``. Rancher is the lab's simulator, over TLS,
with delays measured on a real server (a cluster's registration token takes about 0.4 s). No lab is needed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.standalone import Standalone, StandaloneRancher, running_rancher

SIZES = (10, 100, 300)


def main() -> int:
    """Prints one row per size."""
    os.environ.setdefault("LAB_NET", "79")
    titles = ("preview", "up", "refresh", "one GET", "registration")
    print(f"{'ms per site':<10}{titles[0]:>9}{titles[1]:>9}{titles[2]:>9}   with HTTP calls:", end="")
    print(f"{titles[3]:>9}{titles[4]:>14}")
    for sites in SIZES:
        with (
            tempfile.TemporaryDirectory(prefix="lab-bench-fleet-") as directory,
            running_rancher(Path(directory)) as rancher,
        ):
            preview, up, refresh = _fleet(Path(directory), rancher, sites)
            registration, get = _plain(rancher, sites)
        cells = [1000 * seconds / sites for seconds in (preview, up, refresh, get, registration)]
        print(f"{sites:<10}{cells[0]:>9.1f}{cells[1]:>9.1f}{cells[2]:>9.1f}", end="")
        print(f"{'':<18}{cells[3]:>9.1f}{cells[4]:>14.1f}", flush=True)
    return 0


def _fleet(root: Path, rancher: StandaloneRancher, sites: int) -> tuple[float, float, float]:
    """Returns the seconds of a no-change preview, of the update that registers the sites, and a refresh."""
    fleet = Standalone(root)
    fleet.serve(**rancher.outputs())
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


def _plain(rancher: StandaloneRancher, sites: int) -> tuple[float, float]:
    """Returns the seconds to register that many sites, and to GET each, with sequential HTTP calls."""
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
