"""A stack's file without the engine: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import stack_file
from settings.errors import SettingsError
from settings.reading import parse_file
from tests.settings.stack_files import STRUCTURES, judge, structure, text

RECORDED: dict[str, str | None] = json.loads(Path(__file__).with_name("engine_values.json").read_text())
"""YAML value to what the engine hands to the program (3.259, also checked in the lab); None: it refuses."""


def findings(path: Path, content: str | bytes) -> dict[str, str]:
    """The findings about a stack file, by key."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        parse_file(stack_file.read(path))
    lines = {finding.key: str(finding) for finding in caught.value.findings}
    assert len(lines) == len(caught.value.findings), "a key has more than one finding"
    return lines


@pytest.mark.parametrize("value", RECORDED)
def test_values_are_read_as_the_engine_reads_them(tmp_path: Path, value: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(f"config:\n  rancher-on-pks:key: {value}\n")
    expected = RECORDED[value]
    if expected is None:
        with pytest.raises(SettingsError):
            stack_file.read(path)
    else:
        assert _plain(stack_file.read(path).config["key"]) == _plain(expected)


def _plain(value: str) -> Any:
    return json.loads(value) if value[:1] in ("{", "[") else value


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kubernetesVersion", "1.30", "kubernetesVersion: is read as '1.3' (1.30). Write it in quotes"),
        (
            "podNetworkMeasuredAt",
            "2026-05-01",
            "podNetworkMeasuredAt: is read as '2026-05-01 00:00:00 +0000 UTC' (2026-05-01). Write it in",
        ),
        ("ingressHttpsPort", "0443", "ingressHttpsPort: is read as '291' (0443). Write it in quotes"),
        ("plan", "", "plan: is not set. Run: pulumi config set plan rancher"),
        ("networkProfile", "{a: b}", "networkProfile: must be a single value, not an object or list"),
        ("workers", "[3]", "workers: must be a single value, not an object or list"),
        ("clusterTags", "3", "clusterTags: must be an object (3)"),
        ("planMasters", "two", 'planMasters: must be a whole number ("two")'),
        ("workers", ".inf", "rancher-on-pks:workers is not a finite number"),
    ],
)
def test_c9_one_clear_error(tmp_path: Path, key: str, value: str, message: str) -> None:
    [found] = findings(tmp_path / "Pulumi.x.yaml", text({key: value})).values()
    assert found.startswith(message)


def test_c9_null_is_not_set(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text({"networkProfile": "", "workers": "~", "clusterTags": "null"}))
    cluster = parse_file(stack_file.read(path)).cluster
    assert (cluster.network_profile, cluster.workers, cluster.cluster_tags) == ("", 0, {})


@pytest.mark.parametrize(
    ("structure_name", "message"),
    [
        ("a key twice", "line 3: the key rancher-on-pks:plan appears twice. Remove one of them"),
        ("a key with and without its namespace", "plan: is set twice, also as rancher-on-pks:plan"),
        ("a key of another project", "rancher-fleet:serverStack: belongs to another project, rancher-fleet"),
        ("a misspelled namespace", "rancher-on-pk:plan: belongs to another project, rancher-on-pk. Use "),
        ("a list", "`config` must be an object of keys and values"),
        ("a text", "`config` must be an object of keys and values"),
        ("not UTF-8", "the file is not UTF-8 text"),
        ("two documents", "the file has more than one document"),
        ("broken YAML", "the file is not valid YAML"),
        ("an anchor in itself", "an anchor contains itself"),
    ],
)
def test_c9_structures(tmp_path: Path, structure_name: str, message: str) -> None:
    found = findings(tmp_path / "Pulumi.x.yaml", structure(STRUCTURES[structure_name]))
    assert message in " ".join(found.values())


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="the file cannot be read"):
            stack_file.read(path)


def test_many_aliases_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    values = {"rancherValues": "{" + ", ".join(lines) + "}"}
    assert "too many values" in findings(tmp_path / "Pulumi.x.yaml", text(values))[""]


def test_secrets_within_objects_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text({"rancherValues": "{a: {secure: v1:x}, b: 1}", "plan": "{secure: v1:y}"}))
    file = stack_file.read(path)
    assert file.encrypted == {"rancherValues", "plan"}
    assert "v1:" not in str(file.config)
    assert parse_file(file).cluster.plan


@pytest.mark.parametrize("key", ["networkProfile", "plan", "ingressChart", "computeProfile", "rancherChart"])
@pytest.mark.parametrize("value", ['"-x"', '"a\\nb"', '"a\\0b"', '"a\\x1bb"', '" a"'])
def test_c12_names_are_safe_for_command_lines(tmp_path: Path, key: str, value: str) -> None:
    found = findings(tmp_path / "Pulumi.x.yaml", text({key: value}))
    assert list(found) == [key]


@pytest.mark.parametrize("tags", ['{"-a": b}', '{a: "-b"}', '{a: "b\\nc"}', '{"a\\0": b}'])
def test_c12_tags_are_safe_for_command_lines(tmp_path: Path, tags: str) -> None:
    [found] = findings(tmp_path / "Pulumi.x.yaml", text({"clusterTags": tags}))
    assert found.startswith("clusterTags.")
    assert found.isprintable()


@given(st.binary(max_size=80))
def test_any_bytes_give_settings_or_findings(tmp_path_factory: pytest.TempPathFactory, end: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "Pulumi.any.yaml"
    path.write_bytes(text({}).encode() + b"  rancher-on-pks:rancherValues: " + end)
    assert isinstance(judge(path), dict | set)
