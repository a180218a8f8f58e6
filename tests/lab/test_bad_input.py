"""Bad input, each kind tried through the real engine: one clear error, and nothing is created."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import Engine
from tests import pki
from tests.lab.conftest import Site, commands, pks

pytestmark = pytest.mark.lab

HOST = "bad.lab.test"


@pytest.fixture(scope="module")
def bad(site: Site) -> Engine:
    """A stack of its own beside the one that is up: good in all but what a test changes."""
    return site.beside("bad")


@pytest.fixture(autouse=True)
def restore(bad: Engine) -> Iterator[None]:
    before = bad.config_file.read_text()
    yield
    bad.config_file.write_text(before)


def refused(
    site: Site, engine: Engine, *expected: str, errors: int = 1, env: dict[str, str] | None = None
) -> str:
    """``up`` fails with ``errors`` errors that say all of ``expected``, and leaves nothing."""
    before = len(site.calls())
    done = engine.run("up", "--yes", "--skip-preview", "--color", "never", check=False, env=env)
    assert done.returncode != 0, done.stdout
    for text in expected:
        assert text in done.stdout, done.stdout
    diagnostics = done.stdout.split("Diagnostics:")[-1]
    lines = [line for line in diagnostics.splitlines() if "error:" in line and "update failed" not in line]
    assert len(lines) == errors, done.stdout
    assert "Traceback" not in done.stdout
    assert not {"create-cluster", "create-network-profile"} & set(commands(site.calls()[before:]))
    state = engine.json("stack", "export")
    assert isinstance(state, dict)
    made = [item["type"] for item in state["deployment"].get("resources") or [] if item.get("custom")]
    # They make nothing.
    checks = ("pulumi:providers", "helm:Chart", "capacity:PodNetwork", "dns:UpdateAccess", "placement:Hosts")
    assert [kind for kind in made if not any(check in kind for check in checks)] == []
    return done.stdout


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"clusterName": None}, ["clusterName", "pulumi config set"]),
        ({"clustrName": "bad"}, ["clustrName", "clusterName"]),
        ({"rancherReplicas": "three"}, ["rancherReplicas", "three"]),
        ({"networkProfileParameters": {"lb_size": "huge"}}, ["lb_size", "huge"]),
        ({"rancherHostname": "bad-api.lab.test"}, ["rancherHostname", "externalHostname"]),
        ({"rancherVersion": "2.8.5"}, ["rancherVersion", "2.8.5", "1.36"]),
        ({"rancherVersion": "2.15.99"}, ["2.15.99"]),
        ({"plan": "nosuch"}, ["nosuch"]),
        ({"externalHostname": "rancher-lab.lab.test"}, ["rancher-lab.lab.test", "rancher-lab"]),
        ({"pksCli": "no-such-pks"}, ["no-such-pks", "pksCli"]),
        ({"ingressChartRepository": "http://127.0.0.1:9"}, ["http://127.0.0.1:9"]),
        ({"caPrivateKeyFile": "/nowhere/ca.key"}, ["caPrivateKeyFile", "/nowhere/ca.key"]),
    ],
)
def test_configuration(site: Site, bad: Engine, changes: dict[str, object], expected: list[str]) -> None:
    site.configure(bad, **changes)
    refused(site, bad, *expected)


def test_every_error_at_once(site: Site, bad: Engine) -> None:
    site.configure(bad, clusterName=None, clustrName="x", vipCidr="nonsense", workers="-1")
    refused(site, bad, "clusterName", "clustrName", "vipCidr", "workers")


def test_plan_too_small(site: Site, bad: Engine) -> None:
    """Masters, workers and privileged containers are three errors, told together."""
    site.configure(bad, plan="dev-small")
    refused(site, bad, "dev-small", "master", "worker", "privileged", errors=3)


def test_profile_in_use_with_other_parameters(site: Site, bad: Engine) -> None:
    profile = site.lab.path("lb-taken.json")
    profile.write_text(
        json.dumps({"name": "lb-taken", "description": "", "parameters": {"lb_size": "large"}})
    )
    pks(site, "create-network-profile", str(profile))
    site.configure(bad, networkProfile="lb-taken")
    refused(site, bad, "lb-taken", "lb_size")
    pks(site, "delete-network-profile", "lb-taken", "--non-interactive")


def test_wrong_credentials(site: Site, bad: Engine) -> None:
    output = refused(site, bad, "rejected", "pks-admin", env={"PKS_PASSWORD": "not-the-password"})
    assert "not-the-password" not in output


@pytest.mark.parametrize("case", ["another host", "expired", "wrong key", "missing CA", "another CA"])
def test_certificate(site: Site, bad: Engine, tmp_path: Path, case: str) -> None:
    authority = pki.root()
    server = pki.server(authority, "other.lab.test" if case == "another host" else HOST)
    if case == "expired":
        server = pki.server(authority, HOST, days=(-60, -30))
    key = pki.server(authority, HOST).key_pem if case == "wrong key" else server.key_pem
    key_file = tmp_path / "server.key"
    key_file.write_text(key)
    ca = tmp_path / "absent.pem"
    if case != "missing CA":
        ca = Path(pki.write(tmp_path, "ca.pem", pki.root() if case == "another CA" else authority))
    certificate = pki.write(tmp_path, "server.pem", server)
    files = {"certificateFile": certificate, "privateKeyFile": str(key_file), "caCertificateFile": str(ca)}
    site.configure(bad, certificateSource="files", caPrivateKeyFile=None, **files)
    expected = {
        "another host": [certificate, "other.lab.test", HOST],
        "expired": [certificate, server.certificate.not_valid_after_utc.date().isoformat()],
        "wrong key": [str(key_file)],
        "missing CA": [str(ca), "caCertificateFile"],
        "another CA": ["caCertificateFile"],
    }
    refused(site, bad, *expected[case])
