"""The article's main path through the real engine, in the order in which an operator lives it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections import Counter
from urllib.parse import urlsplit

import pytest

from lab import process
from lab.engine import Engine
from lab.foundation import vcenter
from lab.foundation.state import State
from lab.layout import REPO
from tests.lab.conftest import Site, addresses, bosh, commands, https_get, pks
from tests.lab.rules import rules

pytestmark = pytest.mark.lab

OFF = {"dnsMode": None, "dnsApiRecord": None, "antiAffinity": "off", "rancherBootstrap": False}


def changed(engine: Engine, *arguments: str) -> dict[str, str]:
    """Name and operation of each resource that a preview would touch."""
    preview = engine.json("preview", "--json", *arguments)
    assert isinstance(preview, dict)
    return {
        step["urn"].rsplit("::", 1)[1]: step["op"]
        for step in preview["steps"]
        if step["op"] not in {"same", "read"}
    }


def test_rancher_answers_with_trusted_tls(site: Site) -> None:
    outputs = site.engine.outputs()
    url = urlsplit(str(outputs["rancherUrl"]))
    status, body = https_get(
        str(outputs["vip"]), url.port or 443, str(url.hostname), "/ping", str(outputs["caBundle"])
    )
    assert (status, body) == (200, "pong")


def test_another_ca_is_not_trusted(site: Site) -> None:
    outputs = site.engine.outputs()
    url = urlsplit(str(outputs["rancherUrl"]))
    with pytest.raises(ssl.SSLCertVerificationError):
        https_get(str(outputs["vip"]), url.port or 443, str(url.hostname), "/ping", None)


def test_up_asked_pks_for_no_more_than_it_needs(site: Site) -> None:
    """Written before anything else talks to pks: the calls are those of the first ``up``."""
    calls = Counter(commands(site.first_calls))
    polls = calls.pop("cluster")
    assert polls >= 2
    # Preview and update are processes of their own: each logs in and checks the foundation once. Before the
    # stack has outputs, the program itself asks for the cluster too, whose subnets are not others'.
    assert calls == {
        "login": 4,
        "plans": 2,
        "network-profiles": 2,
        "clusters": 2,
        "create-network-profile": 1,
        "create-cluster": 1,
        "get-credentials": 1,
    }


def test_second_preview_is_empty_and_asks_pks_nothing(site: Site) -> None:
    before = len(site.calls())
    done = site.engine.run("preview", "--expect-no-changes", check=False)
    assert done.returncode == 0, done.stdout
    assert commands(site.calls()[before:]) == []


def test_the_documented_graph_is_the_engines(site: Site) -> None:
    state = json.dumps(site.engine.json("stack", "export"))
    command = [sys.executable, "docs/graph.py", "--check"]
    done = subprocess.run(command, input=state, cwd=REPO, text=True, check=False)
    assert done.returncode == 0, "run: pulumi stack export -s lab | python docs/graph.py"


def test_refresh_finds_no_drift(site: Site) -> None:
    done = site.engine.run("refresh", "--preview-only", "--expect-no-changes", check=False)
    assert done.returncode == 0, done.stdout


def test_state_holds_no_secret_in_clear(site: Site) -> None:
    outputs = site.engine.outputs()
    state = json.dumps(site.engine.json("stack", "export"))
    token = next(
        line.split("token: ")[1] for line in str(outputs["kubeconfig"]).splitlines() if "token: " in line
    )
    credentials = json.loads(site.lab.credentials.read_text())
    secrets = [
        token,
        *(value for system in credentials.values() for value in system.values() if len(value) > 20),
    ]
    secrets += ["BEGIN EC PRIVATE KEY", "BEGIN RSA PRIVATE KEY", "BEGIN PRIVATE KEY"]
    assert [secret for secret in secrets if secret.strip() in state] == []
    log = "\n".join(path.read_text(errors="replace") for path in (site.lab.home / "log").glob("calls*"))
    assert [secret for secret in secrets if secret.strip() in log] == []


def test_a_worker_more_touches_only_the_cluster(site: Site) -> None:
    site.configure(site.engine, workers=4)
    try:
        steps = changed(site.engine)
        assert set(steps.values()) == {"update"}
        assert {name for name in steps if name.endswith("-rule")} == {"placement-workers-rule"}
        placement = {"placement", "placement-cids", "placement-masters", "placement-workers"}
        others = {"preflight", "rancher", "rancher-cluster", "placement-workers-rule"}
        assert set(steps) <= others | placement
        before = site.engine.outputs()
        assert "replaced" not in site.engine.run("up", "--yes", "--skip-preview").stdout
        cluster = json.loads(pks(site, "cluster", "rancher-lab", "--json"))
        assert cluster["parameters"]["kubernetes_worker_instances"] == 4
        assert site.engine.outputs()["clusterUuid"] == before["clusterUuid"]
    finally:
        site.configure(site.engine, workers=3)
        site.engine.run("up", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("changes", "touched"),
    [
        (
            {"rancherValues": {"antiAffinity": "required"}},
            {"rancher-server-release", "rancher-server-rollout", "rancher-server-ping"},
        ),
        (
            {"ingressValues": {"controller": {"config": {"keep-alive": "60"}}}},
            {"ingress-release", "ingress-rollout"},
        ),
        (
            {"certificateOrganization": "Example"},
            {
                "certificates-csr",
                "certificates-server",
                "certificates-tls",
                "endpoint",
                "rancher-server-ping",
            },
        ),
    ],
)
def test_a_change_touches_only_what_it_must(
    site: Site, changes: dict[str, object], touched: set[str]
) -> None:
    site.configure(site.engine, **changes)
    try:
        assert set(changed(site.engine)) == touched
    finally:
        site.configure(site.engine, **dict.fromkeys(changes))


def test_a_resize_by_hand_is_seen_as_drift(site: Site) -> None:
    pks(site, "resize", "rancher-lab", "--num-nodes", "4", "--non-interactive", "--wait")
    done = site.engine.run("refresh", "--preview-only", "--expect-no-changes", check=False)
    assert done.returncode != 0
    pks(site, "resize", "rancher-lab", "--num-nodes", "3", "--non-interactive", "--wait")
    assert site.engine.run("refresh", "--preview-only", "--expect-no-changes", check=False).returncode == 0


def test_bosh_making_a_vm_anew_leads_to_one_changed_rule(site: Site) -> None:
    deployment = f"service-instance_{site.engine.outputs()['clusterUuid']}"

    def workers() -> dict[str, str]:
        [table] = json.loads(bosh(site, "-d", deployment, "vms", "--json"))["Tables"]
        rows = [row for row in table["Rows"] if row["instance"].startswith("worker/")]
        return {row["instance"]: row["vm_cid"] for row in rows}

    before = workers()
    instance = min(before)
    bosh(site, "-d", deployment, "recreate", instance)
    assert workers()[instance] != before[instance]
    done = site.engine.run("refresh", "--preview-only", "--expect-no-changes", check=False)
    assert done.returncode != 0
    assert "placement-cids" in done.stdout
    site.engine.run("refresh", "--yes", "--skip-preview")
    steps = changed(site.engine)
    assert {name for name in steps if name.endswith("-rule")} == {"placement-workers-rule"}
    assert set(steps) <= {"placement", "placement-cids", "placement-workers", "placement-workers-rule"}
    site.engine.run("up", "--yes", "--skip-preview")
    assert rules(site.lab)["DC0_C0/rancher-lab PKS cluster workers!"] == set(workers().values())
    assert changed(site.engine) == {}


def test_the_first_start_is_done(site: Site) -> None:
    outputs = site.engine.outputs()
    assert (outputs["rancherUser"], outputs["localClusterState"]) == ("admin", "active")
    state = json.dumps(site.engine.json("stack", "export"))
    for name in ("rancherPassword", "rancherToken"):
        assert len(str(outputs[name])) > 20
        assert str(outputs[name]) not in state
    hidden = site.engine.outputs(show_secrets=False)
    assert {hidden[name] for name in ("rancherPassword", "rancherToken")} == {"[secret]"}


def test_parts_that_are_turned_off_are_removed(site: Site) -> None:
    before = site.engine.config_file.read_text()
    outputs = site.engine.outputs()
    names = (str(outputs["rancherHostname"]), "rancher-lab.lab.test")
    assert [addresses(site, name) for name in names] == [[outputs["vip"]], [api_address(outputs)]]
    assert len(own_rules(site)) == 2
    assert token_status(outputs) == 200
    site.configure(site.engine, **OFF)
    try:
        steps = changed(site.engine)
        assert steps.pop("preflight") == "update", "which asks neither DNS server nor vCenter any more"
        assert set(steps.values()) == {"delete"}
        parts = (
            "rancher-dns",
            "api-dns",
            "placement",
            "rancher-bootstrap",
            "rancher-password",
            "sprawl-brake",
        )
        assert {part for part in parts for name in steps if name.startswith(part)} == set(parts)
        assert all(name.startswith(parts) for name in steps)
        assert site.engine.run("up", "--yes", "--skip-preview").returncode == 0
        assert site.engine.run("preview", "--expect-no-changes", check=False).returncode == 0
        left = site.engine.outputs()
        assert not {"rancherPassword", "rancherToken", "antiAffinityRules"} & set(left)
        # Not only the state: DNS server, vCenter and Rancher have lost them.
        assert [addresses(site, name) for name in names] == [[], []]
        assert own_rules(site) == []
        assert token_status(outputs) == 401
        # The output has the record to create by hand, and Rancher still answers at the virtual IP.
        assert left["dnsRecord"] == f"{names[0]}. 60 IN A {left['vip']}"
        test_rancher_answers_with_trusted_tls(site)
    finally:
        site.engine.config_file.write_text(before)
    # And on again; Rancher's password is not known any more and cannot be guessed.
    done = site.engine.run("up", "--yes", "--skip-preview", check=False)
    assert "rancherAdminPassword: Rancher at" in done.stdout
    assert done.returncode != 0
    site.engine.run("config", "set", "--secret", "rancherAdminPassword", str(outputs["rancherPassword"]))
    assert site.engine.run("up", "--yes", "--skip-preview").returncode == 0
    assert addresses(site, names[0]) == [outputs["vip"]]
    assert len(own_rules(site)) == 2
    assert token_status(site.engine.outputs()) == 200


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ({"dnsMode": None, "dnsApiRecord": None}, ("/dns:",)),
        ({"antiAffinity": "off"}, ("/placement:", "vsphere:")),
        ({"rancherBootstrap": False}, ("/rancher:Admin", "/rancher:LocalCluster", "/rancher:Password")),
    ],
)
def test_a_part_that_is_turned_off_creates_nothing(
    site: Site, part: dict[str, object], kinds: tuple[str, ...]
) -> None:
    engine = site.beside("plain")

    def planned() -> set[str]:
        preview = engine.json("preview", "--json")
        assert isinstance(preview, dict)
        return {str(step["newState"]["type"]) for step in preview["steps"] if step["op"] == "create"}

    try:
        with_it = planned()
        site.configure(engine, **part)
        without = planned()
    finally:
        engine.config_file.unlink()
    assert {kind for kind in with_it if any(own in kind for own in kinds)} != set()
    assert {kind for kind in without if any(own in kind for own in kinds)} == set()


def own_rules(site: Site) -> list[str]:
    """Names of the rules that vCenter has for the cluster of the lab's stack."""
    return [name for name in rules(site.lab) if "/rancher-lab PKS cluster" in name]


def token_status(outputs: dict[str, object]) -> int:
    """What Rancher answers to the API token in these outputs."""
    url = urlsplit(str(outputs["rancherUrl"]))
    status, _ = https_get(
        str(outputs["vip"]),
        url.port or 443,
        str(url.hostname),
        "/v3/users?me=true",
        str(outputs["caBundle"]),
        Authorization=f"Bearer {outputs['rancherToken']}",
    )
    return status


def api_address(outputs: dict[str, object]) -> str:
    """Address of the Kubernetes API, as its endpoint or kubeconfig names it."""
    return str(urlsplit(str(outputs["apiEndpoint"])).hostname)


def test_destroy_leaves_nothing_in_the_foundation(site: Site) -> None:
    done = site.engine.run("destroy", "--yes", "--skip-preview", check=False)
    assert done.returncode == 0, done.stdout
    assert json.loads(pks(site, "clusters", "--json")) == []
    assert json.loads(pks(site, "network-profiles", "--json")) == []
    assert process.running(site.lab, "cluster-") == {}
    assert list((site.lab.home / "clusters").glob("*")) == []
    assert vcenter.cids(site.lab) == []
    assert rules(site.lab) == {}
    assert addresses(site, "rancher.lab.test") == addresses(site, "rancher-lab.lab.test") == []
    inventory = State.load(site.lab).inventory
    assert (inventory.subnets, [item for items in inventory.allocations.values() for item in items]) == (
        {},
        [],
    )
    assert all(not objects for objects in inventory.objects.values())
