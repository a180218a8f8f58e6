"""The pack as a whole: its metadata, its configuration, what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import Policy, ResourceValidationPolicy

from domain import type_tokens as kinds
from policy.creators import DEMAND
from policy.pack import POLICIES
from tests.policy.judging import UNKNOWN, defaults, judge

PACK = Path(__file__).parents[2] / "policy"
TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "string": str,
}
KINDS = [
    value
    for name, found in vars(kinds).items()
    if name.isupper()
    for value in ([found] if isinstance(found, str) else found)
    if ":" in value
]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_everything_that_a_reader_of_a_violation_needs_is_there(policy: Policy) -> None:
    assert policy.severity
    assert policy.remediation_steps
    assert policy.url
    assert policy.display_name
    assert policy.enforcement_level is None, "the pack's level holds, so that a configuration can relax it"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_threshold_has_a_default_of_its_type(policy: Policy) -> None:
    assert policy.config_schema is not None
    for key, schema in policy.config_schema.properties.items():
        assert isinstance(schema["default"], TYPES[schema["type"]]), key
        assert schema["description"].endswith("."), key
        if "minimum" in schema:
            assert schema["minimum"] <= schema["default"] <= schema.get("maximum", schema["default"]), key


def test_defaults_are_those_of_production() -> None:
    settings = {policy.name: defaults(policy) for policy in POLICIES}
    assert settings["pod-network"] == {"reservePercent": 10, "namespaces": ["cattle-system"]}
    assert settings["rancher-design"]["minimumReplicas"] == 3
    assert settings["rancher-design"]["minimumMasters"] == 3
    assert settings["rancher-design"]["protectCluster"]
    assert settings["host-failure"]["antiAffinity"]


@pytest.mark.parametrize("file", sorted(PACK.glob("config.*.json")), ids=lambda file: file.name)
def test_configurations_name_policies_and_thresholds_that_exist(file: Path) -> None:
    known = {policy.name: defaults(policy) for policy in POLICIES}
    content = json.loads(file.read_text())
    assert content.pop("all") == "mandatory"
    for name, settings in content.items():
        assert set(settings) <= set(known[name]), name


def test_reserves_of_plan_and_count_agree_in_every_configuration() -> None:
    for file in PACK.glob("config.*.json"):
        content = json.loads(file.read_text())
        plan, count = (content.get(name, {}) for name in ("pod-network", "pod-network-stack"))
        assert plan.get("reservePercent") == count.get("reservePercent"), file.name


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("shape", ["all unknown", "all holders unknown", "empty"])
def test_no_rule_is_made_advisory_by_an_unknown(kind: str, shape: str) -> None:
    """UnknownValueError would come out of here: the engine then reports a mandatory policy as advisory."""
    keys = "figures metadata type data stringData spec roleRef subjects values chart name version namespace"
    keys += " createNamespace plan masters parameters cluster virtualMachineIds enabled"
    shapes: dict[str, dict[str, Any]] = {
        "all unknown": dict.fromkeys(keys.split(), UNKNOWN),
        "all holders unknown": {key: {"name": UNKNOWN, "ingress": UNKNOWN} for key in keys.split()},
        "empty": {},
    }
    for policy in POLICIES:
        if isinstance(policy, ResourceValidationPolicy):
            judge(policy, kind, shapes[shape])


def test_the_pack_starts_without_the_kubernetes_sdk() -> None:
    command = "import sys, policy.pack; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    heavy = {"pulumi_kubernetes", "pulumi_vsphere", "pydantic", "kubernetes", "cryptography", "matplotlib"}
    assert not heavy & set(done.stdout.split())


def test_the_page_names_what_the_table_counts() -> None:
    page = (PACK.parent / "docs/policy.md").read_text()
    of_rancher = [token for token in DEMAND if token.startswith("rancher2:") or ".cattle.io" in token]
    missing = {
        token.rpartition(":")[2] for token in of_rancher if f"`{token.rpartition(':')[2]}`" not in page
    }
    assert missing == {"ClusterAlterGroup"}, "an old name of ClusterAlertGroup"
