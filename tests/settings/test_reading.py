"""Settings: everything that is wrong is reported at once, with key, value and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import settings
from settings import Settings, SettingsError, parse, secret_text
from settings.reading import FIELDS
from tests.config import GOOD, REPO


def problems(**changes: str | None) -> dict[str, str]:
    """Key -> the line about it."""
    config = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        parse(config)
    return {finding.key: str(finding) for finding in caught.value.findings}


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
    cluster = parsed.cluster
    assert (cluster.workers, cluster.plan_privileged, cluster.plan_masters) == (5, False, 3)
    assert cluster.network_profile_parameters == parameters
    assert cluster.cluster_tags == {"owner": "ops"}
    assert secret_text(cluster.pks_password) == "hush"
    assert "hush" not in repr(parsed)


def test_empty_config_names_every_missing_key() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({})
    assert {finding.key for finding in caught.value.findings} == set(GOOD) - {"kubernetesVersion"}
    assert "clusterName: is not set. Run: pulumi config set clusterName czpksrancher05" in str(caught.value)
    assert "has 7 problems; nothing was changed" in str(caught.value)


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
        *("kubernetesVersion", "networkProfile", "networkProfileParameters.lb_sise", "clusterTags"),
        *(
            "clusterTimeoutMinutes",
            "ingressHttpPort",
            "rancherChartRepository",
            "pksCaCertificateFile",
            "vipCidr",
        ),
    }
    assert found["workers"] == 'workers: must be a whole number ("three")'
    assert found["planPrivileged"] == 'planPrivileged: must be true or false ("perhaps")'
    assert "Did you mean rancherHostname?" in found["rancherHostName"]
    assert "must be 'files', 'csr', 'internal-ca' or 'self-signed'" in found["certificateSource"]
    assert "did you mean lb_size?" in found["networkProfileParameters.lb_sise"]
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
    expected = "pksPassword: is in plain text (***). Run: pulumi config set --secret pksPassword"
    assert expected in str(caught.value)
    assert "hush" not in str(caught.value)


def test_two_identities_are_refused() -> None:
    assert "Keep one" in problems(pksUsername="u", pksClient="c")["pksClient"]


def test_certificate_problems_name_key_and_remedy() -> None:
    found = problems(certificateSource="files", certificateFile="/no/cert.pem")
    assert {"certificateFile", "caCertificateFile"} <= set(found)
    assert "(/no/cert.pem)" in found["certificateFile"]


@given(st.dictionaries(st.sampled_from([*FIELDS, "x", "other:x"]), st.text(max_size=8)))
def test_any_config_gives_settings_or_a_clean_error(config: dict[str, str]) -> None:
    try:
        assert isinstance(parse({**GOOD, **config}), Settings)
    except SettingsError as error:
        assert error.findings


def schema() -> dict[str, dict[str, Any]]:
    document: dict[str, Any] = yaml.safe_load((REPO / "Pulumi.yaml").read_text())
    assert document["name"] == settings.PROJECT
    config: dict[str, dict[str, Any]] = document["config"]
    return config


def test_schema_and_settings_have_the_same_keys_and_defaults() -> None:
    assert list(schema()) == list(FIELDS)
    for key, entry in schema().items():
        field = FIELDS[key]
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
    assert (parsed.cluster.cluster_name, parsed.rancher.rancher_replicas) == ("czpksrancher05", 3)
    assert parsed.cluster.network_profile_parameters == {"lb_size": "medium"}


def test_further_host_names() -> None:
    names = parse({**GOOD, "rancherExtraHostnames": '["a.example.com", "b.example.com"]'}).rancher.hostnames
    assert names == (GOOD["rancherHostname"], "a.example.com", "b.example.com")
    for extra in ([GOOD["rancherHostname"]], ["a.example.com", "a.example.com"]):
        assert (
            "must name each host once"
            in problems(rancherExtraHostnames=json.dumps(extra))["rancherExtraHostnames"]
        )
    api = json.dumps([GOOD["externalHostname"]])
    assert "has externalHostname" in problems(rancherExtraHostnames=api)["rancherExtraHostnames"]
    assert "must be a DNS name" in str(problems(rancherExtraHostnames='["https://a"]'))


def capacity(**changes: str) -> dict[str, str]:
    return {
        **GOOD,
        "podNetwork": '{"blocks": ["172.16.0.0/16"]}',
        "plannedImportedClusters": "40",
        "plannedProjects": "3",
        "plannedUsers": "3",
        **changes,
    }


def test_d4_a_share_is_a_number_of_clusters_or_names_more() -> None:
    shares = {"emea": 30, "apac": {"importedClusters": 10, "projects": 3, "users": 2}}
    plan = parse(capacity(fleetShares=json.dumps(shares))).capacity_plan
    assert plan is not None
    found = plan.demands[0].fleet_shares
    assert (found["emea"].imported_clusters, found["emea"].projects) == (30, 0)
    assert (found["apac"].imported_clusters, found["apac"].projects, found["apac"].users) == (10, 3, 2)


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        ({"emea": 30, "apac": 11}, "importedClusters of all fleets add up to 41, but planned"),
        ({"emea": {"projects": 4}}, "projects of all fleets add up to 4, but plannedProjects leaves 3"),
        ({"emea": {"users": 3}}, "users of all fleets add up to 3, but plannedUsers leaves 2"),
        ({"emea": -1}, "-1"),
        ({"emea": "many"}, "many"),
        ({"emea": {"clusters": 1}}, "clusters"),
    ],
)
def test_d4_shares_beyond_the_plan_are_refused(shares: object, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(capacity(fleetShares=json.dumps(shares)))
    [finding] = caught.value.findings
    assert finding.key.startswith("fleetShares")
    assert problem in str(finding)
