"""Runs the program in ``fleet/`` without a lab, against a stand-in for the server's stack."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiohttp import web

from lab import build, pki
from lab.layout import REPO, Lab
from lab.rancher.context import Context
from lab.rancher.first_start import begin
from lab.rancher.server import application
from lab.rancher.state import State
from lab.recipes import ENGINE, LANGUAGE_HOST
from rancher_on_pks.outputs import CONTRACT_VERSION, VERSION_OUTPUT, definitions

PROGRAM = REPO / "fleet"
STACK = "server"
"""Name of the server's stack and of the fleet's: a fleet that is named as its server needs no share."""
SERVER = f"organization/rancher-on-pks/{STACK}"
_HOST = "rancher.lab.test"
_PASSWORD = "the first password"  # noqa: S105 - of a short-lived simulator
_BLOCK = {"network": {"blocks": ["10.0.0.0/9"]}, "demands": [{"rancherVersion": "2.15"}]}
_PRODUCER = """\
import json
import pathlib
import pulumi

given = json.loads(pathlib.Path("outputs.json").read_text())
for name, value in given["values"].items():
    pulumi.export(name, pulumi.Output.secret(value) if name in given["secrets"] else value)
"""


def engine_environment(tools: Path, home: Path) -> dict[str, str]:
    """Variables of an engine outside of a lab, with a new Pulumi home; the backend is left to the caller."""
    home.mkdir()
    # As in a lab: a file in the place of the directory, or each run would write an encrypted log.
    (home / "logs").touch()
    return {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_CONFIG_PASSPHRASE": "standalone",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


class Standalone:
    """A stack of the fleet and a stand-in for the server's stack, in one directory.

    Args:
        root: The directory.
        environment: Additional variables of the engine.
    """

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        os.environ["LAB_BUILD_ALL"] = "1"
        tools = build.build(recipes=[ENGINE, LANGUAGE_HOST])
        self._producer, self._fleet = root / "server", root / "fleet"
        for directory in (self._producer, self._fleet, root / "state"):
            directory.mkdir(parents=True)
        self.environment = {
            **engine_environment(tools.bin, root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            **(environment or {}),
        }
        virtualenv = str(Path(sys.executable).parent.parent)
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": virtualenv}}
        (self._producer / "Pulumi.yaml").write_text(
            json.dumps({"name": "rancher-on-pks", "runtime": runtime})
        )
        (self._producer / "__main__.py").write_text(_PRODUCER)
        _run(self, self._producer, "stack", "init", STACK)
        # `stack init` writes the stack file next to Pulumi.yaml, which must not happen in the checkout.
        shutil.copy(PROGRAM / "Pulumi.yaml", self._fleet)
        _run(self, self._fleet, "stack", "init", STACK)
        self.configure(serverStack=SERVER, sites=str(self._fleet / "sites.yaml"))

    @property
    def settings(self) -> Path:
        """The fleet's stack file."""
        return self._fleet / f"Pulumi.{STACK}.yaml"

    def serve(self, **values: Any) -> None:
        """Makes the server's stack export the contract's version and these outputs."""
        secrets = [item.name for item in definitions() if item.secret]
        document = {"values": {VERSION_OUTPUT: CONTRACT_VERSION, **values}, "secrets": secrets}
        (self._producer / "outputs.json").write_text(json.dumps(document))
        _run(self, self._producer, "up", "--stack", STACK, "--yes", "--skip-preview")

    def configure(self, **values: str) -> None:
        """Sets keys of the fleet's config."""
        document = yaml.safe_load(self.settings.read_text())
        document.setdefault("config", {}).update(
            {f"rancher-fleet:{key}": text for key, text in values.items()}
        )
        self.settings.write_text(yaml.safe_dump(document))

    def sites(self, sites: Sequence[Mapping[str, Any]]) -> None:
        """Writes the sites file."""
        (self._fleet / "sites.yaml").write_text(json.dumps({"sites": list(sites)}))

    def pulumi(self, *arguments: str, expect: int | None = 0) -> str:
        """Runs a command on the fleet's stack; returns its whole output.

        Args:
            arguments: Arguments of ``pulumi``.
            expect: Expected exit code; None: any.

        Raises:
            RuntimeError: It ended with another exit code; the message is its output.
        """
        takes_config = arguments[0] in {"preview", "up", "refresh", "destroy"}
        config = ["--config-file", str(self.settings)] if takes_config else []
        return _run(self, PROGRAM, *arguments, "--stack", STACK, *config, expect=expect)


class StandaloneRancher:
    """Rancher's simulator over TLS, with an administrator.

    Attributes:
        token: The administrator's API token.
    """

    def __init__(self, ca: Path, address: str, port: int) -> None:
        self.ca, self.address, self.port = ca, address, port
        context = ssl.create_default_context(cafile=str(ca))
        self.client = httpx.Client(base_url=f"https://{address}:{port}", verify=context, timeout=60)
        self.headers = {"Host": f"{_HOST}:{port}"}
        login = "/v3-public/localProviders/local?action=login"
        token = self.call("POST", login, {"username": "admin", "password": _PASSWORD}).json()["token"]
        self.token = str(token)
        self.headers["Authorization"] = f"Bearer {token}"
        url = {"name": "server-url", "value": f"https://{_HOST}:{port}"}
        self.call("PUT", "/v3/settings/server-url", url)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Sends one HTTP request."""
        extensions = {"sni_hostname": _HOST}
        return self.client.request(method, path, json=body, headers=self.headers, extensions=extensions)

    def outputs(self, **changes: Any) -> dict[str, Any]:
        """Returns the outputs that a server's stack exports."""
        return {
            "clusterUuid": "standalone",
            "caBundle": self.ca.read_text(),
            "vip": self.address,
            "rancherUrl": f"https://{_HOST}:{self.port}",
            "rancherToken": self.token,
            "podNetwork": {"figures": _BLOCK},
            **changes,
        }

    def renew_token(self) -> None:
        """Replaces the token, as the server's stack does."""
        name = self.token.partition(":")[0]
        self.token = str(self.call("POST", "/v3/tokens", {"type": "token"}).json()["token"])
        self.headers["Authorization"] = f"Bearer {self.token}"
        self.call("DELETE", f"/v3/tokens/{name}").raise_for_status()

    def clusters(self) -> set[str]:
        """Names of the imported clusters."""
        found = self.call("GET", "/v3/clusters").json()["data"]
        return {item["name"] for item in found if item["id"] != "local"}


@contextmanager
def running_rancher(root: Path) -> Iterator[StandaloneRancher]:
    """Runs Rancher's simulator; its files are in ``root``."""
    lab = Lab(root / "lab", int(os.environ.get("LAB_NET", "79")))
    pki.ensure_ca(lab)
    certificate, key = pki.server_certificate(lab, "rancher", dns=[_HOST])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    context = Context(
        State(),
        lambda: "v2.15.0",
        seed="standalone",
        ca=lab.ca_certificate.read_text,
        forward=_nothing,
    )
    begin(context, _PASSWORD)
    loop, address = asyncio.new_event_loop(), lab.address(0, 2)
    runner = web.AppRunner(application(context), shutdown_timeout=0.1)
    listener = socket.create_server((address, 0))
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.SockSite(runner, listener, ssl_context=tls).start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield StandaloneRancher(lab.ca_certificate, address, listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())


async def _nothing(method: str, path: str, body: object, media_type: str) -> dict[str, Any]:
    """A cluster of Rancher's own without namespaces and quotas."""
    del method, path, body, media_type
    return {"items": []}


def _run(on: Standalone, directory: Path, *arguments: str, expect: int | None = 0) -> str:
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=directory,
        env=on.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if expect is not None and done.returncode != expect:
        raise RuntimeError(f"pulumi {arguments[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
