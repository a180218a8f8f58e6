"""The foundation in the test's own process, with doubles for control planes and vCenter."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab import bringup
from lab.cluster.outage import Outage
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.foundation.__main__ import serve
from lab.foundation.vcenter import Machine
from lab.layout import REPO, Lab
from tests.lab.fake_nsx import free_net

ORDER = {
    "name": "one",
    "plan_name": "rancher",
    "parameters": {"kubernetes_master_host": "one.example.com", "kubernetes_master_port": 8443},
}


@dataclass
class Plane:
    """Control planes that only remember what they are told."""

    running: dict[str, ClusterSpec] = field(default_factory=dict)
    error: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: a start waits."""
    outages: list[Outage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def start(self, lab: Lab, cluster: ClusterSpec) -> None:
        await self.gate.wait()
        if self.error:
            raise RuntimeError(self.error)
        ClusterFiles(lab, cluster.uuid).ca.write_text("the CA of the cluster")
        self.running[cluster.uuid] = cluster

    async def set_workers(self, lab: Lab, cluster: ClusterSpec) -> None:
        await self.start(lab, cluster)

    async def set_outage(self, lab: Lab, uuid: str, now: Outage) -> None:
        self.outages.append(now)

    async def stop(self, lab: Lab, uuid: str, *, delete_data: bool) -> None:
        assert delete_data
        self.running.pop(uuid, None)


@dataclass
class VCenter:
    """The VMs that the foundation wants."""

    machines: list[Machine] = field(default_factory=list)

    def __call__(self, _: Lab, wanted: Iterable[Machine]) -> None:
        self.machines = list(wanted)


@dataclass
class Site:
    """A running foundation."""

    lab: Lab
    plane: Plane = field(default_factory=Plane)
    vcenter: VCenter = field(default_factory=VCenter)
    down: set[str] = field(default_factory=set)
    """CIDs of the VMs that do not run."""

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        """Passwords of the simulators."""
        found: dict[str, dict[str, str]] = json.loads(self.lab.credentials.read_text())
        return found

    @property
    def state(self) -> dict[str, Any]:
        """What the foundation has written down."""
        found: dict[str, Any] = json.loads((self.lab.home / "foundation" / "state.json").read_text())
        return found

    def faults(self, **parts: object) -> None:
        """Inject these faults and no others; a part's ``_`` stands for ``-``."""
        self.lab.faults.write_text(json.dumps({part.replace("_", "-"): f for part, f in parts.items()}))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The foundation's process from its start to a sudden end."""
        task = asyncio.create_task(serve(self.lab, self.plane, self.vcenter, lambda: self.down))
        try:
            await until(lambda: _listens(self.lab.pks_host, 9021), task)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def call(self, method: str, url: str, auth: str = "", **options: Any) -> tuple[int, Any]:
        """One HTTPS request; status and JSON (or text). ``auth`` is the header, or a bearer token."""
        tls = ssl.create_default_context(cafile=str(self.lab.ca_certificate))
        headers = {"Authorization": auth if " " in auth else f"Bearer {auth}"} if auth else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, url, ssl=tls, allow_redirects=False, **options) as response,
        ):
            text = await response.text()
            one = text[:1] in {"{", "["} and "}\n{" not in text  # a task's output has an object in each line
            return response.status, json.loads(text) if one else text

    async def token(self, **form: str) -> tuple[int, Any]:
        """Ask the UAA; without arguments the administrator's password is used."""
        known = self.credentials["pks"]
        password = {"username": known["username"], "password": known["password"]}
        form = form or {"grant_type": "password", **password}
        client = aiohttp.encode_basic_auth("pks_cli", "")
        if form["grant_type"] == "client_credentials":
            client = aiohttp.encode_basic_auth(known["client"], form.pop("secret", known["client_secret"]))
        return await self.call("POST", f"https://{self.lab.pks_host}:8443/oauth/token", client, data=form)

    async def pks(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        """A call of the PKS API as the administrator."""
        _, tokens = await self.token()
        url = f"https://{self.lab.pks_host}:9021/v1/{path}"
        return await self.call(method, url, tokens["access_token"], json=document)

    async def nsx(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        """A call of the NSX-T manager."""
        known = self.credentials["nsx"]
        auth = aiohttp.encode_basic_auth(known["username"], known["password"])
        return await self.call(method, f"https://{self.lab.nsx_manager}{path}", auth, json=document)

    async def cluster(self, name: str = "one") -> Any:
        """The cluster's document."""
        return (await self.pks("GET", f"clusters/{name}"))[1]

    async def create(self, **changes: Any) -> Any:
        """Order a cluster and wait for the end of its creation; returns its document."""
        body = {**ORDER, **changes}
        status, document = await self.pks("POST", "clusters", body)
        assert status == 202, document
        return await self.settled(body["name"])

    async def settled(self, name: str = "one") -> Any:
        """The cluster's document once no operation is under way; None when it is gone."""
        document: Any = None

        async def done() -> bool:
            nonlocal document
            status, document = await self.pks("GET", f"clusters/{name}")
            return status == 404 or document["last_action_state"] != "in progress"

        await until(done)
        return document if "uuid" in document else None


async def until(
    done: Callable[[], Awaitable[bool]], task: asyncio.Task[None] | None = None, seconds: float = 10.0
) -> None:
    """Poll ``done`` until it holds; ``task`` must not end meanwhile."""
    async with asyncio.timeout(seconds):
        while not await done():
            if task is not None and task.done():
                await task
            await asyncio.sleep(0.02)


async def holds(condition: Callable[[], bool]) -> bool:
    """``condition`` for ``until``."""
    return condition()


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def run_cli(
    site: Site, name: str, *arguments: str, stdin: str = "", **env: str
) -> tuple[int, str, str]:
    """Run a command line of the lab; exit code, standard output and standard error."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPO), "HOME": str(site.lab.home), **env}
    process = await asyncio.create_subprocess_exec(
        str(site.lab.home / "bin" / name),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, error = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), error.decode()


class Cli:
    """``pks`` with a home of its own."""

    def __init__(self, site: Site, name: str = "pks") -> None:
        self.site = site
        self.name = name
        self.home = site.lab.home / "pks-home"

    async def run(self, *arguments: str, stdin: str = "", **env: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        env = {"PKS_HOME": str(self.home), **env}
        return await run_cli(self.site, self.name, *arguments, stdin=stdin, **env)

    async def ok(self, *arguments: str, stdin: str = "", **env: str) -> str:
        """Standard output of a command that must succeed."""
        code, out, error = await self.run(*arguments, stdin=stdin, **env)
        assert code == 0, error
        return out

    async def fails(self, *arguments: str, stdin: str = "") -> str:
        """Standard error of a command that must fail."""
        code, _, error = await self.run(*arguments, stdin=stdin)
        assert code == 1
        assert error.startswith("Error: ")
        return error

    async def login(self) -> str:
        """Log in as the administrator."""
        known = self.site.credentials["pks"]
        return await self.ok(*self.target, "-u", known["username"], "-p", known["password"])

    @property
    def target(self) -> list[str]:
        """``login`` with the API and the CA."""
        return ["login", "-a", self.site.lab.pks_host, "--ca-cert", str(self.site.lab.ca_certificate)]

    async def create(self, *flags: str) -> str:
        """Order cluster ``one``."""
        return await self.ok("create-cluster", "one", "-e", "one.example.com", "-p", "rancher", *flags)


@pytest.fixture
def idle_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A new foundation that creates clusters in 0.3 seconds; its process is not started."""
    monkeypatch.setenv("LAB_CLUSTER_SECONDS", "0.3")
    lab = Lab(tmp_path / "lab", free_net())
    lab.home.mkdir()
    bringup.prepare(lab)
    return Site(lab)


@pytest.fixture
async def site(idle_site: Site) -> AsyncIterator[Site]:
    """A new foundation."""
    async with idle_site.serving():
        yield idle_site
