"""One lab for all end-to-end tests: brought up once, in its own directory and network."""

from __future__ import annotations

import functools
import http.client
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
import yaml

from lab import bringup
from lab.build import build
from lab.engine import Engine, environment
from lab.layout import Lab
from lab.pki import write_private
from lab.recipes import KUBECTL
from tests.lab.running_cluster import running  # noqa: F401 - a fixture


@dataclass(frozen=True)
class Site:
    """A lab brought up as ``python -m lab up`` does, and what tests ask of it."""

    lab: Lab
    engine: Engine
    first_calls: list[list[str]] = field(default_factory=list)
    """The ``pks`` calls of the first ``up``."""

    def calls(self) -> list[list[str]]:
        """Command line of each ``pks`` call since the lab was made, as far as it succeeded."""
        log = self.lab.home / "log" / "calls.jsonl"
        records = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        done = [record["argv"] for record in records if record["exit_code"] == 0]
        return [argv for argv in done if argv[0] != "bosh"]

    def beside(self, stack: str) -> Engine:
        """A stack of its own in the same foundation: as the one that is up, with names of its own."""
        engine = Engine(self.lab, self.engine.tools, stack)
        document = yaml.safe_load(self.engine.config_file.read_text())
        document["config"] |= {
            "rancher-on-pks:clusterName": stack,
            "rancher-on-pks:externalHostname": f"{stack}-api.lab.test",
            "rancher-on-pks:networkProfile": f"lb-{stack}",
            "rancher-on-pks:rancherHostname": f"{stack}.lab.test",
        }
        self.lab.path(f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
        engine.ensure_stack()
        return engine

    def configure(self, engine: Engine, **changes: object) -> None:
        """Change keys of the stack's config file; ``None`` removes a key."""
        document = yaml.safe_load(engine.config_file.read_text())
        for name, value in changes.items():
            if value is None:
                document["config"].pop(f"rancher-on-pks:{name}", None)
            else:
                document["config"][f"rancher-on-pks:{name}"] = value
        engine.config_file.write_text(yaml.safe_dump(document))


def free_net() -> int:
    """N of a network 127.N.0.0/16 that no lab uses."""
    start = os.getpid() % 100
    for offset in range(100):
        net = 100 + (start + offset) % 100
        with socket.socket() as probe:
            if probe.connect_ex((f"127.{net}.0.2", 9021)) != 0:
                return net
    raise RuntimeError("no free loopback network for a lab")


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The foundation without a cluster."""
    home: Path = tmp_path_factory.mktemp("lab")
    lab = Lab(home, free_net())
    try:
        yield Site(lab, bringup.up(lab))
    finally:
        bringup.down(lab)


@pytest.fixture(scope="module")
def site(bare: Site) -> Site:
    """The lab with the program's stack up, whatever the tests of another file have left of it."""
    if "rancherUrl" not in bare.engine.outputs():
        before = len(bare.calls())
        done = bare.engine.run("up", "--yes", check=False)
        assert done.returncode == 0, done.stdout
        bare.first_calls[:] = bare.calls()[before:]
    return bare


def state_file(engine: Engine) -> Path:
    """Where the stack's state is."""
    project: str = yaml.safe_load((engine.project / "Pulumi.yaml").read_text())["name"]
    return engine.lab.home / "state/.pulumi/stacks" / project / f"{engine.stack}.json"


@functools.lru_cache
def _outputs(engine: Engine, _: int) -> dict[str, object]:
    return engine.outputs()


def outputs(engine: Engine) -> dict[str, object]:
    """The stack's outputs; the engine is asked, in half a second, only if the state has changed."""
    return _outputs(engine, state_file(engine).stat().st_mtime_ns)


def objects(engine: Engine, kind: str) -> list[dict[str, Any]]:
    """Objects of all namespaces of the stack's cluster: kubectl with the exported kubeconfig lists them."""
    kubeconfig = engine.lab.path(f"{engine.stack}.kubeconfig")
    write_private(kubeconfig, str(outputs(engine)["kubeconfig"]).encode())
    kubectl = build(recipes=[KUBECTL]).places[KUBECTL] / "kubectl"
    command = [str(kubectl), "--kubeconfig", str(kubeconfig), "get", kind, "-A", "-o", "json"]
    items: list[dict[str, Any]] = json.loads(subprocess.check_output(command))["items"]
    return items


def commands(calls: Sequence[Sequence[str]]) -> list[str]:
    """The sub-command of each call."""
    return [call[1] for call in calls]


def pks(site: Site, *arguments: str) -> str:
    """Run ``pks`` by hand, logged in as the administrator; returns its standard output."""
    env = {
        **os.environ,
        **environment(site.lab, site.engine.tools),
        "PKS_HOME": str(site.lab.home / "by-hand"),
    }
    login = ["login", "-a", env["PKS_API"], "-u", env["PKS_USERNAME"], "-p", env["PKS_PASSWORD"]]
    cli = str(site.lab.home / "bin" / "pks")
    subprocess.run([cli, *login, "--ca-cert", str(site.lab.ca_certificate)], env=env, check=True)
    return subprocess.run([cli, *arguments], env=env, check=True, capture_output=True, text=True).stdout


def bosh(site: Site, *arguments: str) -> str:
    """Run ``bosh`` by hand; returns its standard output."""
    env = {**os.environ, **environment(site.lab, site.engine.tools)}
    command = [str(site.lab.home / "bin" / "bosh"), "-n", *arguments]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


def addresses(site: Site, hostname: str) -> list[str]:
    """What the lab's DNS server answers to anybody."""
    host, port = site.lab.dns_server.split(":")
    answer = dns.query.tcp(dns.message.make_query(hostname, "A"), host, 10, int(port))
    return [item.to_text() for records in answer.answer for item in records]


def https_get(
    address: str, port: int, host: str, path: str, ca: str | None, **headers: str
) -> tuple[int, str]:
    """GET over TLS from ``address`` as ``host``, verified against ``ca`` (PEM; None: the public CAs)."""
    context = ssl.create_default_context(cadata=ca)
    with socket.create_connection((address, port), timeout=10) as plain:
        connection = http.client.HTTPSConnection(host, port)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
