"""``bosh vms``: text, JSON, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.lab.foundation_site import Site, idle_site, run_cli, site

__all__ = ["idle_site", "site"]

_PRINTED = Path(__file__).parents[1] / "placement/documented/6.1.1/vms.json"
_COLUMNS = json.loads(_PRINTED.read_text())["Tables"][0]["Header"]


def _environment(site: Site) -> dict[str, str]:
    known = site.credentials["bosh"]
    return {
        "BOSH_ENVIRONMENT": site.lab.bosh_host,
        "BOSH_CLIENT": known["client"],
        "BOSH_CLIENT_SECRET": known["client_secret"],
        "BOSH_CA_CERT": str(site.lab.ca_certificate),
    }


async def _bosh(site: Site, *arguments: str, **env: str) -> tuple[int, str, str]:
    return await run_cli(site, "bosh", *arguments, **{**_environment(site), **env})


async def test_vms_in_json(site: Site) -> None:
    name = f"service-instance_{(await site.create())['uuid']}"
    code, out, _ = await _bosh(site, "-d", name, "vms", "--json")
    document = json.loads(out)
    assert code == 0
    assert out.startswith('{\n    "Tables": [')
    assert list(document) == ["Tables", "Blocks", "Lines"]
    table = document["Tables"][0]
    assert (table["Content"], table["Header"], table["Notes"]) == ("vms", _COLUMNS, None)
    assert all(isinstance(value, str) for row in table["Rows"] for value in row.values())
    assert [row["instance"].split("/")[0] for row in table["Rows"]] == ["master"] * 3 + ["worker"] * 3
    assert [row["instance"] for row in table["Rows"]] == sorted(row["instance"] for row in table["Rows"])
    assert {row["vm_cid"] for row in table["Rows"]} == {machine.cid for machine in site.vcenter.machines}
    assert {(row["process_state"], row["active"], row["az"]) for row in table["Rows"]} == {
        ("running", "true", "AZ1")
    }
    assert document["Lines"][0] == f"Using environment '{site.lab.bosh_host}' as client 'ops_manager'"
    # As every release prints it (tests/placement/documented).
    assert [line for line in document["Lines"][1:] if not line.startswith("Task ")] == [". Done", "Succeeded"]


async def test_vms_as_text(site: Site) -> None:
    name = f"service-instance_{(await site.create())['uuid']}"
    code, out, _ = await _bosh(site, "vms", "-d", name)
    assert code == 0
    lines = [line for line in out.splitlines() if line]
    assert lines[0].startswith("Using environment")
    assert lines[1].startswith("Task ")
    assert lines[1].endswith(". Done")
    assert lines[2] == f"Deployment '{name}'"
    assert lines[3].split("  ")[0] == "Instance"
    assert len(lines) == 4 + 6 + 2
    assert lines[-2:] == ["6 vms", "Succeeded"]
    # The deployment may come from the environment, the CA may be the certificate itself.
    more = {"BOSH_DEPLOYMENT": name, "BOSH_CA_CERT": site.lab.ca_certificate.read_text()}
    assert (await _bosh(site, "vms", **more))[0] == 0


async def test_the_node_of_a_worker_is_called_as_its_instance(site: Site) -> None:
    uuid = (await site.create())["uuid"]
    _, out, _ = await _bosh(site, "-d", f"service-instance_{uuid}", "vms", "--json")
    workers = {
        (row["instance"].removeprefix("worker/"), row["vm_cid"], row["ips"])
        for row in json.loads(out)["Tables"][0]["Rows"]
        if row["instance"].startswith("worker/")
    }
    spec = site.plane.running[uuid]
    assert workers == {(worker.name, worker.vm_cid, worker.ip) for worker in spec.workers}


async def test_deployments(site: Site) -> None:
    uuid = (await site.create())["uuid"]
    _, out, _ = await _bosh(site, "deployments", "--json")
    assert json.loads(out)["Tables"][0]["Rows"] == [{"name": f"service-instance_{uuid}"}]
    assert "6 vms" in (await _bosh(site, "vms"))[1]


@pytest.mark.parametrize("flags", [[], ["--json"]])
async def test_an_unknown_deployment(site: Site, flags: list[str]) -> None:
    code, out, error = await _bosh(site, "-d", "absent", "vms", *flags)
    text = out if flags else error
    assert code == 1
    assert (
        "Listing deployment 'absent' vms infos:\n  Director responded with non-successful status code '404'"
        in text.replace("\\n", "\n")
    )
    assert "Exit code 1" in text
    if flags:
        assert json.loads(out)["Tables"] is None
        assert error == ""


async def test_wrong_access(site: Site) -> None:
    for env, text in {
        ("BOSH_CLIENT_SECRET", "guess"): "status code '401'",
        ("BOSH_CA_CERT", ""): "certificate signed by unknown authority",
        ("BOSH_CA_CERT", "/not/there"): "Reading CA certificate",
        ("BOSH_ENVIRONMENT", ""): "Expected non-empty Director URL",
        ("BOSH_ENVIRONMENT", "127.0.0.9:1"): "connection refused",
    }.items():
        code, _, error = await _bosh(site, "vms", **{env[0]: env[1]})
        assert (code, text in error) == (1, True), error


async def test_calls_are_logged_without_the_secret(site: Site) -> None:
    secret = site.credentials["bosh"]["client_secret"]
    await _bosh(site, "--client-secret", secret, "deployments")
    call = json.loads((site.lab.home / "log" / "calls.jsonl").read_text())
    assert call["argv"] == ["bosh", "--client-secret", "***", "deployments"]
    assert call["exit_code"] == 0


async def test_machines_being_made_are_starting(site: Site) -> None:
    site.plane.gate.clear()
    order = {"name": "one", "plan_name": "dev-tiny", "parameters": {"kubernetes_master_host": "one.com"}}
    _, document = await site.pks("POST", "clusters", order)
    url = f"https://{site.lab.bosh_host}:25555"
    client = aiohttp.encode_basic_auth(*site.credentials["bosh"].values())
    uaa = (await site.call("GET", f"{url}/info"))[1]["user_authentication"]
    assert uaa["type"] == "uaa"
    grant = {"grant_type": "client_credentials"}
    _, token = await site.call("POST", f"{uaa['options']['url']}/oauth/token", client, data=grant)
    assert (await site.call("GET", f"{url}/deployments", client))[0] == 401, "UAA's tokens are wanted"
    auth = f"bearer {token['access_token']}"
    while True:
        status, _ = await site.call("GET", f"{url}/deployments/service-instance_{document['uuid']}/vms", auth)
        assert status == 302
        code, out, _ = await _bosh(site, "vms", "--json")
        rows = json.loads(out)["Tables"][0]["Rows"]
        if rows:
            break
    assert (code, {row["process_state"] for row in rows}) == (0, {"starting"})
    assert (await site.call("GET", f"{url}/tasks/1/output", auth))[0] == 404
    site.plane.gate.set()


async def test_recreate_gives_an_instance_another_vm(site: Site) -> None:
    name = f"service-instance_{(await site.create())['uuid']}"
    before = {machine["id"]: machine for machine in site.state["clusters"][0]["machines"]}
    instance = next(machine["id"] for machine in before.values() if machine["job"] == "worker")
    code, out, error = await _bosh(site, "-n", "-d", name, "recreate", f"worker/{instance}")
    assert code == 0, error
    lines = [line for line in out.splitlines() if line]
    assert lines[1] == f"Using deployment '{name}'"
    assert lines[3].endswith(f"| Updating instance worker: worker/{instance}")
    assert lines[-1] == "Succeeded"
    after = {machine["id"]: machine for machine in site.state["clusters"][0]["machines"]}
    assert [key for key in before if after[key] != before[key]] == [instance]
    assert after[instance]["cid"] != before[instance]["cid"]
    assert after[instance]["ip"] == before[instance]["ip"]
    assert {machine.cid for machine in site.vcenter.machines} == {item["cid"] for item in after.values()}
    # A whole instance group; and only after a yes.
    group = [instance for instance in before if before[instance]["job"] == "master"]
    code, out, _ = await _bosh(site, "-d", name, "recreate", "master", "-n")
    assert (code, out.count("Updating instance master")) == (0, len(group))
    code, out, error = await _bosh(site, "-d", name, "recreate")
    assert (code, "Continue? [yN]" in out, "Stopped" in error) == (1, True, True)


async def test_recreate_refuses_what_is_not_there(site: Site) -> None:
    name = f"service-instance_{(await site.create())['uuid']}"
    for arguments, text in (
        (["-d", name, "recreate", "worker/absent"], "Instance 'worker/absent' doesn't exist"),
        (["-d", "absent", "recreate"], "Deployment 'absent' doesn't exist"),
        (["recreate"], "Expected non-empty deployment name"),
    ):
        code, _, error = await _bosh(site, "-n", *arguments)
        assert (code, text in error) == (1, True), error
    code, out, _ = await _bosh(site, "-d", name, "recreate", "--json")
    assert (code, "Cannot ask for confirmation in JSON UI" in out) == (1, True)


async def test_the_real_bosh_gets_what_it_got_before(site: Site) -> None:
    """Repeats a recorded conversation of the real CLI with the Director (``bosh_cli.yaml``)."""
    name = f"service-instance_{(await site.create())['uuid']}"
    worker = next(item["id"] for item in site.state["clusters"][0]["machines"] if item["job"] == "worker")
    names = {"DEPLOYMENT": name, "WORKER": worker}
    client = aiohttp.encode_basic_auth(*site.credentials["bosh"].values())
    recorded = yaml.safe_load(Path(__file__).with_name("bosh_cli.yaml").read_text())["commands"]
    token = ""
    for command in recorded:
        for wanted in command["requests"]:
            path, headers = wanted["path"], {"Range": wanted["range"]} if "range" in wanted else {}
            for placeholder, real in names.items():
                path = path.replace(placeholder, real)
            if path == "/oauth/token":
                grant = {"grant_type": "client_credentials"}
                url = f"https://{site.lab.bosh_host}:8443{path}"
                status, answer = await site.call("POST", url, client, data=grant)
                token = answer["access_token"]
            else:
                url = f"https://{site.lab.bosh_host}:25555{path}"
                status, answer = await site.call(wanted["method"], url, token, headers=headers)
            assert status == wanted["status"], (command["argv"], path, answer)
            assert _keys(answer) == wanted.get("keys"), (command["argv"], path)
    # What it printed: the states that the program reads, and an event for the instance made anew.
    printed = {tuple(command["argv"]): command["output"] for command in recorded}
    rows = [line.split() for line in printed["-d", "DEPLOYMENT", "vms"].splitlines()]
    assert [row[1] for row in rows] == ["running"] * 6
    recreated = printed["-n", "-d", "DEPLOYMENT", "recreate", "worker/WORKER"]
    assert "Updating instance worker: worker/WORKER (" in recreated


def _keys(answer: Any) -> list[str] | None:
    """Keys of the first JSON object in a response."""
    if isinstance(answer, str):
        answer = json.loads(answer.splitlines()[0]) if answer.startswith("{") else None
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    return sorted(answer) if isinstance(answer, dict) else None
