"""``python -m lab.edge --uuid UUID --address IP``: data plane of one cluster.

``LAB_KUBECONFIG`` names the kubeconfig.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from pathlib import Path

from lab.daemon import run
from lab.edge.server import Edge
from lab.layout import Lab
from lab.rancher import PORT


def main() -> None:
    """Run until stopped."""
    parser = argparse.ArgumentParser(prog="python -m lab.edge", description=__doc__)
    parser.add_argument("--uuid", required=True, help="the cluster's UUID")
    parser.add_argument("--address", required=True, help="the cluster's internal address, where Rancher is")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.info("data plane of cluster %s", arguments.uuid)
    rancher = f"http://{arguments.address}:{PORT}"
    edge = Edge(Path(os.environ["LAB_KUBECONFIG"]), Lab.from_environment().floating_ips, rancher)
    asyncio.run(run(edge.run()))


if __name__ == "__main__":
    main()
