"""A fleet in the lab: edge clusters with control planes, and the program in ``fleet/`` that imports them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from components.kubernetes.kubeconfig import reduce
from components.pks.kubeconfig import API_PORT
from lab.bringup import LabError
from lab.engine import Engine
from lab.layout import REPO, Lab

EDGES = ("edge-1", "edge-2")
_PLAN = "dev-tiny"
_ZONE = "lab.test"


def make_edges(server: Engine, names: Sequence[str]) -> None:
    """Creates the missing clusters in parallel, and writes their kubeconfigs.

    Raises:
        LabError: ``pks`` failed; the message is its output.
    """
    _log_in(server)
    existing = {cluster["name"] for cluster in json.loads(_pks(server, "clusters", "--json"))}
    missing = [name for name in names if name not in existing]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: _create(server, name), missing))
    for name in names:
        _write_kubeconfig(server, name)


def remove_edges(server: Engine, names: Sequence[str]) -> None:
    """Deletes the clusters one after the other, as PKS requires."""
    _log_in(server)
    for name in names:
        _pks(server, "delete-cluster", name, "--non-interactive", "--wait")


def prepare(server: Engine, stack: str = "") -> Engine:
    """Returns an engine for the fleet's program with a configured stack. Keeps an existing sites file.

    Args:
        server: Engine of the server's stack.
        stack: Name of the fleet's stack; empty: that of the server's, which needs no share.
    """
    lab = server.lab
    engine = Engine(lab, server.tools, stack or server.stack, REPO / "fleet")
    engine.ensure_stack()
    if not sites_file(lab).exists():
        sites = [{"name": name, "kubeconfig": f"kubeconfigs/{name}.yaml"} for name in EDGES]
        write_sites(lab, [*sites, {"name": "ship-1", "registrationOnly": True}])
    document = yaml.safe_load(engine.config_file.read_text())
    values = {"serverStack": f"organization/rancher-on-pks/{server.stack}", "sites": str(sites_file(lab))}
    document.setdefault("config", {}).update({f"rancher-fleet:{key}": text for key, text in values.items()})
    engine.config_file.write_text(yaml.safe_dump(document))
    return engine


def sites_file(lab: Lab) -> Path:
    """Returns the path of the fleet's sites file."""
    return lab.path("fleet", "sites.yaml")


def write_sites(lab: Lab, sites: Sequence[dict[str, Any]], users: Sequence[dict[str, Any]] = ()) -> None:
    """Writes the sites file."""
    document = {"users": list(users), "sites": list(sites)}
    sites_file(lab).write_text(yaml.safe_dump(document, sort_keys=False))


def _create(server: Engine, name: str) -> None:
    hostname = f"{name}.{_ZONE}"
    order = ("create-cluster", name, "-e", hostname, "-p", _PLAN, "--num-nodes", "1")
    _pks(server, *order, "--non-interactive", "--wait")


def _write_kubeconfig(server: Engine, name: str) -> None:
    """Writes the kubeconfig with the API's address, because lab names do not resolve on this machine."""
    [address] = json.loads(_pks(server, "cluster", name, "--json"))["kubernetes_master_ips"]
    file = server.lab.path("fleet", "kubeconfigs", f"{name}.yaml")
    file.unlink(missing_ok=True)
    _pks(server, "get-credentials", name, kubeconfig=file)
    server_url = f"https://{address}:{API_PORT}"
    text, _ = reduce(file.read_text(), server=server_url, tls_name=f"{name}.{_ZONE}")
    file.write_text(text)
    file.chmod(0o600)


def _log_in(server: Engine) -> None:
    env = server.process_environment()
    login = ("login", "-a", env["PKS_API"], "-u", env["PKS_USERNAME"], "-p", env["PKS_PASSWORD"])
    _pks(server, *login, "--ca-cert", env["PKS_CA_CERT"])


def _pks(server: Engine, *arguments: str, kubeconfig: Path | None = None) -> str:
    environment = server.process_environment({"PKS_HOME": str(server.lab.path("fleet", "pks"))})
    if kubeconfig:
        environment["KUBECONFIG"] = str(kubeconfig)
    command = [str(server.lab.home / "bin" / "pks"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"pks {arguments[0]}: {(done.stdout + done.stderr).strip()}")
    return done.stdout
