"""Reports to Rancher once per server and token, when the cluster has a ready agent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import dns.asyncresolver
import dns.exception

from lab.cluster.api import ApiError, KubernetesApi, Object
from lab.cluster.daemon import follow
from lab.daemon import wait
from lab.rancher.agents import DEPLOYMENT
from lab.rancher.namespaces import NAMESPACE

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
_RETRY_SECONDS = 1.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_log = logging.getLogger(__name__)


class AgentError(Exception):
    """The agent cannot report yet; the message is what its log would show."""


@dataclass(frozen=True)
class AgentConfig:
    """The agent's configuration, as set by the manifest.

    Attributes:
        server: URL of Rancher.
        ca_checksum: SHA-256 of the CA to trust; if empty, the agent trusts the system's CAs.
        token: Registration token.
    """

    server: str
    ca_checksum: str
    token: str


def agent_config(deployments: dict[str, Object], secrets: dict[str, Object]) -> AgentConfig | None:
    """Returns the agent's configuration; None while no agent pod is ready or its Secret is missing."""
    found = deployments.get(f"{NAMESPACE}/{DEPLOYMENT}")
    if found is None or not (found.get("status") or {}).get("readyReplicas"):
        return None
    pod = found["spec"]["template"]["spec"]
    env = {entry["name"]: entry.get("value", "") for entry in pod["containers"][0]["env"]}
    names = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    data = next((secrets[key]["data"] for name in names if (key := f"{NAMESPACE}/{name}") in secrets), None)
    if data is None:
        return None
    return AgentConfig(
        env["CATTLE_SERVER"], env["CATTLE_CA_CHECKSUM"], base64.b64decode(data["token"]).decode()
    )


class Agent:
    """The agent of one cluster.

    Args:
        kubeconfig: Access to the cluster's API.
        dns_server: DNS server that resolves Rancher's name, host:port.
    """

    def __init__(self, kubeconfig: Path, dns_server: str) -> None:
        self._kubeconfig, self._dns_server = kubeconfig, dns_server
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Reports until cancelled."""
        deployments: dict[str, Object] = {}
        secrets: dict[str, Object] = {}
        reported: AgentConfig | None = None
        async with KubernetesApi(self._kubeconfig) as api, asyncio.TaskGroup() as tasks:
            await follow(tasks, api, {_DEPLOYMENTS: deployments, _SECRETS: secrets}, self._changed)
            while True:
                self._changed.clear()
                wanted = agent_config(deployments, secrets)
                pause = None
                if wanted is not None and wanted != reported:
                    try:
                        await self._report(api, wanted)
                        reported = wanted
                        _log.info("connected to %s", wanted.server)
                    except (AgentError, ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                        _log.warning("%s: %s; retrying", wanted.server, error or type(error).__name__)
                        pause = _RETRY_SECONDS
                await wait(self._changed, pause)

    async def _report(self, api: KubernetesApi, wanted: AgentConfig) -> None:
        version = await api.request("GET", "/version")
        nodes = await api.request("GET", "/api/v1/nodes")
        body = {"version": version["gitVersion"], "nodes": len(nodes["items"])}
        url = urlsplit(wanted.server)
        host = url.hostname or ""
        address = f"https://{await self._address(host)}:{url.port or 443}"
        headers = {"Host": url.netloc}
        async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as client:
            trusted = await _trusted(client, address, host, wanted.ca_checksum)
            async with client.post(
                f"{address}/lab/agent",
                json=body,
                ssl=trusted,
                server_hostname=host,
                headers={"Authorization": f"Bearer {wanted.token}"},
            ) as response:
                if response.status != 200:
                    raise AgentError(f"status {response.status}: {(await response.text())[:200]}")

    async def _address(self, host: str) -> str:
        resolver = dns.asyncresolver.Resolver(configure=False)
        server, _, port = self._dns_server.rpartition(":")
        resolver.nameservers, resolver.port = [server], int(port)
        try:
            found = await resolver.resolve(host, "A")
        except dns.exception.DNSException as error:
            raise AgentError(f"{host} does not resolve: {error}") from None
        return str(found[0])


async def _trusted(
    client: aiohttp.ClientSession, address: str, host: str, ca_checksum: str
) -> ssl.SSLContext:
    """Fetches the server's CA, as the agent's entrypoint does, and verifies its checksum."""
    if not ca_checksum:
        return ssl.create_default_context()
    async with client.get(f"{address}/v3/settings/cacerts", ssl=False, server_hostname=host) as response:
        text = (await response.json(content_type=None))["value"]
    if hashlib.sha256(text.encode()).hexdigest() != ca_checksum:
        raise AgentError("the server's CA does not match CATTLE_CA_CHECKSUM")
    return ssl.create_default_context(cadata=text)
