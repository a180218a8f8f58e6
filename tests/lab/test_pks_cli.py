"""``pks`` and ``tkgi`` as a person or a script runs them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.cli.console import masked
from lab.layout import REPO
from tests.lab.foundation_site import Cli, Site, idle_site, run_cli, site

__all__ = ["idle_site", "site"]

_EMPTY_LIST = "[]\n"


@pytest.fixture
async def cli(site: Site) -> Cli:
    """``pks``, logged in."""
    found = Cli(site)
    await found.login()
    return found


# --- login ---------------------------------------------------------------------------------------
async def test_login_keeps_tokens_in_a_private_file(site: Site) -> None:
    cli = Cli(site)
    assert await cli.fails("clusters") == (
        "Error: You are not currently authenticated. Please log in to continue\n"
    )
    out = await cli.login()
    assert f"API Endpoint: {site.lab.pks_host}\nUser: pks-admin\n" in out
    file = cli.home / "creds.yml"
    assert file.stat().st_mode & 0o777 == 0o600
    saved = yaml.safe_load(file.read_text())
    assert saved["ca_cert"] == site.lab.ca_certificate.read_text()
    assert (await site.call("GET", f"https://{site.lab.pks_host}:9021/v1/plans", saved["access_token"]))[
        0
    ] == 200
    await cli.ok("logout")
    assert "not currently authenticated" in await cli.fails("plans")


async def test_the_home_is_the_default_place(site: Site) -> None:
    known = site.credentials["pks"]
    login = [*Cli(site).target, "-u", known["username"], "-p", known["password"]]
    assert (await run_cli(site, "pks", *login))[0] == 0
    assert (site.lab.home / ".pks" / "creds.yml").exists()


async def test_rejected_credentials(site: Site) -> None:
    cli = Cli(site)
    rejected = "Error: Credentials were rejected, please try again.\n"
    assert await cli.fails(*cli.target, "-u", "pks-admin", "-p", "guess") == rejected
    assert await cli.fails(*cli.target, "--client-name", "automation", "--client-secret", "guess") == rejected
    assert not (cli.home / "creds.yml").exists()


async def test_a_clients_login_ends_with_its_token(site: Site) -> None:
    cli, known = Cli(site), site.credentials["pks"]
    client = ["--client-name", known["client"], "--client-secret", known["client_secret"]]
    await cli.ok(*cli.target, *client)
    assert await cli.ok("clusters", "--json") == _EMPTY_LIST
    site.faults(uaa={"revoked_before": time.time()})
    assert "not currently authenticated" in await cli.fails("clusters")


async def test_a_persons_token_is_refreshed(site: Site) -> None:
    cli = Cli(site)
    site.faults(uaa={"access_seconds": 0})
    await cli.login()
    before = (cli.home / "creds.yml").read_text()
    site.faults()
    assert await cli.ok("clusters", "--json") == _EMPTY_LIST
    assert (cli.home / "creds.yml").read_text() != before
    site.faults(uaa={"revoked_before": time.time()})
    assert "not currently authenticated" in await cli.fails("clusters")


async def test_tls_is_verified_unless_told_otherwise(site: Site, tmp_path: Path) -> None:
    cli, known = Cli(site), site.credentials["pks"]
    user = ["-u", known["username"], "-p", known["password"]]
    unknown = await cli.fails("login", "-a", site.lab.pks_host, *user)
    assert "x509: certificate signed by unknown authority" in unknown
    assert "not-there" in await cli.fails(*cli.target[:-1], "not-there", *user)
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    assert "CA certificate" in await cli.fails(*cli.target[:-1], str(garbage), *user)
    await cli.ok("login", "-a", f"https://{site.lab.pks_host}:9021", "-k", *user)
    assert await cli.ok("clusters", "--json") == _EMPTY_LIST


async def test_an_api_that_is_not_there(idle_site: Site) -> None:
    cli = Cli(idle_site)
    assert "connection refused" in await cli.fails(*cli.target, "-u", "x", "-p", "y")
    assert "no such host" in await cli.fails("login", "-a", "pks.invalid", "-u", "x", "-p", "y")


async def test_the_password_is_asked_for_on_the_terminal(site: Site) -> None:
    known, ours, theirs = site.credentials["pks"], *pty.openpty()
    command = [str(site.lab.home / "bin" / "pks"), *Cli(site).target, "-u", known["username"]]
    env = {**os.environ, "PYTHONPATH": str(REPO), "PKS_HOME": str(site.lab.home / "terminal")}
    seen = ""

    def converse() -> int:
        nonlocal seen
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True
        ) as child:
            os.close(theirs)
            while "Login successful" not in seen:
                seen += os.read(ours, 4096).decode()
                if seen.endswith("Password: "):
                    os.write(ours, known["password"].encode() + b"\n")
            return child.wait(10)

    assert await asyncio.to_thread(converse) == 0
    os.close(ours)
    assert known["password"] not in seen


async def test_without_a_terminal_the_password_is_a_line_of_input(site: Site) -> None:
    cli, known = Cli(site), site.credentials["pks"]
    out = await cli.ok(*cli.target, "-u", known["username"], stdin=known["password"] + "\n")
    assert out.startswith("Password: ")


# --- clusters ------------------------------------------------------------------------------------
async def test_a_cluster_is_ordered_shown_and_deleted(cli: Cli) -> None:
    cli.site.plane.gate.clear()
    out = await cli.create()
    assert "\nLast Action Description:  Creating cluster\n" in out
    assert out.endswith("Use 'pks cluster one' to monitor the state of your cluster\n")
    assert "Kubernetes Master IP(s):  In Progress\n" in await cli.ok("cluster", "one")
    cli.site.plane.gate.set()
    document = await cli.site.settled()
    text = (await cli.ok("cluster", "one")).strip().splitlines()
    assert [line[:26].rstrip() for line in text] == [
        "PKS Version:",
        "Name:",
        "K8s Version:",
        "Plan Name:",
        "UUID:",
        "Last Action:",
        "Last Action State:",
        "Last Action Description:",
        "Kubernetes Master Host:",
        "Kubernetes Master Port:",
        "Worker Nodes:",
        "Kubernetes Master IP(s):",
        "Network Profile Name:",
    ]
    assert text[11][26:] == cli.site.lab.address(50, 10)
    assert json.loads(await cli.ok("cluster", "one", "--json")) == document
    assert json.loads(await cli.ok("clusters", "--json")) == [document]
    row = (await cli.ok("clusters")).strip().splitlines()
    assert row[0].split("  ")[0] == "Name"
    assert row[1].split() == ["one", "rancher", document["uuid"], "succeeded", "CREATE"]
    details = await cli.ok("cluster", "one", "--details")
    assert "NSXT Network Details:" in details
    assert '(lb_size):                 "small"' in details

    assert "cancelled" in await cli.fails("delete-cluster", "one", stdin="n\n")
    assert "cancelled" in await cli.fails("delete-cluster", "one")
    out = await cli.ok("delete-cluster", "one", stdin="y\n")
    assert out.startswith("Are you sure you want to delete cluster one? (y/n)")
    await cli.site.settled()
    assert await cli.fails("cluster", "one") == "Error: Cluster one not found\n"


async def test_wait_waits(cli: Cli) -> None:
    out = await cli.create("--wait", "--json", "-n", "2")
    document = json.loads(out)
    assert (document["last_action_state"], document["parameters"]["kubernetes_worker_instances"]) == (
        "succeeded",
        2,
    )
    await cli.ok("delete-cluster", "one", "--non-interactive", "--wait")
    assert await cli.ok("clusters", "--json") == _EMPTY_LIST
    cli.site.plane.error = "etcd ended"
    order = ["create-cluster", "one", "-e", "one.example.com", "-p", "rancher"]
    assert "etcd ended" in await cli.fails(*order, "--non-interactive", "--wait")


async def test_a_cluster_is_changed(cli: Cli) -> None:
    await cli.ok("create-compute-profile", str(_file(cli, {"name": "spread", "parameters": {}})))
    cli.site.plane.gate.clear()
    await cli.create()
    busy = await cli.fails("update-cluster", "one", "--num-nodes", "4", "--non-interactive")
    assert "An operation is in progress" in busy
    cli.site.plane.gate.set()
    await cli.site.settled()
    out = await cli.ok("update-cluster", "one", "--num-nodes", "4", stdin="y\n")
    assert out.startswith("Update summary for cluster one:\nWorker Number: 4\nAre you sure you want")
    assert (await cli.site.settled())["parameters"]["kubernetes_worker_instances"] == 4
    flags = ["--tags", "owner:blog, keyOnly", "--compute-profile", "spread", "--non-interactive", "--json"]
    ordered = json.loads(await cli.ok("update-cluster", "one", *flags))
    tags = [{"name": "owner", "value": "blog"}, {"name": "keyOnly", "value": ""}]
    assert ordered["parameters"]["cluster_tags"] == tags
    assert (await cli.site.settled())["compute_profile_name"] == "spread"
    await cli.ok("resize", "one", "-n", "2", "--non-interactive", "--wait")
    assert (await cli.site.cluster())["parameters"]["kubernetes_worker_instances"] == 2
    assert "at least one" in await cli.fails("update-cluster", "one", "--non-interactive")
    assert "from 1 to" in await cli.fails("resize", "one", "-n", "99", "--non-interactive")


async def test_hostname_and_plan_are_for_creation_only(cli: Cli) -> None:
    await cli.create()
    await cli.site.settled()
    for flags in (["-e", "other.example.com"], ["-p", "dev-small"]):
        assert "unrecognized arguments" in await cli.fails("update-cluster", "one", *flags)
    assert "required" in await cli.fails("create-cluster", "two", "-p", "rancher")
    refused = await cli.fails("create-cluster", "two", "-e", "one.example.com", "-p", "rancher")
    assert "in use by cluster one" in refused
    assert "not found" in await cli.fails("create-cluster", "two", "-e", "two.example.com", "-p", "huge")


async def test_tkgi_shows_its_own_lines(cli: Cli) -> None:
    await cli.create("--tags", "owner:blog")
    await cli.site.settled()
    tkgi = Cli(cli.site, "tkgi")
    text = await tkgi.ok("cluster", "one")
    assert text.strip().startswith("TKGI Version:             ")
    assert text.endswith(
        "Kubernetes Profile Name:\nCompute Profile Name:\nTags:                     owner:blog\n\n"
    )
    assert (await tkgi.ok("clusters")).strip().startswith("TKGI Version")
    code, _, error = await tkgi.run("resize", "one", "-n", "3", "--non-interactive")
    assert (code, "deprecated" in error) == (0, True)


async def test_api_errors_are_told(cli: Cli) -> None:
    cli.site.faults(pks_api={"status": 503})
    assert await cli.fails("plans") == "Error: 503 Service Unavailable: injected fault\n"
    cli.site.faults(pks_api={"status": 403})
    assert "You do not have enough privileges" in await cli.fails("plans")


# --- credentials ---------------------------------------------------------------------------------
async def test_credentials_are_merged(cli: Cli, tmp_path: Path) -> None:
    cli.site.plane.gate.clear()
    await cli.create()
    target = tmp_path / "kube" / "config"
    not_ready = await cli.run("get-credentials", "one", KUBECONFIG=str(target))
    assert (not_ready[0], target.exists()) == (1, False)
    cli.site.plane.gate.set()
    document = await cli.site.settled()
    out = await cli.ok("get-credentials", "one", KUBECONFIG=f"{target}:{tmp_path / 'second'}")
    assert out == (
        "\nFetching credentials for cluster one.\nContext set for cluster one.\n\n"
        "You can now switch between clusters by using:\n$kubectl config use-context <cluster-name>\n"
    )
    assert target.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(target.read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://one.example.com:8443"
    assert config["users"][0]["user"]["token"] == cli.site.plane.running[document["uuid"]].admin_token

    for section in ("clusters", "contexts", "users"):
        config[section].append({**config[section][0], "name": "other"})
    config |= {"current-context": "other", "preferences": {"colors": True}}
    target.write_text(yaml.safe_dump(config))
    await cli.ok("get-credentials", "one", KUBECONFIG=str(target))
    merged = yaml.safe_load(target.read_text())
    assert {entry["name"] for entry in merged["contexts"]} == {"one", "other"}
    assert (merged["current-context"], merged["preferences"]) == ("one", {"colors": True})
    await cli.ok("get-credentials", "one")
    assert (cli.site.lab.home / ".kube" / "config").exists()


# --- plans and profiles --------------------------------------------------------------------------
async def test_plans(cli: Cli) -> None:
    lines = (await cli.ok("plans")).strip().splitlines()
    assert lines[0].split() == ["Name", "ID", "Description"]
    assert lines[5].endswith("Deploys HA configuration with 3 workers for testing Rancher HA builds.")
    plans = json.loads(await cli.ok("plans", "--json"))
    assert plans[4]["allow-privileged-containers"] is True


async def test_profiles(cli: Cli) -> None:
    body = {"name": "lb-medium", "description": "medium", "parameters": {"lb_size": "medium"}}
    file = str(_file(cli, body))
    assert await cli.ok("create-network-profile", file) == (
        "Network profile lb-medium successfully created\n"
    )
    assert "already exists" in await cli.fails("create-network-profile", file)
    assert "unrecognized" in await cli.fails("create-network-profile", file, "--json")
    table = (await cli.ok("network-profiles")).strip().splitlines()
    assert [line.split() for line in table] == [["Name", "Description"], ["lb-medium", "medium"]]
    assert json.loads(await cli.ok("network-profiles", "--json")) == [body]
    assert json.loads(await cli.ok("network-profile", "lb-medium", "--json")) == body
    assert '"lb_size": "medium"' in await cli.ok("network-profile", "lb-medium")
    await cli.create("--network-profile", "lb-medium")
    await cli.site.settled()
    assert "in use" in await cli.fails("delete-network-profile", "lb-medium", "--non-interactive")
    await cli.ok("delete-cluster", "one", "--non-interactive")
    await cli.site.settled()
    await cli.ok("delete-network-profile", "lb-medium", stdin="y\n")
    assert "Network profile lb-medium not found" in await cli.fails("network-profile", "lb-medium")
    assert await cli.ok("compute-profiles", "--json") == _EMPTY_LIST


async def test_profile_files_that_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    assert "not-there.json" in await cli.fails("create-network-profile", "not-there.json")
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    assert "no valid JSON" in await cli.fails("create-network-profile", str(bad))
    wrong = str(_file(cli, {"name": "x", "parameters": {"lb_sise": "medium"}}))
    assert "unknown field lb_sise" in await cli.fails("create-network-profile", wrong)


# --- the log of calls ----------------------------------------------------------------------------
async def test_calls_are_logged_without_secrets(site: Site) -> None:
    cli, known = Cli(site), site.credentials["pks"]
    await cli.login()
    await cli.run(*cli.target, "-u", "x", f"--password={known['password']}x")
    await cli.run("create-cluster", "one", "-e", "one.example.com", "-p", "rancher", "--json")
    await Cli(site, "tkgi").run("cluster", "absent")
    text = (site.lab.home / "log" / "calls.jsonl").read_text()
    assert known["password"] not in text
    calls = [json.loads(line) for line in text.splitlines()]
    assert [call["exit_code"] for call in calls] == [0, 1, 0, 1]
    assert calls[0]["argv"][:2] == ["pks", "login"]
    assert calls[0]["argv"][-2:] == ["-p", "***"]
    assert calls[2]["argv"][-3:] == ["-p", "rancher", "--json"]
    assert calls[3]["argv"] == ["tkgi", "cluster", "absent"]
    assert abs(calls[3]["time"] - time.time()) < 60


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["-p", "x", "-u", "y"], ["-p", "***", "-u", "y"]),
        (["-px", "--plan"], ["-p***", "--plan"]),
        (["--password=x", "--passwords", "z"], ["--password=***", "--passwords", "z"]),
        (["--password", "-p"], ["--password", "***"]),
    ],
)
def test_masking(arguments: list[str], shown: list[str]) -> None:
    assert masked(arguments, ("-p", "--password")) == shown


async def test_a_password_may_begin_with_a_dash(site: Site) -> None:
    cli = Cli(site)
    for flag in ("-p", "--password"):
        refused = await cli.fails(*cli.target, "-u", "pks-admin", flag, "-guess")
        assert refused == "Error: Credentials were rejected, please try again.\n"


def test_a_start_loads_no_server_library() -> None:
    """The program calls it often: it has to start fast."""
    script = (
        "import lab.cli.pks, sys; print(sorted({'aiohttp', 'pydantic', 'rich', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def _file(cli: Cli, document: Any) -> Path:
    path = cli.site.lab.home / f"{document['name']}.json"
    path.write_text(json.dumps(document))
    return path
