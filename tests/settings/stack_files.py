"""Stack files of every YAML type, for tests that compare the checker with the engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from settings import stack_file
from settings.errors import SettingsError
from settings.reading import effective, parse_file
from tests.config import GOOD

SCALARS = (
    *(
        "1.30",
        '"1.30"',
        "1.28",
        "2",
        "3",
        "5",
        "0443",
        "'0443'",
        "8443",
        "0x1F",
        "0b101",
        "0o17",
        "1_0",
        "+5",
    ),
    *("-1", "5.0", "1e1", "08", ".5", "1e400", ".inf", ".nan", "18446744073709551616", "1.", "-0"),
    *("true", "True", '"true"', "false", "yes", "on", "off", "n", "y", "No", "null", "~", "", '""', "Null"),
    *("2026-05-01", '"2026-05-01"', "2026-5-1", "2026-05-01T10:00:00Z", "2026-05-01 10:00:00", "1:30"),
    *(
        "name",
        '"-x"',
        "-x",
        '"a\\nb"',
        '"a\\0b"',
        '" a"',
        '"a "',
        "é",
        "2.8.5",
        "4.11.5",
        '"\\n"',
        "10.0.0.0/24",
    ),
    *("!!str 7", "!!int 7", "!!float 7", "!!binary aGk=", "!foo 7", "! 7", "a.example.com", "hostname"),
    *("[]", "{}", "[a]", "{a: b}", "{a: 010, b: [~, 2026-05-01, 1.50]}", '"{}"', '"[1]"', "{a: {secure: x}}"),
    *("|\n    a\n    b", ">-\n    folded\n    text", '"=HYPERLINK"', "'@x'"),
)
KEYS = (
    *("kubernetesVersion", "podNetworkMeasuredAt", "ingressHttpsPort", "networkProfile", "plan", "workers"),
    *("planPrivileged", "planMasters", "clusterTags", "rancherValues", "vsphereComputeClusters", "dnsMode"),
    *("rancherVersion", "ingressChartVersion", "computeProfile", "certificateOrganization", "vipCidr"),
    *("rancherBootstrap", "dnsTtl", "dnsCreateCommand", "pksUsername", "rancherHostname", "apiAccess"),
)
_PREFIX = "rancher-on-pks:"
_GOOD = {key: f'"{value}"' for key, value in GOOD.items()}

STRUCTURES: dict[str, bytes] = {
    "a key twice": b"config:\n  rancher-on-pks:plan: a\n  rancher-on-pks:plan: b\n",
    "a key with and without its namespace": b"config:\n  rancher-on-pks:plan: a\n  plan: b\n",
    "a key of another project": b"config:\n  rancher-fleet:serverStack: x\n  rancher-fleet:plan: a\n",
    "a misspelled namespace": b"config:\n  rancher-on-pk:plan: a\n",
    "an old form of key": b"config:\n  rancher-on-pks:config:plan: a\n",
    "a key of three parts": b"config:\n  rancher-on-pks:a:plan: a\n",
    "a number as key": b"config:\n  5: a\n",
    "a nested number as key": b"config:\n  rancher-on-pks:rancherValues: {1: a}\n",
    "a list": b"config: [a, b]\n",
    "a text": b"config: a\n",
    "null": b"config:\n",
    "no config": b"a: 1\n",
    "an empty file": b"",
    "a list at the top": b"- a\n",
    "not UTF-8": b"config:\n  rancher-on-pks:plan: \xff\xfe\n",
    "broken YAML": b"config: [\n",
    "a tab": b"config:\n\trancher-on-pks:plan: a\n",
    "an anchor": b"config:\n  rancher-on-pks:plan: &x a\n  rancher-on-pks:computeProfile: *x\n",
    "an unknown anchor": b"config:\n  rancher-on-pks:plan: *x\n",
    "a merge": b"config:\n  rancher-on-pks:rancherValues: &x {a: 1}\n"
    b"  rancher-on-pks:ingressValues: {<<: *x, b: 2}\n",
    "an anchor in itself": b"config:\n  rancher-on-pks:rancherValues: &x {a: *x}\n",
    "two documents": b"config:\n  rancher-on-pks:plan: a\n---\nconfig: {}\n",
    "a byte order mark": b"\xef\xbb\xbfconfig:\n  rancher-on-pks:plan: a\n",
    "a name of a plugin": b'config:\n  kubernetes:context: x\n  pulumi:disable-default-providers: ["*"]\n',
}
"""Beginning of files; a good config follows where it can."""


def text(values: dict[str, str]) -> str:
    """A stack file with these values, as YAML, over those of a good one."""
    lines = [f"  {_PREFIX}{key}: {value}" for key, value in {**_GOOD, **values}.items()]
    return "\n".join(["config:", *lines, ""])


def structure(start: bytes) -> bytes:
    """The file that begins so: with the other keys of a good config if it ends within one."""
    if (
        not start.rstrip().endswith(b"}")
        and b"\n  rancher-on" not in start
        and b"\n  kubernetes" not in start
    ):
        return start
    given = start.decode(errors="replace")
    rest = [f"  {_PREFIX}{key}: {value}" for key, value in _GOOD.items() if f":{key}: " not in given]
    return start + "\n".join([*rest, ""]).encode() if "---" not in given else start


def judge(path: Path) -> dict[str, object] | set[str]:
    """The checker's judgement of a file: the effective settings, or the keys that it refuses."""
    try:
        file = stack_file.read(path)
        return effective(parse_file(file))
    except SettingsError as error:
        return {finding.key for finding in error.findings}


def samples(directory: Path, number: int) -> Iterator[str]:
    """Files with as many random pairs of key and scalar, several in each; good and bad ones apart."""
    chosen = random.Random(7)  # noqa: S311 - the same files each time
    pairs = [(key, scalar) for key in KEYS for scalar in SCALARS]
    groups: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    path = directory / "Pulumi.one.yaml"
    for key, scalar in chosen.sample(pairs, number):
        path.write_text(text({key: scalar}))
        files = groups[isinstance(judge(path), dict)]
        place = next((file for file in files if key not in file and len(file) < 6), None)
        if place is None:
            files.append({key: scalar})
        else:
            place[key] = scalar
    for file in (*groups[True], *groups[False]):
        yield text(file)
