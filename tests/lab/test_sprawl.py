"""Namespace sprawl end to end: what happens without the pack, and what the pack refuses before it happens."""

from __future__ import annotations

import json

import pytest

from lab.engine import Engine
from lab.foundation.tile import SPARE_POD_BLOCK, SPARE_POD_CIDR
from lab.layout import REPO
from tests.lab.conftest import Site, commands, objects, pks

pytestmark = pytest.mark.lab

PACK = ("--policy-pack", str(REPO / "policy"), "--policy-pack-config", str(REPO / "policy/config.lab.json"))


def configure(bare: Site, engine: Engine, prefix: int) -> None:
    """A block of its own with subnets of that prefix, and ten imported clusters planned."""
    bare.configure(
        engine,
        networkProfileParameters={
            "lb_size": "medium",
            "pod_ip_block_ids": [SPARE_POD_BLOCK],
            "pod_subnet_prefix": prefix,
        },
        podNetwork={"blocks": [SPARE_POD_CIDR], "subnetPrefix": prefix},
        plannedImportedClusters="10",
    )


def assert_nothing_was_downgraded(output: str) -> None:
    """The engine makes a mandatory rule that meets an unknown value an advisory one, and says so."""
    assert "can't run policy" not in output
    assert "[advisory]" not in output


def test_a_plan_that_fits_passes_and_one_that_does_not_is_refused_before_anything(bare: Site) -> None:
    engine = bare.beside("gated")
    configure(bare, engine, 20)  # 16 subnets for 17 + 5 + 1 namespaces and 40 of imported clusters
    before = bare.calls()
    for command in (("preview",), ("up", "--yes"), ("up", "--yes", "--skip-preview")):
        done = engine.run(*command, *PACK, check=False)
        assert done.returncode != 0, done.stdout
        for part in ("pod subnets", "10 imported clusters", "headroom -4", "pod_subnet_prefix: 23"):
            assert part in done.stdout, done.stdout
        assert "[mandatory]" in done.stdout
        assert_nothing_was_downgraded(done.stdout)
    made = bare.calls()[len(before) :]
    assert "create-cluster" not in commands(made)
    assert "create-network-profile" not in commands(made)

    configure(bare, engine, 24)
    for command in (("up", "--yes", "--skip-preview"), ("preview", "--expect-no-changes")):
        done = engine.run(*command, *PACK, check=False)
        assert done.returncode == 0, done.stdout
        assert_nothing_was_downgraded(done.stdout)
    # Read from NSX-T: what is others' on this block, which is nothing; this stack's own subnets do not count.
    network = engine.outputs()["podNetwork"]
    assert isinstance(network, dict)
    assert (network["capacity"], network["used"], network["maxImportedClusters"]) == (256, 0, 58)

    bare.configure(engine, plannedImportedClusters="59")
    done = engine.run("preview", *PACK, check=False)
    assert done.returncode != 0, done.stdout
    assert engine.run("destroy", "--yes", "--skip-preview", check=False).returncode == 0


def test_without_the_pack_ncp_runs_out_in_the_middle(bare: Site) -> None:
    engine = bare.beside("ungated")
    configure(bare, engine, 20)
    done = engine.run("up", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    namespaces = objects(engine, "namespaces")
    assert len(namespaces) > 16
    errors = objects(engine, "nsxerrors")
    assert len(errors) == len(namespaces) - 16
    assert all("Pod IP Block is exhausted" in error["spec"]["message"][0] for error in errors)
    unrealised = [
        item for item in namespaces if "ncp/error.subnet" in item["metadata"].get("annotations", "")
    ]
    assert len(unrealised) == len(errors)

    told = engine.run("preview")
    assert "NSX-T fails for namespaces" in told.stdout
    assert f"the cluster has {len(namespaces)} namespaces now" in told.stdout
    assert engine.run("destroy", "--yes", "--skip-preview", check=False).returncode == 0
    assert "ungated" not in [item["name"] for item in json.loads(pks(bare, "clusters", "--json"))]
