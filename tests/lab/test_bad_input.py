"""Bad input, each kind tried through the real engine: one clear error, and nothing is created."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from lab.build import build
from lab.engine import Engine
from lab.helm_choice import OLD_CHARTS
from lab.recipes import HELM
from lab.recipes import HELM2 as HELM2_TOOLS
from tests import pki
from tests.dns.sites import OTHER_SECRET
from tests.lab.conftest import Site, commands, pks, state_file

pytestmark = pytest.mark.lab

HOST = "bad.lab.test"
_numbers = itertools.count()
HELM2 = {"helmEngine": "v2", **OLD_CHARTS}
LOCAL = {**HELM2, "tillerMode": "local"}


@pytest.fixture(scope="module")
def bad(site: Site) -> Engine:
    """A stack of its own beside the one that is up: good in all but what a test changes."""
    for recipe in (HELM, HELM2_TOOLS):
        build(recipes=[recipe])
    return site.beside("bad")


@pytest.fixture
def fresh(site: Site) -> Engine:
    """A stack without a state: in one that was checked, nobody is asked about inputs that stay the same."""
    return site.beside(f"fresh{next(_numbers)}")


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
    state = json.loads(state_file(engine).read_text())["checkpoint"]["latest"] or {}
    made = [item["type"] for item in state.get("resources") or [] if item.get("custom")]
    # They create nothing.
    checks = ["pulumi:providers", "preflight:Preflight", "capacity:PodNetwork"]
    assert [kind for kind in made if not any(check in kind for check in checks)] == []
    return done.stdout


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "clusterName": None,
                "clustrName": "bad",
                "workers": "-1",
                "vipCidr": "nonsense",
                "rancherReplicas": "three",
                "networkProfileParameters": {"lb_size": "huge"},
                "rancherHostname": "bad-api.lab.test",
                "caPrivateKeyFile": "/nowhere/ca.key",
                "rancherAdminPassword": "short",
            },
            [
                "the configuration has 9 problems; nothing was changed:",
                "- clusterName: is not set. Run: pulumi config set clusterName",
                "- clustrName: is not a known config key. Did you mean clusterName?",
                '- workers: must be at least 0 ("-1")',
                '- vipCidr: must be a CIDR with no host bits set, such as 10.50.0.0/24 ("nonsense")',
                '- rancherReplicas: must be a whole number ("three")',
                "- networkProfileParameters.lb_size: must be 'small', 'medium' or 'large' (\"huge\")",
                "- rancherHostname: is also externalHostname",
                "- caPrivateKeyFile: does not exist (/nowhere/ca.key)",
                "- rancherAdminPassword: is in plain text (***). Run: pulumi config set --secret",
            ],
        ),
        ({"rancherVersion": "2.8.5"}, ["rancherVersion", "2.8.5", "1.36"]),
        (
            {
                "externalHostname": "rancher-lab.lab.test",
                "boshCli": "no-such-bosh",
                "dnsServer": "127.0.0.1:9",
            },
            [
                "the preflight has 3 problems; nothing was changed:",
                *("- externalHostname: ", "rancher-lab.lab.test", "rancher-lab"),
                *("no-such-bosh", "boshCli", "VM source `attributes`"),
                *("dnsServer", "127.0.0.1:9", "Connection refused"),
            ],
        ),
        (
            {"kubernetesVersion": "1.35", "workers": "5", **HELM2, "helm2Cli": "no-such-helm2"},
            [
                "the preflight has 3 problems; nothing was changed:",
                "- kubernetesVersion, kubernetesVersionCheck: the foundation deploys Kubernetes 1.36",
                "(cluster 'rancher-lab' of PKS 1.27.0-build.7), not 1.35. Set it to 1.36",
                *("DC0_C0 has 4 hosts in service for 5 workers", "the mode `should`"),
                *("no-such-helm2", "helm2Cli"),
            ],
        ),
        (
            {"pksCli": "no-such-pks", **HELM2, "helm2Cli": "helm"},
            ["no-such-pks", "pksCli", "helm is not helm v2", "v3.", "helm2Cli"],
        ),
        ({**LOCAL, "tillerCli": "no-such-tiller"}, ["no-such-tiller", "tillerCli"]),
        ({**HELM2, "tillerImage": "example.com/tiller:v2.16.1"}, ["v2.17.0", "v2.16.1", "tillerImage"]),
    ],
)
def test_configuration(site: Site, bad: Engine, changes: dict[str, object], expected: list[str]) -> None:
    """Every mistake that can be seen is in one message."""
    site.configure(bad, **changes)
    refused(site, bad, *expected)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PKS_PASSWORD": "not-it"}, ["rejected", "pks-admin"]),
        ({"VSPHERE_PASSWORD": "not-it"}, ["rejected user 'administrator@vsphere.local'", "vspherePassword"]),
        ({"DNS_TSIG_SECRET": OTHER_SECRET}, ["(BADSIG)", "Check dnsTsigSecret"]),
        ({"DNS_TSIG_NAME": "nobody"}, ["TSIG key nobody", "(BADKEY)", "dnsTsigName"]),
    ],
)
def test_credentials(site: Site, fresh: Engine, env: dict[str, str], expected: list[str]) -> None:
    output = refused(site, fresh, *expected, env=env)
    assert not [
        value for name, value in env.items() if name.endswith(("PASSWORD", "SECRET")) and value in output
    ]


def test_short_password(site: Site, bad: Engine) -> None:
    bad.run("config", "set", "--secret", "rancherAdminPassword", "short")
    refused(site, bad, "rancherAdminPassword: has 5 characters; Rancher 2.15.0 requires 12 (***)")


def test_names_that_are_not_to_be_had(site: Site, fresh: Engine) -> None:
    """Another record holds the name, or the server takes no updates: told before the cluster is ordered."""
    hostname = f"{fresh.stack}.lab.test"
    known = json.loads(site.lab.credentials.read_text())["dns"]
    host, port = site.lab.dns_server.split(":")
    key = dns.tsig.Key(known["key"], known["secret"])

    def change(act: str, *record: Any) -> None:
        message = dns.update.UpdateMessage("lab.test", keyring=key)
        getattr(message, act)(f"{hostname}.", *record)
        assert dns.query.tcp(message, host, 10, int(port)).rcode() == dns.rcode.NOERROR

    change("add", 60, "CNAME", "www.lab.test.")
    refused(site, fresh, f"the DNS name {hostname} already has other records (CNAME www.lab.test.)")
    change("delete")
    site.configure(fresh, dnsZone="lab.test")
    site.lab.faults.write_text(json.dumps({"dns": {"rcode": "REFUSED"}}))
    try:
        refused(
            site, fresh, "refuses to update zone lab.test (REFUSED). Allow key rancher-updates to update it"
        )
    finally:
        site.lab.faults.unlink()


def test_plan_too_small(site: Site, bad: Engine) -> None:
    """Masters, workers and privileged containers are three problems in one message."""
    site.configure(bad, plan="dev-small")
    refused(
        site,
        bad,
        "the preflight has 3 problems; nothing was changed:",
        *("- planMasters: plan 'dev-small' has", "- planWorkers: plan", "- planPrivileged: plan"),
    )


def test_the_kubernetes_version_may_be_left_out(site: Site, fresh: Engine) -> None:
    """Other clusters show it, so a preview is the same with it and without it."""
    site.configure(fresh, kubernetesVersion=None)
    done = fresh.run("preview", "--color", "never")
    assert "kubernetesVersion: 1.36, as cluster 'rancher-lab' of PKS 1.27.0-build.7 has it" in done.stdout
    site.configure(fresh, rancherVersion="2.8.5")
    refused(site, fresh, "rancherVersion: Rancher 2.8.5 runs on Kubernetes", "not 1.36")


def test_mistakes_in_six_systems_and_in_a_file(site: Site, fresh: Engine, tmp_path: Path) -> None:
    """One run, one message, each finding once with its key and remedy."""
    authority = pki.root()
    server = pki.server(authority, "third.lab.test")
    (tmp_path / "server.key").write_text(server.key_pem)
    other = f"{fresh.stack}-other.lab.test"
    site.configure(
        fresh,
        plan="nosuch",
        rancherVersion="2.15.99",
        ingressChartRepository="https://127.0.0.1:9",
        dnsZone="test",
        vsphereComputeClusters=["C9"],
        podNetwork={"blocks": [{"cidr": "172.31.0.0/16"}]},
        rancherHostname=other,
        certificateSource="files",
        certificateFile=pki.write(tmp_path, "server.pem", server),
        privateKeyFile=str(tmp_path / "server.key"),
        caCertificateFile=pki.write(tmp_path, "ca.pem", authority),
        caPrivateKeyFile=None,
    )
    output = refused(
        site,
        fresh,
        "the preflight has 7 problems; nothing was changed:",
        *("- plan: there is no plan 'nosuch'", "Choose one of these"),
        *("- rancherVersion: ", "has no version '2.15.99' of chart 'rancher'. Choose one of its versions: "),
        "- ingressChartRepository: the chart repository is unreachable",
        "https://127.0.0.1:9",
        *("- dnsServer, dnsZone: DNS server", "refuses to update zone test (NOTAUTH)"),
        "use the zone's primary server",
        *("- vsphereComputeClusters: vCenter has no vSphere cluster 'C9'", "it has DC0_C0"),
        *("- podNetwork: ", "172.31.0.0/16"),
        f'- certificateFile: certificate "CN=third.lab.test" is not for {other}: it names third.lab.test',
    )
    diagnostics = output.split("Diagnostics:")[-1]
    lines = [line for line in diagnostics.splitlines() if line.strip().startswith("- ")]
    assert len(lines) == len(set(lines)) == 7
    assert diagnostics.count("resource 'preflight'") == 1


def test_profile_in_use_with_other_parameters(site: Site, bad: Engine) -> None:
    profile = site.lab.path("lb-taken.json")
    profile.write_text(
        json.dumps({"name": "lb-taken", "description": "", "parameters": {"lb_size": "large"}})
    )
    pks(site, "create-network-profile", str(profile))
    site.configure(bad, networkProfile="lb-taken")
    refused(site, bad, "lb-taken", "lb_size")
    pks(site, "delete-network-profile", "lb-taken", "--non-interactive")


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
