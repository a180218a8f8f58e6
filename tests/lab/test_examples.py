"""Every example, run in one lab: environments with the policy pack, then stacks that build on a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from lab import fleet, registry, trial
from lab.engine import Engine
from lab.layout import REPO
from settings.new import main as new
from tests.lab.conftest import Site, https_get

pytestmark = pytest.mark.lab

EXAMPLES = REPO / "examples"
TEMPLATE = REPO / "docs/environment.template.yaml"
DEPLOYED = ("air-gapped", "enterprise-ca", "helm-v2")
SERVER = "organization/rancher-on-pks/air-gapped"


def example(name: str) -> Path:
    return EXAMPLES / name / f"Pulumi.{name}.yaml"


def preview(site: Site, file: Path) -> str:
    engine = trial.engine(site.lab, site.engine, file)
    done = engine.run("preview", *trial.policies(file), check=False)
    assert done.returncode == 0, done.stdout
    assert "can't run policy" not in done.stdout
    return done.stdout


def test_the_articles_environment_passes_its_policies(bare: Site) -> None:
    assert "helm.sh" in preview(bare, REPO / "Pulumi.prod.yaml")


def test_the_template_passes_production_policies(bare: Site, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.template.yaml"
    file.write_text(TEMPLATE.read_text())
    printed = preview(bare, file)
    for kind in ("capacity:PodNetwork", "dynamic:Preflight", "placement:VirtualMachines"):
        assert kind in printed


def test_a_new_environment_passes_its_policies(bare: Site, tmp_path: Path) -> None:
    arguments = ["berlin", "--pks-api", "pks.berlin.test", "--certificate-source", "self-signed"]
    assert new([*arguments, "--directory", str(tmp_path)]) == 0
    file = tmp_path / "Pulumi.berlin.yaml"
    (tmp_path / trial.POLICIES).write_text((tmp_path / "policy/config.berlin.json").read_text())
    assert "helm.sh" in preview(bare, file), "with certificates Rancher is planned, too"


def test_a_violation_in_a_template_is_refused(bare: Site, tmp_path: Path) -> None:
    """The same judges that let the template pass."""
    file = tmp_path / "Pulumi.template.yaml"
    file.write_text(
        TEMPLATE.read_text().replace('plannedImportedClusters: "40"', 'plannedImportedClusters: "60"')
    )
    engine = trial.engine(bare.lab, bare.engine, file)
    done = engine.run("preview", *trial.policies(file), check=False)
    assert done.returncode != 0
    assert "52 imported clusters fit" in done.stdout


@pytest.fixture(scope="module")
def servers(bare: Site) -> Iterator[dict[str, Engine]]:
    """The examples that end in a Rancher of their own, deployed side by side, beside an image registry."""
    registry.start(bare.lab)
    made = {name: trial.engine(bare.lab, bare.engine, example(name)) for name in DEPLOYED}

    def deploy(name: str) -> subprocess.CompletedProcess[str]:
        arguments = ["--yes", "--skip-preview", *trial.policies(example(name))]
        return made[name].run("up", *arguments, check=False)

    def destroy(engine: Engine) -> None:
        engine.run("state", "unprotect", "--all", "--yes")
        engine.run("destroy", "--yes", "--skip-preview")

    with ThreadPoolExecutor() as pool:
        for done in pool.map(deploy, DEPLOYED):
            assert done.returncode == 0, done.stdout
    try:
        yield made
    finally:
        for engine in made.values():  # one after the other, as PKS wants it
            destroy(engine)


@pytest.mark.parametrize("name", DEPLOYED)
def test_an_environment_ends_in_a_trusted_rancher(servers: dict[str, Engine], name: str) -> None:
    outputs = servers[name].outputs()
    host = str(outputs["rancherHostname"])
    assert https_get(str(outputs["vip"]), 8443, host, "/ping", str(outputs["caBundle"])) == (200, "pong")
    done = servers[name].run("preview", "--expect-no-changes", *trial.policies(example(name)), check=False)
    assert done.returncode == 0, done.stdout


def test_a_rancher_of_today_is_upgraded(bare: Site, servers: dict[str, Engine]) -> None:
    engine = servers["enterprise-ca"]
    before = engine.outputs()
    bare.configure(engine, rancherVersion="2.15.1")
    done = engine.run("up", "--yes", "--skip-preview", *trial.policies(example("enterprise-ca")), check=False)
    assert done.returncode == 0, done.stdout
    after = engine.outputs()
    assert (before["rancherVersion"], after["rancherVersion"]) == ("2.15.0", "2.15.1")
    kept = ("clusterUuid", "vip", "rancherPassword", "certificateExpiry")
    assert [after[name] for name in kept] == [before[name] for name in kept]


def test_an_air_gapped_rancher_takes_images_from_the_registry_alone(servers: dict[str, Engine]) -> None:
    engine = servers["air-gapped"]
    state = engine.json("stack", "export")
    assert isinstance(state, dict)
    releases = [
        item for item in state["deployment"]["resources"] if item["type"].endswith("helm.sh/v3:Release")
    ]
    assert len(releases) == 2
    assert all(item["inputs"]["chart"].startswith("oci://") for item in releases)
    if not engine.lab.registry_config.exists():
        pytest.skip("docker-registry is not installed (Debian: apt-get install docker-registry)")
    for item in releases:
        assert engine.lab.registry in json.dumps(item["inputs"]["values"]), item["urn"]


def test_a_fleet_of_three_regions(servers: dict[str, Engine]) -> None:
    server = servers["air-gapped"]
    engine = fleet.prepare(server)  # named as the server, so that it needs no share
    document = yaml.safe_load(example("fleet").with_name("Pulumi.regions.yaml").read_text())
    document["config"] |= {
        "rancher-fleet:serverStack": SERVER,
        "rancher-fleet:sites": str(EXAMPLES / "fleet/sites"),
    }
    written = yaml.safe_load(engine.config_file.read_text())
    engine.config_file.write_text(yaml.safe_dump({**written, **document}))
    try:
        done = engine.run(
            "up", "--yes", "--skip-preview", *trial.policies(example("air-gapped")), check=False
        )
        assert done.returncode == 0, done.stdout
        commands = engine.outputs()["importCommands"]
        assert isinstance(commands, dict)
        assert sorted(commands) == ["austin-01", "berlin-01", "lima-01", "osaka-01", "perth-01", "porto-01"]
    finally:
        engine.run("destroy", "--yes", "--skip-preview")


class Consumer:
    """A project of ``examples/`` in a directory of its own, with one stack."""

    def __init__(self, server: Engine, project: str, directory: Path) -> None:
        self.server, self.directory = server, directory / project
        self.directory.mkdir()
        for file in (EXAMPLES / project).iterdir():
            if file.is_file():
                (self.directory / file.name).write_bytes(file.read_bytes())
        # In place of the environment that `pulumi install` makes.
        description = yaml.safe_load((self.directory / "Pulumi.yaml").read_text())
        description["runtime"]["options"] = {"toolchain": "pip", "virtualenv": sys.prefix}
        (self.directory / "Pulumi.yaml").write_text(yaml.safe_dump(description))
        self.pulumi("stack", "init", "trial")
        self.pulumi("config", "set", "serverStack", SERVER)

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.directory,
            env={**os.environ, **self.server.process_environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is check, done.stdout
        return done.stdout


@pytest.fixture
def consumer(
    servers: dict[str, Engine], request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Consumer]:
    made = Consumer(servers["air-gapped"], request.param, tmp_path)
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")


@pytest.mark.parametrize("consumer", ["consumer", "consumer-plain"], indirect=True)
def test_a_consumer_reads_the_outputs(consumer: Consumer) -> None:
    consumer.pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(consumer.pulumi("stack", "output", "--json"))
    assert outputs["rancher"] == consumer.server.outputs()["rancherUrl"]
    assert outputs.get("kubeconfig", "[secret]") == "[secret]"
    state = consumer.pulumi("stack", "export")
    assert "BEGIN EC PRIVATE KEY" not in state
    assert "token:" not in state
    consumer.pulumi("preview", "--expect-no-changes")


@pytest.mark.parametrize("consumer", ["team"], indirect=True)
def test_a_stack_of_another_team_is_judged_by_the_same_pack(consumer: Consumer) -> None:
    figures = consumer.directory / "podNetwork.json"
    figures.write_text(json.dumps(consumer.server.outputs()["podNetwork"]))
    policies = json.loads((consumer.directory / "policy.json").read_text())
    settings = policies["pod-network-stack"]
    settings["figuresFile"] = str(figures)
    settings["shares"] = {"team-shop/trial": settings["shares"]["team-shop/prod"]}
    (consumer.directory / "policy.json").write_text(json.dumps(policies))
    pack = ("--policy-pack", str(REPO / "policy"), "--policy-pack-config", "policy.json")

    # The plan has no room for applications yet: the team asks the owner for it first.
    refused = consumer.pulumi("preview", *pack, check=False)
    assert "add up to 2 namespaces, but the plan has room for 0" in refused, refused
    document = json.loads(figures.read_text())
    document["figures"]["demands"][0]["applications"] = 2
    figures.write_text(json.dumps(document))
    assert "can't run policy" not in consumer.pulumi("up", "--yes", "--skip-preview", *pack)

    consumer.pulumi("config", "set", "--path", "namespaces[0]", "shop")
    consumer.pulumi("config", "set", "--path", "namespaces[1]", "stray")
    assert "namespace 'stray' is not declared" in consumer.pulumi("preview", *pack, check=False)
