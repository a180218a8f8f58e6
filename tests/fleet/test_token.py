"""A renewed token and removed sites in one update, through the real engine, against Rancher's simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.standalone import STACK, Standalone, StandaloneRancher, running_rancher

pytestmark = pytest.mark.lab

OLD_TOKEN = "Run `pulumi up` in the server's stack and then in this one"


@dataclass
class Pair:
    """A fleet and its server."""

    fleet: Standalone
    rancher: StandaloneRancher

    def sites(self, *names: str) -> None:
        self.fleet.sites([{"name": name, "registrationOnly": True} for name in names])

    def renew(self) -> None:
        """The server's stack renews its token."""
        self.rancher.renew_token()
        self.fleet.serve(**self.rancher.outputs())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with running_rancher(tmp_path) as rancher:
        made = Pair(Standalone(tmp_path / "fleet"), rancher)
        made.fleet.serve(**rancher.outputs())
        made.sites("berlin", "paris", "oslo")
        made.fleet.pulumi("up", "--yes", "--skip-preview")
        yield made


def test_sites_are_removed_with_the_token_that_is_valid_now(pair: Pair) -> None:
    pair.renew()
    assert OLD_TOKEN in pair.fleet.pulumi("refresh", "--yes", expect=None)
    pair.sites("berlin")
    output = pair.fleet.pulumi("up", "--yes")
    assert "2 deleted" in output
    assert "replaced" not in output.split("Resources:")[-1]
    assert pair.rancher.clusters() == {"berlin"}
    pair.fleet.pulumi("preview", "--expect-no-changes")

    pair.renew()
    assert OLD_TOKEN in pair.fleet.pulumi("destroy", "--yes", expect=None)
    pair.fleet.pulumi("up", "--yes", "--skip-preview")
    pair.fleet.pulumi("destroy", "--yes", "--skip-preview")
    assert pair.rancher.clusters() == set()


def test_a_removal_after_a_failed_update_uses_the_present_token(pair: Pair) -> None:
    """The connection is updated already, so that the next run neither creates nor updates it."""
    pair.renew()
    kind = "rancher-on-pks:fleet:Fleet$pulumi-python:dynamic/fleet:RancherConnection"
    urn = f"urn:pulumi:{STACK}::rancher-fleet::{kind}::fleet-rancher"
    pair.fleet.pulumi("up", "--yes", "--skip-preview", "--target", urn)
    pair.sites("berlin")
    assert "2 deleted" in pair.fleet.pulumi("up", "--yes", "--skip-preview")
    assert pair.rancher.clusters() == {"berlin"}


def test_sites_are_registered_in_the_server_that_replaces_another(pair: Pair) -> None:
    pair.fleet.serve(**pair.rancher.outputs(clusterUuid="another"))
    output = pair.fleet.pulumi("up", "--yes", "--skip-preview")
    assert "3 replaced" in output
    assert "its Rancher server was replaced" in output
