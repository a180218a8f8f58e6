"""The program in ``fleet/`` through the real engine, on a stack in the place of the server's: previews."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.standalone import SERVER, Standalone
from domain import type_tokens as kinds
from lab.layout import REPO
from policy.sprawl import POD_NETWORK
from policy.sprawl_stack import POD_NETWORK_STACK
from tests.fleet.standalone import DEFAULT_BLOCK, OUTPUTS, sites
from tests.kubernetes_api import kubeconfig
from tests.policy.judging import judge, judge_stack


@pytest.mark.lab
def test_the_59th_import_passes_and_the_60th_is_refused_at_preview(fleet: Standalone, tmp_path: Path) -> None:
    """The bare arithmetic of the block, so without the reserve that the pack keeps by default."""
    config = tmp_path / "pack.json"
    none = {"reservePercent": 0}
    config.write_text(json.dumps({"pod-network": none, "pod-network-stack": none}))
    pack = ("--policy-pack", str(REPO / "policy"), "--policy-pack-config", str(config))
    fleet.sites(sites(59))
    passed = fleet.pulumi("preview", *pack)
    assert "+ 64 to create" in passed  # stack, component, figures, connection, agents
    assert "can't run policy" not in passed
    fleet.sites(sites(60))
    refused = fleet.pulumi("preview", *pack, expect=None)
    for part in (
        "[mandatory]",
        "60 imported clusters takes 260, others use 0, and 0 of 256 must stay free: headroom -4",
        "59 imported clusters fit",
        "imports 60 clusters, but only 59 fit: 1 too many",
        "pod_subnet_prefix: 25",
    ):
        assert part in refused, refused
    config.write_text("{}")  # with the default reserve, 10 %
    fleet.sites(sites(52))
    fleet.pulumi("preview", *pack)
    fleet.sites(sites(53))
    assert "52 imported clusters fit" in fleet.pulumi("preview", *pack, expect=None)


def test_the_59th_import_passes_and_the_60th_is_refused_by_the_policies() -> None:
    def found(count: int) -> list[str]:
        figures = DEFAULT_BLOCK["figures"]
        demand = {**figures["demands"][0], "importedClusters": float(count)}  # type: ignore[index]
        document = {**figures, "demands": [demand]}
        stack = [(kinds.POD_NETWORK, "fleet-capacity", {"figures": document})]
        stack += [(kinds.SITE, site["name"], site) for site in sites(count)]
        plan = judge(POD_NETWORK, kinds.POD_NETWORK, {"figures": document}, reservePercent=0.0)
        return [*plan, *judge_stack(POD_NETWORK_STACK, stack, reservePercent=0.0)]

    assert found(59) == []
    plan, count = found(60)
    assert "headroom -4. 59 imported clusters fit" in plan
    assert "1 too many" in count


@pytest.mark.lab
def test_an_unusable_server_is_one_clear_error(fleet: Standalone) -> None:
    fleet.sites(sites(1))
    expected: dict[str, dict[str, Any]] = {
        "no output rancherToken (API token": {"rancherToken": None},
        "no output podNetwork (Pod subnets": {"podNetwork": None},
        "has version 0 of the output contract": {"contractVersion": 0},
        "has no output contractVersion: it was never updated": {"contractVersion": None},
        "the server's output podNetwork cannot be used": {"podNetwork": {"figures": {"network": {}}}},
    }
    for text, change in expected.items():
        fleet.serve(**{**OUTPUTS, **change})
        output = fleet.pulumi("preview", expect=None)
        assert text in output, output
        assert "Traceback" not in output, output
    fleet.configure(serverStack="organization/rancher-on-pks/nowhere")
    output = fleet.pulumi("preview", expect=None)
    assert 'unknown stack "organization/rancher-on-pks/nowhere"' in output
    fleet.configure(serverStack="")
    fleet.sites([*sites(1), *sites(1), {"name": "Wrong", "registrationOnly": True}, {"name": "paris"}])
    output = fleet.pulumi("preview", expect=None)
    assert "4 problems with the fleet; nothing was changed:" in output
    for part in ("config serverStack: is not set", "site site-000: a site in", "site Wrong", "paris"):
        assert part in output, output


@pytest.mark.lab
def test_s1_a_kubeconfig_that_runs_a_command_is_refused_at_preview(fleet: Standalone) -> None:
    marker = fleet.settings.with_name("marker")
    document = yaml.safe_load(kubeconfig("https://berlin.test", token="the-secret-token"))
    document["users"][0]["user"]["exec"] = {"command": "touch", "args": [str(marker)]}
    file = fleet.settings.with_name("berlin.yaml")
    file.write_text(yaml.safe_dump(document))
    fleet.configure(serverStack=SERVER)
    fleet.serve(**OUTPUTS)
    fleet.sites([*sites(1), {"name": "berlin", "kubeconfig": "berlin.yaml"}])
    output = fleet.pulumi("preview", expect=None)
    assert "1 problem with the fleet; nothing was changed:" in output
    assert "site berlin: kubeconfig" in output and "has `exec`, which is refused" in output, output
    assert "the-secret-token" not in output
    assert not marker.exists()
