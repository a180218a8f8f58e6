"""``python -m capacity`` as a planner runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config import ARTICLE, REPO


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "capacity", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)


def test_advice_before_there_is_any_stack() -> None:
    done = _run("advise", "--clusters", "300", "--block", "172.16.0.0/16")
    assert done.returncode == 1
    assert "300 imported clusters need 1220 of 256 pod subnets." in done.stdout
    assert "pod_subnet_prefix: 27" in done.stdout
    assert _run("advise", "--clusters", "300", "--prefix", "27").stdout.endswith("no change is needed.\n")


def test_a_report_of_a_stacks_file_in_each_form() -> None:
    table = _run("report", "--stack-file", ARTICLE)
    assert table.returncode == 0, table.stderr
    assert "59 imported clusters fit; number 60 runs out of pod subnets." in table.stdout
    markdown = _run("report", "--stack-file", ARTICLE, "--format", "markdown").stdout
    assert "| pod subnets | 256 | 0 | 180 | 76 | 70% | 19 |" in markdown
    document = json.loads(_run("report", "--stack-file", ARTICLE, "--format", "json").stdout)
    assert (document["fits"], document["maxImportedClusters"], document["firstLimit"]) == (
        True,
        59,
        "pod subnets",
    )


def test_flags_win_over_the_file() -> None:
    done = _run(
        "report",
        "--stack-file",
        ARTICLE,
        "--imported",
        "60",
        "--rancher-version",
        "2.8",
    )
    assert done.returncode == 1
    assert "The plan lacks 4 pod subnets." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--block", "172.16.0.0/26"], "smaller than one subnet"),
        (["--used", "300"], "300 are used"),
        (["--imported", "-1"], "importedClusters: negative (-1)"),
        (["--rancher-version", "1.6"], "are unknown (known: 2.2 to 2.15)"),
        (["--rancher-version", "2.16.0"], "`python -m capacity measure --kubeconfig FILE` prints the line"),
        (["--etcd-quota-mb", "9000"], "etcdQuotaMb: larger than 8192"),
        (["--rancher-version", ""], "'' is not a version"),
        (["--rancher-version", "2.8foo"], "'2.8foo' is not a version"),
        (["--used", "1", "--used", "2"], "--used: given 2 times for 1 blocks"),
        (["--stack-file", "missing.yaml"], "missing.yaml"),
        (["--figures", "Pulumi.yaml"], "Pulumi.yaml: invalid JSON"),
    ],
)
def test_bad_figures_are_one_message(arguments: list[str], message: str) -> None:
    done = _run("report", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_pictures(tmp_path: Path) -> None:
    svg, png = tmp_path / "plan.svg", tmp_path / "plan.png"
    done = _run("plot", "--imported", "300", "--output", str(svg), "--output", str(png))
    assert done.returncode == 0, done.stderr
    text = svg.read_text()
    assert "<svg" in text
    for prefix, most in ((24, 59), (25, 123), (26, 251), (27, 507)):
        assert f"/{prefix}: {2 ** (prefix - 16)} subnets, {most} clusters" in text
    assert "plan: 300" in text
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_stack_whose_other_files_are_not_there_yet_can_be_planned() -> None:
    """The lab's CA exists only while the lab is up; the plan has nothing to do with it."""
    done = _run("report", "--stack-file", "Pulumi.lab.yaml")
    assert done.returncode == 0, done.stderr
    assert "58 imported clusters fit" in done.stdout


def test_several_clusters_from_what_a_stack_exports(tmp_path: Path) -> None:
    network = {"blocks": [{"cidr": "172.16.0.0/16", "subnetsUsed": 10}, "172.17.0.0/17"]}
    demands = [{"name": "plain", "applications": 20}, {"name": "rancher", "rancherVersion": "2.8.5"}]
    output = tmp_path / "podNetwork.json"
    output.write_text(json.dumps({"prefix": 24, "figures": {"network": network, "demands": demands}}))
    table = _run("report", "--figures", str(output), "--imported", "60").stdout
    assert "82 imported clusters fit; number 83 runs out of pod subnets." in table
    assert "172.16.0.0/16 256 of 256, 172.17.0.0/17 39 of 128" in table
    assert _run("plot", "--figures", str(output), "--output", str(tmp_path / "a.svg")).returncode == 0


def test_every_limit_can_be_given_by_flags() -> None:
    limits = [
        "--floating-ips",
        "90",
        "--tier1-limit",
        "3",
        "--segment-limit",
        "500",
        "--node-block",
        "10.9.0.0/20",
    ]
    others = ["--floating-ips-used", "6", "--tier1-used", "1", "--segments-used", "7", "--leaked", "2"]
    done = _run("report", *limits, *others, "--registered", "--imported", "10", "--format", "json")
    document = json.loads(done.stdout)
    figures = {limit["name"]: (limit["used"], limit["planned"]) for limit in document["limits"]}
    namespaces = 5 + 14 + 1 + 2 + 10 * 3
    assert figures == {
        "pod subnets": (0, namespaces),
        "floating IPs": (6, namespaces + 4),
        "Tier-1 routers": (1, 1),
        "segments": (7, namespaces + 2),
        "virtual servers of rancher": (0, 5),
        "node subnets": (0, 1),
        "role bindings of rancher": (0, 11 + 128),
        "MB in etcd of rancher": (0, 4),
    }
    assert (document["unknown"], document["firstLimit"], document["firstExhaustedAt"]) == (
        [],
        "floating IPs",
        20,
    )


def test_what_is_too_small_for_rancher_alone_is_said_so() -> None:
    done = _run("report", "--used", "250", "--imported", "10")
    assert "Even without imported clusters there are too few pod subnets." in done.stdout
    assert "0 imported clusters fit" not in done.stdout


def test_a_limit_that_nothing_but_a_higher_one_lifts() -> None:
    done = _run("advise", "--segment-limit", "4", "--clusters", "0")
    assert "segments: 18 missing. Only a higher limit helps." in done.stdout


def test_advice_always_ends() -> None:
    done = _run(
        "advise", "--clusters", "10", "--block", "0.0.0.0/1", "--block", "128.0.0.0/1", "--prefix", "1"
    )
    assert done.returncode == 1
    assert "further" not in done.stdout


def test_pictures_of_small_blocks_and_too_many_prefixes(tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    assert _run("plot", "--block", "172.16.0.0/25", "--prefix", "28", "--output", str(path)).returncode == 0
    assert re.findall(r"/(\d+): \d+ subnets", path.read_text()) == ["25", "26", "27", "28"]
    many = _run("plot", "--prefixes", *map(str, range(20, 28)), "--output", str(path))
    assert (many.returncode, "too many to distinguish (8)" in many.stderr) == (2, True)
    other = _run("plot", "--output", str(tmp_path / "plan.bmp"))
    assert (other.returncode, "unknown format" in other.stderr) == (2, True)


def test_a_picture_marks_each_prefix_by_its_own_subnets(tmp_path: Path) -> None:
    """Another limit that is hit earlier has a line of its own."""
    path = tmp_path / "plan.svg"
    _run(
        "plot",
        "--floating-ips",
        "100",
        "--used",
        "20",
        "--reserve",
        "10",
        "--output",
        str(path),
        "--prefixes",
        "24",
    )
    text = path.read_text()
    assert "/24: 256 subnets, 47 clusters" in text
    assert all(word in text for word in ("floating IPs: 16", "reserve", "used by others", "exhausted"))


def test_e4_small_subnets_are_pointed_out() -> None:
    assert "With 13 pods per subnet, kube-system" in _run("report", "--prefix", "28").stdout
    assert "pods per subnet, kube" not in _run("report", "--prefix", "27").stdout


def test_e6_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    demands = [{"name": f"c{number}"} for number in range(3000)]
    file = tmp_path / "many.json"
    file.write_text(json.dumps({"network": {"blocks": ["10.0.0.0/8"]}, "demands": demands}))
    script = f"{sys.executable} -m capacity report --figures {file} | head -1; echo ${{PIPESTATUS[@]}}"
    done = subprocess.run(["bash", "-c", script], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0 0"


@pytest.mark.parametrize("number", ["1e300", "1e309", "NaN", "1" + "0" * 40, "-1e300", "0.5"])
def test_e6_a_number_that_cannot_be_is_one_clear_error(tmp_path: Path, number: str) -> None:
    file = tmp_path / "figures.json"
    demand = f'{{"rancherVersion": "2.8", "users": {number}}}'
    file.write_text(f'{{"network": {{"blocks": ["10.0.0.0/8"]}}, "demands": [{demand}]}}')
    done = _run("report", "--figures", str(file))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "users: " in done.stderr
    assert len(done.stderr) < 150


def test_e5_a_plan_beyond_every_curve_does_not_squeeze_them(tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    limits = ["--floating-ips", "100", "--segment-limit", "98", "--used", "40", "--reserve", "10"]
    blocks = [text for number in range(16, 22) for text in ("--block", f"172.{number}.0.0/16")]
    done = _run("plot", "--imported", "100000", *limits, *blocks, "--output", str(path))
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert "plan: 100000 (beyond the axis)" in text
    assert "floating IPs, segments: 16" in text
    assert "172.16.0.0/16, 172.17.0.0/16 and 4 more blocks" in text
    assert "<pattern" in text  # the hatch
    assert not re.search(r">\d{6,}<", text)  # no tick of an axis as long as the plan


def test_the_model_loads_without_the_reports_libraries() -> None:
    heavy = {"rich", "matplotlib", "httpx", "pydantic"}
    script = f"import capacity.model.advice, capacity.model.figures, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
