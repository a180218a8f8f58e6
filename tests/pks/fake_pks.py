"""A small ``pks`` for tests: keeps its foundation in ``$FAKE_PKS/state.json``, logs each command line there.

Clusters become ready after ``state["polls"]`` polls. ``state["faults"]`` maps a command to texts with
which its next calls fail, one each. With ``state["id_tokens"]`` it uses OIDC.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(os.environ["FAKE_PKS"])
STATE = HOME / "state.json"

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: {name}
clusters: [{{name: {name}, cluster: {{server: "https://{hostname}:8443", certificate-authority-data: Q0E=}}}}]
contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}-admin}}}}]
users: [{{name: {name}-admin, user: {{token: minted-token}}}}]
"""


def main() -> int:
    command, *rest = sys.argv[1:]
    names, flags = _parse(rest)
    lock = (HOME / "calls.jsonl").open("a")  # held until the process ends
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write(json.dumps(sys.argv[1:]) + "\n")
    lock.flush()
    state = json.loads(STATE.read_text())
    try:
        _run(state, command, names, flags)
    except SystemExit as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        STATE.write_text(json.dumps(state))
    return 0


def _run(state: dict[str, Any], command: str, names: list[str], flags: dict[str, str]) -> None:
    fault = (state["faults"].get(command) or [None]).pop(0)
    if fault:
        raise SystemExit(fault)
    if command == "login":
        _login(state, flags)
    elif not (Path(os.environ["PKS_HOME"]) / "creds.yml").exists():
        raise SystemExit("Error: You are not currently authenticated. Please log in to continue")
    else:
        COMMANDS[command](state, names, flags)


def _parse(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    names, flags = [], {}
    items = iter(arguments)
    for item in items:
        if item in {"--json", "--non-interactive"}:
            flags[item] = ""
        elif item.startswith("--"):
            flags[item] = next(items)
        else:
            names.append(item)
    return names, flags


def _login(state: dict[str, Any], flags: dict[str, str]) -> None:
    secret = flags.get("--client-secret") or getpass.getpass("Password: ")
    if secret != state["password"]:
        raise SystemExit("Error: Credentials were rejected, please try again.")
    (Path(os.environ["PKS_HOME"]) / "creds.yml").write_text("access_token: cli-token\n")
    print("API Endpoint: pks\nUser: admin\nLogin successful.")


def _list(key: str) -> Callable[[dict[str, Any], list[str], dict[str, str]], None]:
    return lambda state, names, flags: print(json.dumps(state[key]))


def _find(state: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    for item in state[key]:
        if item["name"] == name:
            return dict(item) if key != "clusters" else item
    kind = {"clusters": "Cluster", "network_profiles": "Network profile"}.get(key, "Compute profile")
    raise SystemExit(f"Error: {kind} {name} not found")


def _cluster(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    cluster = _find(state, "clusters", names[0])
    if _busy(cluster):
        cluster["polls"] -= 1
        if cluster["polls"] <= 0:
            _finish(state, cluster)
            if cluster["last_action"] == "DELETE":
                raise SystemExit(f"Error: Cluster {names[0]} not found")
    print(json.dumps(cluster))


def _busy(cluster: dict[str, Any]) -> bool:
    return cluster["last_action_state"] not in ("succeeded", "failed", "error")


def _refuse_if_busy(cluster: dict[str, Any]) -> None:
    if _busy(cluster):
        raise SystemExit(
            "Error: An operation is in progress for your service instance. Please try again later."
        )


def _finish(state: dict[str, Any], cluster: dict[str, Any]) -> None:
    if cluster["last_action"] == "DELETE":
        state["clusters"].remove(cluster)
    cluster["last_action_state"] = state["end"]
    cluster["kubernetes_master_ips"] = ["10.50.0.71"]


def _begin(state: dict[str, Any], cluster: dict[str, Any], action: str) -> None:
    cluster |= {"last_action": action, "last_action_state": "in progress", "polls": state["polls"]}


def _options(state: dict[str, Any], cluster: dict[str, Any], flags: dict[str, str]) -> None:
    """Like TKGI, ignores ``--num-nodes`` when the compute profile has node pools."""
    parameters = cluster["parameters"]
    profile = flags.get("--compute-profile") or cluster.get("compute_profile_name")
    if profile:
        cluster["compute_profile_name"] = profile
        found = _find(state, "compute_profiles", profile)["parameters"]
        pools = found.get("cluster_customization", {}).get("node_pools", [])
        counts = {pool["name"]: pool["instances"] for pool in pools}
        if "--compute-profile" not in flags:
            counts |= cluster.get("pools", {})
        given = flags.get("--node-pool-instances")
        pairs = (item.split(":") for item in given.split(",")) if given else ()
        counts |= {name: int(number) for name, number in pairs}
        if pools:
            cluster["pools"] = counts
            parameters["kubernetes_worker_instances"] = sum(counts.values())
            flags = {name: value for name, value in flags.items() if name != "--num-nodes"}
    if "--num-nodes" in flags:
        parameters["kubernetes_worker_instances"] = int(flags["--num-nodes"])
    if "--network-profile" in flags:
        cluster["network_profile_name"] = flags["--network-profile"]


def _create_cluster(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    if any(item["name"] == names[0] for item in state["clusters"]):
        raise SystemExit(f"Error: Cluster with name {names[0]} already exists")
    cluster = {
        "name": names[0],
        "plan_name": flags["--plan"],
        "uuid": str(uuid.uuid4()),
        "network_profile_name": "",
        "kubernetes_master_ips": ["In Progress"],
        "k8s_version": "1.28.9",
        "last_action_description": "Instance provisioning",
        "parameters": {
            "kubernetes_master_host": flags["--external-hostname"],
            "kubernetes_worker_instances": 3,
        },
    }
    _options(state, cluster, flags)
    _begin(state, cluster, "CREATE")
    state["clusters"].append(cluster)
    print(json.dumps(cluster))


def _update_cluster(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    cluster = _find(state, "clusters", names[0])
    _refuse_if_busy(cluster)
    _options(state, cluster, flags)
    _begin(state, cluster, "UPDATE")


def _delete_cluster(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    cluster = _find(state, "clusters", names[0])
    _refuse_if_busy(cluster)
    _begin(state, cluster, "DELETE")


def _create_profile(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    document = json.loads(Path(names[0]).read_text())
    if any(item["name"] == document["name"] for item in state["network_profiles"]):
        raise SystemExit(f"Error: Network profile {document['name']} is taken")
    state["network_profiles"].append(document)
    print(f"Network profile {document['name']} successfully created")


def _delete_profile(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    profile = _find(state, "network_profiles", names[0])
    if any(item["network_profile_name"] == names[0] for item in state["clusters"]):
        raise SystemExit(f"Error: Network profile {names[0]} cannot be deleted: it is in use")
    state["network_profiles"].remove(profile)


def _credentials(state: dict[str, Any], names: list[str], flags: dict[str, str]) -> None:
    cluster = _find(state, "clusters", names[0])
    if cluster["last_action_state"] == "failed":
        raise SystemExit(f"Error: Cluster {names[0]} is not ready: Instance deletion failed")
    text = KUBECONFIG.format(name=names[0], hostname=cluster["parameters"]["kubernetes_master_host"])
    if state.get("id_tokens"):
        config = {
            "id-token": state["id_tokens"].pop(0),
            "refresh-token": "r",
            "client-id": "pks_cluster_client",
        }
        user = json.dumps({"auth-provider": {"name": "oidc", "config": config}})
        text = text.replace("{token: minted-token}", user)
    Path(os.environ["KUBECONFIG"]).write_text(text)
    print(f"Fetching credentials for cluster {names[0]}.\nContext set for cluster {names[0]}.")


COMMANDS: dict[str, Callable[[dict[str, Any], list[str], dict[str, str]], None]] = {
    "plans": _list("plans"),
    "clusters": _list("clusters"),
    "network-profiles": _list("network_profiles"),
    "compute-profiles": _list("compute_profiles"),
    "cluster": _cluster,
    "network-profile": lambda state, names, flags: print(
        json.dumps(_find(state, "network_profiles", names[0]))
    ),
    "compute-profile": lambda state, names, flags: print(
        json.dumps(_find(state, "compute_profiles", names[0]))
    ),
    "create-cluster": _create_cluster,
    "update-cluster": _update_cluster,
    "delete-cluster": _delete_cluster,
    "create-network-profile": _create_profile,
    "delete-network-profile": _delete_profile,
    "get-credentials": _credentials,
    "hang": lambda state, names, flags: time.sleep(60),
}

if __name__ == "__main__":
    sys.exit(main())
