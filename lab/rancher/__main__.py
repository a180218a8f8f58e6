"""``python -m lab.rancher --uuid UUID --address IP``: simulated Rancher of one cluster.

``LAB_KUBECONFIG`` names the kubeconfig.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from pathlib import Path

from lab.daemon import run
from lab.rancher import PORT
from lab.rancher.simulator import Rancher


def main() -> None:
    """Run until stopped."""
    parser = argparse.ArgumentParser(prog="python -m lab.rancher", description=__doc__)
    parser.add_argument("--uuid", required=True, help="the cluster's UUID")
    parser.add_argument("--address", required=True, help="the cluster's internal address, to listen on")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    kubeconfig = Path(os.environ["LAB_KUBECONFIG"])
    rancher = Rancher(kubeconfig, (arguments.address, PORT), seed=arguments.uuid)
    asyncio.run(run(rancher.run()))


if __name__ == "__main__":
    main()
