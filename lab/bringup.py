"""Starts a lab in phases; each phase skips what is already done, so an interrupted run can be resumed."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lab import build, options, pki, process, tool
from lab.engine import Engine, Tools, search_path
from lab.layout import REPO, Lab
from lab.recipes import HELM, HELM2, KUBECTL, VCSIM

_READY_SECONDS = 60.0
_ON_DEMAND = {"kubectl": KUBECTL, "helm": HELM, "helm2": HELM2, "tiller": HELM2}
"""Commands that are built when they are first used. What a recipe calls ``helm`` is ``helm2`` for Helm v2."""


class LabError(Exception):
    """The lab cannot continue; the message says what to do."""


@contextmanager
def phase(title: str) -> Iterator[None]:
    """Prints a phase and its duration."""
    start = time.monotonic()
    print(f"==> {title}", flush=True)
    yield
    print(f"    {title}: {time.monotonic() - start:.1f} s", flush=True)


def up(lab: Lab) -> Engine:
    """Starts everything that the program needs, without running the program.

    Raises:
        LabError: A simulator did not start; the message names its log file.
    """
    with phase("vCenter's simulator"):
        build.build(progress, [VCSIM])
    with phase("certificates and credentials"):
        prepare(lab)
    # The foundation needs no more than that simulator yet: it starts while the other tools are compiled, and
    # will find them where they are going to be.
    with phase("tools, vCenter, PKS, BOSH, NSX-T, DNS and chart repository"), ThreadPoolExecutor(1) as pool:
        started = pool.submit(start_simulators, lab, build.planned().bin)
        tools = build_tools(tell=True)
        started.result()
    engine = Engine(lab, tools)
    with phase("Pulumi stack"):
        engine.install_plugins()
        engine.ensure_stack()
    return engine


def build_tools(*, tell: bool = False) -> Tools:
    """Builds the Go tools that are missing; later calls find them in the cache.

    With ``tell`` it says what it takes from PATH. All that goes to standard error, because a shell may
    evaluate the output of ``python -m lab env``.
    """
    built = build.build(progress)
    for recipe, command in built.taken.items() if tell else ():
        progress(f"{recipe.name}: taken from {command.parent}")
    return Tools(built.bin, built.plugins)


def progress(line: str) -> None:
    """Prints a line about what is being built."""
    print(f"    {line}", file=sys.stderr, flush=True)


def prepare(lab: Lab) -> None:
    """Writes the lab's files: options, CA, credentials and command wrappers."""
    if not (lab.home / "lab.json").exists():
        chosen = {"net": lab.net, "options": dataclasses.asdict(options.load(lab))}
        pki.write_private(lab.path("lab.json"), json.dumps(chosen, indent=2).encode())
    pki.ensure_ca(lab)
    if not lab.credentials.exists():
        pki.write_private(lab.credentials, json.dumps(_credentials(), indent=2).encode())
    for name, module in {"pks": "cli.pks", "tkgi": "cli.pks", "bosh": "cli.bosh"}.items():
        variables = {**lab.environment, "PYTHONPATH": str(REPO), "PKS_CLI_NAME": name}
        tool.wrap(lab, name, [sys.executable, "-m", f"lab.{module}"], variables)
    users = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if p != str(lab.home / "bin"))
    for name, recipe in _ON_DEMAND.items():
        lab.path("bin", name).unlink(missing_ok=True)
        if name not in ("kubectl", "helm") or shutil.which(name, path=users) is None:
            tool.write(lab, name, recipe.name, name.removesuffix("2"))


def start_simulators(lab: Lab, tools: Path) -> None:
    """Starts the foundation's simulators and waits until each one accepts connections.

    ``tools`` is the directory that will have the lab's commands.
    """
    credentials = json.loads(lab.credentials.read_text())
    certificate, key = pki.server_certificate(lab, "vcenter", ips=[lab.vcenter.split(":")[0]])
    env = {"PATH": search_path(lab, tools)}
    vcsim = build.build(recipes=[VCSIM]).places[VCSIM] / "vcsim"
    vcenter = [str(vcsim), "-listen", lab.vcenter, "-cert", str(certificate), "-key", str(key)]
    vcenter += ["-username", credentials["vcenter"]["username"]]
    chosen = options.load(lab)
    vcenter += ["-hosts", str(chosen.hosts), "-ha-restart", f"{chosen.ha_seconds:g}s"]
    _check_addresses(lab)
    scratch = lab.path("vcenter", "datastore")
    scratch.mkdir(exist_ok=True)
    secret = {"VCSIM_PASSWORD": credentials["vcenter"]["password"], "TMPDIR": str(scratch)}
    process.start(lab, "vcenter", vcenter, env | secret)
    process.start(lab, "charts", [sys.executable, "-m", "lab.charts_server"], env)
    process.start(lab, "dns", [sys.executable, "-m", "lab.dns"], env)
    await_port(lab, "vcenter", lab.vcenter)
    process.start(lab, "foundation", [sys.executable, "-m", "lab.foundation"], env)
    await_port(lab, "charts", lab.chart_repository.removeprefix("http://"))
    await_port(lab, "dns", lab.dns_server)
    pks = [f"{lab.pks_host}:9021", f"{lab.pks_host}:8443", f"{lab.bosh_host}:8443"]
    for endpoint in (*pks, f"{lab.bosh_host}:25555", lab.nsx_manager):
        await_port(lab, "foundation", endpoint)


def await_port(lab: Lab, daemon: str, endpoint: str) -> None:
    """Waits until ``endpoint`` (host:port) accepts connections.

    Raises:
        LabError: The daemon exited, or the port is still closed after a minute.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while not _open(endpoint):
        if daemon not in process.running(lab) or time.monotonic() > deadline:
            raise LabError(f"{daemon} does not answer on {endpoint}. {process.log_tail(lab, daemon)}")
        time.sleep(0.1)


def down(lab: Lab) -> list[str]:
    """Stops all processes of the lab and removes its directory; returns the names of the processes."""
    stopped = process.stop(lab, "pulumi", grace=15) + process.stop(lab, force=True)
    shutil.rmtree(lab.home, ignore_errors=True)
    return stopped


def _check_addresses(lab: Lab) -> None:
    """Checks that no other process, such as another lab, uses this lab's addresses."""
    running = process.running(lab)
    endpoints = {"foundation": f"{lab.pks_host}:9021", "vcenter": lab.vcenter}
    for daemon, endpoint in endpoints.items():
        if daemon not in running and _open(endpoint):
            raise LabError(
                f"{endpoint} is in use by a process outside this lab ({lab.home}). "
                f"Choose another network: LAB_NET=<2..250> (now {lab.net})."
            )


def _open(endpoint: str) -> bool:
    host, port = endpoint.split(":")
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((host, int(port))) == 0


def _credentials() -> dict[str, dict[str, str]]:
    def password() -> str:
        return secrets.token_hex(16)  # a command line may begin with it: no hyphen

    return {
        "pks": {
            "username": "pks-admin",
            "password": password(),
            "client": "automation",
            "client_secret": password(),
        },
        "bosh": {"client": "ops_manager", "client_secret": password()},
        "vcenter": {"username": "administrator@vsphere.local", "password": password()},
        "nsx": {"username": "admin", "password": password()},
        "dns": {"key": "rancher-updates", "secret": base64.b64encode(secrets.token_bytes(32)).decode()},
        "rancher": {"username": "admin", "password": password()},
    }
