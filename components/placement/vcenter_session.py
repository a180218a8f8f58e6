"""Login to vCenter: verified TLS, every request bounded in time."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import http.client
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from xml.parsers.expat import ExpatError

from pyVmomi import SoapAdapter, vim, vmodl
from pyVmomi.VmomiSupport import GetServiceVersions, versionIdMap

from components.runtime import tls
from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient, HttpError, Server
from domain.credentials import Login
from domain.urls import host_and_port

_SECONDS = 60.0
"""Longest time for one request, with its whole answer."""
_PORT = 443
_FAILURES = (OSError, ValueError, http.client.HTTPException, ExpatError, vmodl.MethodFault)
"""What pyVmomi raises when a request fails."""
_VERSION = re.compile(r"<version>\s*([^<\s]+)\s*</version>")
_UNTRUSTED = re.compile(r"certificate verify failed: ([^(\[]+)")


@contextmanager
def content(login: Login) -> Iterator[Any]:
    """Logs in, returns vCenter's ``ServiceContent``, and logs out at the end.

    Raises:
        ProviderError: Credentials are missing; vCenter is unreachable, untrusted, or refuses.
    """
    require(login, "server", "user", "password")
    server, user = login["server"], login["user"]
    stub = None
    try:
        stub = _connect(login)
        service: Any = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
        service.sessionManager.Login(user, login["password"], None)
        try:
            yield service
        finally:
            with suppress(*_FAILURES):
                service.sessionManager.Logout()
    except vim.fault.InvalidLogin:
        raise ProviderError(
            f"vCenter {server} rejected user {user!r}. Check {login.system.where('user', 'password')}"
        ) from None
    except vim.fault.NoPermission:
        raise ProviderError(
            f"user {user!r} lacks permissions in vCenter {server}: it must read VMs and hosts, and edit the "
            "vSphere clusters (Host.Inventory.EditCluster); drills also power VMs on and off "
            "(VirtualMachine.Interact.PowerOff and PowerOn)"
        ) from None
    except (*_FAILURES, HttpError) as error:
        raise _unusable(login, getattr(error, "msg", "") or str(error) or type(error).__name__) from None
    finally:
        if stub is not None:
            with suppress(*_FAILURES):
                stub.DropConnections()


def _connect(login: Login) -> Any:
    """A SOAP client that speaks the newest API version that vCenter and pyVmomi share.

    pyVmomi's own negotiation has no time limit.
    """
    server = login["server"]
    host, port = host_and_port(server, _PORT)
    trust = tls.trust_like_go(os.environ)
    with HttpClient(Server(name=f"vCenter {server}", url=f"https://{server}", trust=trust)) as client:
        answer = client.request("GET", "/sdk/vimServiceVersions.xml", headers={"Accept": "*/*"}).text
    offered = set(_VERSION.findall(answer))
    version = next((item for item in GetServiceVersions("vim25") if versionIdMap[item] in offered), None)
    if version is None:
        raise _unusable(login, "it is not a vCenter, or offers no known version of the vSphere API")
    return _BoundedStub(
        host=host, port=port, version=version, sslContext=trust, httpConnectionTimeout=_SECONDS
    )


class _BoundedStub(SoapAdapter.SoapStubAdapter):
    """Ends requests that take too long. The socket's own timeout starts again with each byte."""

    def GetConnection(self) -> Any:  # noqa: N802
        self._connection = super().GetConnection()
        return self._connection

    def InvokeMethod(self, *args: Any, **options: Any) -> Any:  # noqa: N802
        expired = threading.Event()

        def end() -> None:
            expired.set()
            with suppress(OSError, AttributeError):  # it may be closed by now
                self._connection.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(_SECONDS, end)
        timer.daemon = True
        timer.start()
        try:
            return super().InvokeMethod(*args, **options)
        except Exception:
            if expired.is_set():
                raise TimeoutError(f"no complete answer within {_SECONDS:g} s") from None
            raise
        finally:
            timer.cancel()


def _unusable(login: Login, reason: str) -> ProviderError:
    server = login["server"]
    if "CERTIFICATE_VERIFY" not in reason:
        return ProviderError(
            f"vCenter {server} cannot be used ({reason}). Check {login.system.where('server')}"
        )
    found = _UNTRUSTED.search(reason)
    why = f": {found[1].strip()}" if found else ""
    return ProviderError(
        f"the certificate of vCenter {server} is not trusted{why}. Set SSL_CERT_DIR to the directories with "
        "trusted CAs, for example /etc/ssl/certs:/path/to/our-ca; the vSphere plugin reads it, too"
    )
