"""All systems of a foundation in this process, and the lives of the providers' process in it."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from components.capacity.nsx_manager import NSX
from components.dns.credentials import TSIG
from components.pks.cli import Pks
from components.pks.credentials import Access
from components.pks.provider import PksProvider
from components.placement.credentials import VSPHERE
from components.runtime import tls, waiting
from tests.dns.sites import KEY
from tests.dns.sites import SECRET as TSIG_SECRET
from tests.faults import others, pks, web
from tests.faults.gate import Fault, Gate
from tests.faults.pks import Foundation
from tests.pks.conftest import Clock

COMMANDS = (*pks.COMMANDS, *web.COMMANDS, *others.COMMANDS)
SECRETS = (pks.SECRET, TSIG_SECRET, "canary-of-vcenter", "canary-of-nsx", "canary-of-rancher")
ENVIRONMENT = {
    **{NSX.fields[n].variable: value for n, value in enumerate((web.NSX, "auditor", SECRETS[3]))},
    **{VSPHERE.fields[n].variable: value for n, value in enumerate(("vc.test", "user", SECRETS[2]))},
    **{TSIG.fields[0].variable: KEY, TSIG.fields[2].variable: TSIG_SECRET},
}
_CLIENT = httpx.Client
_FOLDER = tempfile.TemporaryDirectory(prefix="rancher-on-pks-faults-")
_TEMPORARY = Path(_FOLDER.name)


class World:
    """PKS, Rancher, the cluster's API, NSX-T, the chart repository, DNS and vCenter."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Make an empty foundation."""
        self.gate = Gate(list(faults))
        self.clock = Clock()
        self.pks = Foundation(self.gate)
        with mock.patch("lab.rancher.identity._scrypt", _hash):
            self.web = web.Web(self.gate, lambda: bool(self.pks.clusters), self.clock.monotonic)
        self.dns = others.Dns(self.gate, _TEMPORARY / "zone")
        self.vcenter = others.VCenter(self.gate)
        self._uuids: list[str] = []

    @property
    def taken(self) -> list[Fault]:
        """The faults that have happened."""
        return self.gate.taken

    @contextlib.contextmanager
    def process(self) -> Iterator[None]:
        """One life of the providers' process: it logs in for itself, and time passes only by sleeping."""
        client = Pks(Access("pks.test", client="c", client_secret=pks.SECRET))
        client._command = self.pks  # type: ignore[assignment]
        self.gate.dead = False
        with contextlib.ExitStack() as stack:
            for patch in (
                mock.patch.object(PksProvider, "pks", client),
                mock.patch("components.pks.preflight.client", lambda _config: client),
                mock.patch.object(waiting, "time", self.clock),
                mock.patch("components.pks.cli.time", self.clock),
                mock.patch("components.rancher.local_cluster.time", self.clock),
                mock.patch("tenacity.nap.time", self.clock),
                mock.patch("components.preflight.ThreadPoolExecutor", _InOrder),
                mock.patch("lab.rancher.identity._scrypt", _hash),
                mock.patch("components.dns.transport._ask", self.dns.ask),
                mock.patch("components.placement.vcenter_session._connect", lambda _: self.vcenter),
                mock.patch.object(httpx, "Client", self._client),
                mock.patch.object(tls, "trust_only", lambda *_: None),
                mock.patch.object(tls, "trust_system", lambda *_: None),
                mock.patch.dict("os.environ", ENVIRONMENT),
                mock.patch("tempfile.tempdir", str(_TEMPORARY)),
            ):
                stack.enter_context(patch)
            yield

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """The judge asks without faults, and its calls do not count."""
        gate = self.gate
        faults, counts = gate.faults, gate.counts.copy()
        gate.faults = []
        try:
            with self.process():
                yield
        finally:
            gate.faults, gate.counts = faults, counts

    def _client(self, **given: Any) -> httpx.Client:
        kept = {name: given[name] for name in ("headers", "auth", "timeout") if name in given}
        return _CLIENT(transport=httpx.MockTransport(self._handle), trust_env=False, **kept)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        uuids = [item["uuid"] for item in self.pks.clusters]
        if uuids and uuids != self._uuids:
            self._uuids = uuids
            self.web.renew()
        return self.web.handle(request)


def _hash(password: str, salt: bytes) -> bytes:
    """In the place of a hash that takes long on purpose."""
    return hashlib.sha256(salt + password.encode()).digest()


class _InOrder:
    """A pool of threads that runs each task when it is submitted: a seed gives one order of calls."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> _InOrder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(call(*arguments))
        return done


def leftovers() -> set[Path]:
    """Private files of this project."""
    return set(_TEMPORARY.glob(".rancher-on-pks-private-*"))
