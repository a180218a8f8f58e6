"""Settings: everything that is wrong is told at once, with key, value and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import settings
from settings import Settings, SettingsError, parse, secret_text

REPO = Path(settings.__file__).parent.parent
GOOD = {
    "clusterName": "czpksrancher05",
    "externalHostname": "czpksrancher05.sovsystems.com",
    "plan": "rancher",
    "kubernetesVersion": "1.28",
    "certificateSource": "self-signed",
    "ingressChartVersion": "4.11.5",
    "rancherHostname": "czrancherblog.sovsystems.com",
    "rancherVersion": "2.8.5",
}


def problems(**changes: str | None) -> dict[str, str]:
    """Key -> the line about it."""
    config = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        parse(config)
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_good_config_is_typed() -> None:
    parameters = {"lb_size": "medium"}
    parsed = parse(
        {
            **GOOD,
            "workers": "5",
            "planPrivileged": "false",
            "networkProfile": "lb-medium",
            "networkProfileParameters": json.dumps(parameters),
            "clusterTags": '{"owner": "ops"}',
            "pksPassword": "hush",
            "pksApi": "",
        },
        encrypted={"pksPassword"},
    )
    assert (parsed.workers, parsed.plan_privileged, parsed.plan_masters) == (5, False, 3)
    assert parsed.network_profile_parameters == parameters
    assert parsed.cluster_tags == {"owner": "ops"}
    assert secret_text(parsed.pks_password) == "hush"
    assert "hush" not in repr(parsed)


def test_empty_config_names_every_missing_key() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({})
    assert {problem.key for problem in caught.value.problems} == set(GOOD)
    assert "clusterName: is not set. Run: pulumi config set clusterName czpksrancher05" in str(caught.value)
    assert "has 8 problems; nothing was changed" in str(caught.value)


def test_everything_is_reported_at_once() -> None:
    found = problems(
        plan=None,
        rancherHostName="x",
        workers="three",
        planPrivileged="perhaps",
        planMasters="2",
        certificateSource="letsencrypt",
        kubernetesVersion="1.28.9",
        networkProfileParameters='{"lb_sise": "medium"}',
        clusterTags='["a"]',
        clusterTimeoutMinutes="0",
        vipCidr="10.50.0.1/24",
        ingressHttpPort="443",
        rancherChartRepository="ftp://charts",
        pksCaCertificateFile="/no/such/file",
    )
    assert set(found) == {
        *("plan", "rancherHostName", "workers", "planPrivileged", "planMasters", "certificateSource"),
        *("kubernetesVersion", "networkProfile", "networkProfileParameters", "clusterTags", "vipCidr"),
        *("clusterTimeoutMinutes", "ingressHttpPort", "rancherChartRepository", "pksCaCertificateFile"),
    }
    assert found["workers"] == 'workers = "three": must be a whole number'
    assert found["planPrivileged"] == 'planPrivileged = "perhaps": must be true or false'
    assert "did you mean rancherHostname?" in found["rancherHostName"]
    assert "must be 'files', 'csr', 'internal-ca' or 'self-signed'" in found["certificateSource"]
    assert "lb_sise: is not a known key; did you mean lb_size?" in found["networkProfileParameters"]
    assert "pulumi config set --path clusterTags.NAME VALUE" in found["clusterTags"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clusterName", "Rancher_05"),
        ("clusterName", "-x"),
        ("externalHostname", "https://api.example.com"),
        ("externalHostname", "10.0.0.1"),
        ("rancherHostname", "rancher.example.com:8443"),
        ("ingressHttpsPort", "65536"),
        ("rancherReplicas", "0"),
        ("rancherVersion", "v2.8"),
        ("clusterTags", '{"a,b": "c"}'),
        ("networkProfileParameters", "not json"),
        ("workers", "-1"),
        ("workers", "1.5"),
    ],
)
def test_a_bad_value_is_named_with_its_key(key: str, value: str) -> None:
    found = problems(**{key: value})
    assert list(found) == [key]
    assert value.strip('{}"')[:5] in found[key]


def test_hostnames_must_differ() -> None:
    found = problems(rancherHostname=GOOD["externalHostname"])
    assert "is also externalHostname" in found["rancherHostname"]


def test_what_depends_on_a_broken_key_is_left_out() -> None:
    assert list(problems(rancherHostname="not valid", externalHostname="not valid")) == [
        "externalHostname",
        "rancherHostname",
    ]


def test_secrets_are_masked_and_must_be_encrypted() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**GOOD, "pksPassword": "hush"}, encrypted=())
    assert "pksPassword = ***: is in plain text. Run: pulumi config set --secret pksPassword" in str(
        caught.value
    )
    assert "hush" not in str(caught.value)


def test_two_identities_are_refused() -> None:
    assert "Keep one" in problems(pksUsername="u", pksClient="c")["pksClient"]


def test_certificate_problems_name_key_and_remedy() -> None:
    found = problems(certificateSource="files", certificateFile="/no/cert.pem")
    assert {"certificateFile", "caCertificateFile"} <= set(found)
    assert found["certificateFile"].startswith("certificateFile = /no/cert.pem: ")


@given(st.dictionaries(st.sampled_from([*Settings.model_fields, "x"]), st.text(max_size=8)))
def test_any_config_gives_settings_or_a_clean_error(fields: dict[str, str]) -> None:
    keys = {
        str(Settings.model_fields[name].alias) if name != "x" else name: text for name, text in fields.items()
    }
    try:
        assert isinstance(parse({**GOOD, **keys}), Settings)
    except SettingsError as error:
        assert error.problems


def schema() -> dict[str, dict[str, Any]]:
    document: dict[str, Any] = yaml.safe_load((REPO / "Pulumi.yaml").read_text())
    assert document["name"] == settings.PROJECT
    config: dict[str, dict[str, Any]] = document["config"]
    return config


def test_schema_and_settings_have_the_same_keys_and_defaults() -> None:
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    assert list(schema()) == list(fields)
    for key, entry in schema().items():
        field = fields[key]
        default = "" if field.is_required() or field.default is None else field.default
        assert entry["default"] == default, key
        assert type(entry["default"]) is type(default), key
        assert entry["description"].startswith("Required.") is field.is_required(), key
        assert ("Secret." in entry["description"]) is ("SecretStr" in str(field.annotation)), key
        assert (entry.get("type") == "string") is isinstance(entry["default"], str), key


def test_the_articles_environment_is_valid() -> None:
    stack = yaml.safe_load((REPO / "Pulumi.prod.yaml").read_text())["config"]
    config = {
        key.split(":")[1]: value if isinstance(value, str) else json.dumps(value)
        for key, value in stack.items()
    }
    parsed = parse(config, encrypted=())
    assert (parsed.cluster_name, parsed.plan, parsed.rancher_replicas) == ("czpksrancher05", "rancher", 3)
    assert parsed.network_profile_parameters == {"lb_size": "medium"}


def test_a2_node_pools_need_a_compute_profile_and_count_as_the_workers() -> None:
    pools = '{"tiny-1": 3, "medium-2": 4}'
    found = problems(nodePoolInstances=pools)
    assert set(found) == {"computeProfile"}
    settings = parse({**GOOD, "nodePoolInstances": pools, "computeProfile": "pools"})
    assert settings.cluster_spec.node_pool_instances == {"tiny-1": 3, "medium-2": 4}
    assert settings.cluster_spec.worker_count == 7


@pytest.mark.parametrize("pools", ['{"a:b": 1}', '{"": 1}', '{"a": 0}', '{"a": "x"}', "[]", "tiny:3"])
def test_a2_numbers_of_node_pools_are_checked(pools: str) -> None:
    assert set(problems(nodePoolInstances=pools, computeProfile="pools")) == {"nodePoolInstances"}
