"""The data plane on a real port: certificates by SNI, redirects, error pages, what the backend gets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509

from lab import pki
from lab.edge.server import Edge
from lab.layout import Lab
from tests.lab.fake_kubernetes import FakeKubernetes, Object, serving
from tests.lab.test_edge_routing import endpoint_slice, ingress, path, service

HOST = "rancher.example.com"
LAB_NET = 200 + os.getpid() % 50


@dataclass
class Site:
    """A data plane in front of a backend that tells what it was asked."""

    lab: Lab
    cluster: FakeKubernetes
    address: str
    client: aiohttp.ClientSession
    requests: list[web.Request] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    """The nodes that are down."""

    async def get(
        self,
        url_path: str = "/",
        *,
        host: str = HOST,
        tls: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of a GET on the virtual IP; TLS is verified against the lab's CA."""
        scheme, port = ("https", 8443) if tls else ("http", 8080)
        async with self.client.get(
            f"{scheme}://{self.address}:{port}{url_path}",
            headers={"Host": host, **(headers or {})},
            server_hostname=host if tls else None,
            ssl=ssl.create_default_context(cafile=str(self.lab.ca_certificate)),
            allow_redirects=False,
        ) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def certificate(self, host: str) -> x509.Certificate:
        """The certificate shown for ``host``."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(self.address, 8443, ssl=context, server_hostname=host)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(shown)

    async def secret(self, name: str, host: str) -> None:
        """Put a certificate for ``host`` into the Secret that the Ingress names."""
        crt, key = pki.server_certificate(self.lab, name, dns=[host])
        data = {
            k: base64.b64encode(f.read_bytes()).decode() for k, f in {"tls.crt": crt, "tls.key": key}.items()
        }
        metadata = {"name": "rancher-tls", "namespace": "default"}
        await self.cluster.put("secrets", {"metadata": metadata, "data": data})

    async def controllers(self, *, ready: bool) -> None:
        """Let the ingress controller's pods be ready or not."""
        await self.cluster.put(
            "endpointslices", endpoint_slice("controller", "cattle-system", ready=ready, http=80, https=443)
        )

    async def rancher(self, *, ready: bool) -> None:
        """Let Rancher's pods be ready or not."""
        await self.cluster.put("endpointslices", endpoint_slice("rancher", "default", ready=ready, http=80))


@pytest.fixture
async def site(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    lab = Lab(tmp_path, LAB_NET)
    address = lab.address(50, 2 + sum(request.node.name.encode()) % 250)
    async with serving(lab) as (cluster, kubeconfig), aiohttp.ClientSession() as client:
        made = Site(lab, cluster, address, client)
        runner = web.AppRunner(_backend(made.requests), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        await cluster.put("services", service(address, "100.64.128.125", http=8080, https=8443))
        await cluster.put("services", _service("rancher", {"app": "rancher"}))
        item = ingress("rancher", HOST, path("/", "rancher"), tls="rancher-tls")
        await cluster.put("ingresses", item)
        await made.secret("first", HOST)
        await made.controllers(ready=True)
        await made.rancher(ready=True)
        task = asyncio.create_task(
            Edge(kubeconfig, lab.floating_ips, f"http://127.0.0.1:{port}", lambda: made.down).run()
        )
        await eventually(made.get)
        made.requests.clear()
        yield made
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await runner.cleanup()


def _backend(requests: list[web.Request]) -> web.Application:
    async def echo(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        if request.headers.get("Upgrade"):
            socket = web.WebSocketResponse(protocols=("base64.channel.k8s.io",))
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(f"echo {message.data}")
            return socket
        return web.Response(text=f"{request.method} {request.raw_path} {await request.text()}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    return app


def _service(name: str, selector: Object) -> Object:
    spec = {"type": "ClusterIP", "selector": selector, "ports": [{"name": "http", "port": 80}]}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


async def eventually(attempt: Callable[[], Awaitable[object]]) -> None:
    """Repeat until ``attempt`` neither fails to connect nor returns False."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                if await attempt() is not False:
                    return
            await asyncio.sleep(0.02)


async def test_forwards_with_verified_tls(site: Site) -> None:
    status, body, headers = await site.get("/a%2Fb?c=%20d")
    assert (status, body) == (200, "GET /a%2Fb?c=%20d ")
    assert headers["Strict-Transport-Security"].startswith("max-age=")


async def test_backend_gets_the_headers_that_rancher_wants(site: Site) -> None:
    await site.get(headers={"X-Forwarded-Proto": "http", "X-Forwarded-For": "1.2.3.4", "Cookie": "a=b"})
    got = site.requests[0].headers
    assert got["Host"] == HOST
    assert got["X-Forwarded-Proto"] == "https"
    assert got["X-Forwarded-Port"] == "443"
    assert got["X-Forwarded-For"] == "127.0.0.1"
    assert got["X-Forwarded-Host"] == HOST
    assert got["Cookie"] == "a=b"


async def test_a_body_passes(site: Site) -> None:
    async with site.client.put(
        f"https://{site.address}:8443/x",
        data=b"x" * 300_000,
        headers={"Host": HOST},
        server_hostname=HOST,
        ssl=ssl.create_default_context(cafile=str(site.lab.ca_certificate)),
    ) as answer:
        assert await answer.text() == "PUT /x " + "x" * 300_000


async def test_plain_http_is_sent_to_https(site: Site) -> None:
    status, _, headers = await site.get("/a%20b?c=d", tls=False)
    assert (status, headers["Location"]) == (308, f"https://{HOST}/a%20b?c=d")
    assert site.requests == []


async def test_no_ready_backend_is_503_with_the_right_certificate(site: Site) -> None:
    await site.rancher(ready=False)
    await eventually(lambda: _status(site, 503))
    assert "503 Service Temporarily Unavailable" in (await site.get())[1]
    await site.rancher(ready=True)
    await eventually(lambda: _status(site, 200))


async def test_a_service_that_does_not_exist_is_503(site: Site) -> None:
    await site.cluster.remove("services", "default/rancher")
    await eventually(lambda: _status(site, 503))


async def test_unknown_host_is_404(site: Site) -> None:
    status, body, _ = await site.get(host="other.example.com", tls=False)
    assert status == 404
    assert "404 Not Found" in body
    assert await _common_name(site, "other.example.com") == "Kubernetes Ingress Controller Fake Certificate"


async def test_a_renewed_certificate_is_shown_at_once(site: Site) -> None:
    before = await site.certificate(HOST)
    await site.secret("second", HOST)
    await eventually(lambda: _differs(site, before))
    assert (await site.get())[0] == 200


async def test_without_its_secret_a_host_has_the_fake_certificate(site: Site) -> None:
    await site.cluster.remove("secrets", "default/rancher-tls")
    await eventually(lambda: _is_fake(site))


async def test_a_certificate_for_another_host_is_not_used(site: Site) -> None:
    await site.secret("other", "other.example.com")
    await eventually(lambda: _is_fake(site))


async def test_a_secret_that_holds_no_certificate_is_not_used(site: Site) -> None:
    metadata = {"name": "rancher-tls", "namespace": "default"}
    await site.cluster.put("secrets", {"metadata": metadata, "data": {"tls.crt": "eA==", "tls.key": "eA=="}})
    await eventually(lambda: _is_fake(site))


async def test_ports_close_without_a_ready_controller(site: Site) -> None:
    await site.controllers(ready=False)
    await eventually(lambda: _refused(site))
    await site.controllers(ready=True)
    await eventually(lambda: _status(site, 200))


async def test_ports_close_with_their_service(site: Site) -> None:
    await site.cluster.remove("services", "cattle-system/controller")
    await eventually(lambda: _refused(site))


async def test_a_dead_vm_says_nothing_and_forgets_its_connections(site: Site) -> None:
    site.down.add("")  # the node of all pods here
    trust = ssl.create_default_context(cafile=str(site.lab.ca_certificate))
    url, headers = f"https://{site.address}:8443/", {"Host": HOST}
    # The client would send a GET again by itself.
    request = asyncio.ensure_future(site.client.post(url, headers=headers, server_hostname=HOST, ssl=trust))
    done, _ = await asyncio.wait([request], timeout=1)
    assert not done
    site.down.clear()
    with pytest.raises(aiohttp.ClientError):
        await request
    assert site.requests == []
    assert (await site.get())[0] == 200


async def test_publishes_the_address_in_the_ingress(site: Site) -> None:
    async def published() -> bool:
        item = site.cluster.objects["ingresses"]["default/rancher"]
        wanted = [{"ip": site.address}, {"ip": "100.64.128.125"}]
        return bool(item.get("status", {}).get("loadBalancer", {}).get("ingress") == wanted)

    await eventually(published)


async def test_survives_a_restart_of_the_api_server(site: Site) -> None:
    site.cluster.cut()
    assert (await site.get())[0] == 200
    await site.rancher(ready=False)
    await eventually(lambda: _status(site, 503))


async def test_a_port_that_is_taken_is_tried_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    await site.controllers(ready=False)
    await eventually(lambda: _refused(site))
    blocker = await asyncio.start_server(lambda _, writer: writer.close(), site.address, 8443)
    await site.controllers(ready=True)
    await eventually(lambda: _logged(caplog, f"cannot listen on {site.address}:8443"))
    await eventually(lambda: _redirects(site))
    blocker.close()
    await blocker.wait_closed()
    await site.rancher(ready=True)
    await eventually(lambda: _status(site, 200))


async def test_websockets_pass(site: Site) -> None:
    async with site.client.ws_connect(
        f"https://{site.address}:8443/v3/connect?x=y",
        headers={"Host": HOST},
        server_hostname=HOST,
        protocols=("base64.channel.k8s.io",),
        ssl=ssl.create_default_context(cafile=str(site.lab.ca_certificate)),
    ) as socket:
        assert socket.protocol == "base64.channel.k8s.io"
        await socket.send_str("hello")
        assert await socket.receive_str() == "echo hello"
    assert site.requests[0].raw_path == "/v3/connect?x=y"
    assert site.requests[0].headers["X-Forwarded-Proto"] == "https"


async def _status(site: Site, wanted: int) -> bool:
    return (await site.get())[0] == wanted


async def _redirects(site: Site) -> bool:
    try:
        return (await site.get(tls=False))[0] == 308
    except aiohttp.ClientConnectorError:
        return False


async def _refused(site: Site) -> bool:
    try:
        _, writer = await asyncio.open_connection(site.address, 8443)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def _common_name(site: Site, host: str) -> str:
    subject = (await site.certificate(host)).subject
    return str(subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


async def _is_fake(site: Site) -> bool:
    return await _common_name(site, HOST) == "Kubernetes Ingress Controller Fake Certificate"


async def _differs(site: Site, before: x509.Certificate) -> bool:
    return await site.certificate(HOST) != before


async def _logged(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text
