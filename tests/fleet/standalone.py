"""A fleet whose server's stack exports what one on a default block would; no Rancher is asked."""

from __future__ import annotations

from typing import Any

import pytest

from bench.standalone import Standalone

DEFAULT_BLOCK = {
    "figures": {
        "network": {"blocks": [{"cidr": "172.16.0.0/16"}], "subnetPrefix": 24},
        "demands": [{"rancherVersion": "2.8", "importedClusters": 0, "users": 1}],
    }
}
"""A default block with nothing else on it, Rancher 2.8, one user."""
OUTPUTS: dict[str, Any] = {
    "clusterUuid": "00000000-0000-4000-8000-000000000000",
    "caBundle": "the CA",
    "vip": "10.50.0.79",
    "rancherUrl": "https://rancher.example.com",
    "rancherToken": "token-abcde:the-secret-of-the-token",
    "podNetwork": DEFAULT_BLOCK,
}


def sites(count: int) -> list[dict[str, Any]]:
    return [{"name": f"site-{number:03}", "registrationOnly": True} for number in range(count)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Standalone:
    made = Standalone(tmp_path_factory.mktemp("standalone"))
    made.serve(**OUTPUTS)
    return made
