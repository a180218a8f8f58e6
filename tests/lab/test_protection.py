"""A protected stack through the real engine: destroyed as a whole or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.foundation import vcenter
from tests.lab.conftest import Site, addresses, commands, pks
from tests.lab.rules import rules

pytestmark = pytest.mark.lab


def resources(site: Site) -> dict[str, Any]:
    """Id, inputs and outputs of each resource in the state, by URN.

    Without the engine's own provider, which reads the outputs of the last update and is part of each run.
    """
    state = site.engine.json("stack", "export", "--show-secrets")
    assert isinstance(state, dict)
    return {
        item["urn"]: [item.get(key) for key in ("id", "inputs", "outputs")]
        for item in state["deployment"].get("resources", [])
        if item["type"] != "pulumi:providers:pulumi"
    }


def foundation(site: Site) -> list[object]:
    """What the foundation holds of the stack."""
    return [
        [cluster["uuid"] for cluster in json.loads(pks(site, "clusters", "--json"))],
        json.loads(pks(site, "network-profiles", "--json")),
        vcenter.cids(site.lab),
        rules(site.lab),
        addresses(site, "rancher.lab.test"),
    ]


def test_a_protected_stack_is_not_destroyed_and_an_unprotected_one_is(site: Site) -> None:
    site.configure(site.engine, protectCluster=True)
    site.engine.run("up", "--yes", "--skip-preview")
    before, there, calls = resources(site), foundation(site), len(site.calls())
    assert len(before) > 30
    for flags in (["--skip-preview"], []):
        done = site.engine.run("destroy", "--yes", *flags, "--color", "never", check=False)
        assert done.returncode != 0
        assert "::protectCluster" in done.stdout
        assert "cannot be deleted" in done.stdout
        assert resources(site) == before
        assert foundation(site) == there
    assert not [call for call in commands(site.calls()[calls:]) if call.startswith("delete")]
    assert site.engine.run("preview", "--expect-no-changes", check=False).returncode == 0

    site.configure(site.engine, protectCluster=False)
    done = site.engine.run("up", "--yes", "--skip-preview")
    assert "deleted" not in done.stdout
    done = site.engine.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    assert resources(site) == {}
    assert foundation(site) == [[], [], [], {}, []]
