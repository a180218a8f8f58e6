"""The systems of other protocols: the DNS server and vCenter."""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.update
from pyVmomi import vim

from lab.dns.server import DnsServer
from lab.dns.zone import ZoneFile
from tests.dns.sites import KEY, SECRET, ZONE
from tests.faults.gate import Gate
from tests.placement.fake_vcenter import FakeVCenter

HOSTNAME = f"rancher.{ZONE}"
COMMANDS = (
    "dns query",
    "dns update",
    "vcenter RetrieveServiceContent",
    "vcenter Login",
    "vcenter RetrieveProperties",
)
_LOOP = asyncio.new_event_loop()


class Dns:
    """The lab's server of a zone, without its sockets."""

    def __init__(self, gate: Gate, file: Path) -> None:
        """Serve an empty zone, kept in a file."""
        self._gate = gate
        file.unlink(missing_ok=True)
        self._zone = ZoneFile.load(file, ZONE, "127.0.0.1")
        self._server = DnsServer(self._zone, {KEY: SECRET})

    def ask(self, message: dns.message.Message, *_: object) -> dns.message.Message:
        """In the place of ``components.dns.transport._ask``."""
        wire = message.to_wire()

        def effect() -> dns.message.Message:
            answer = _LOOP.run_until_complete(self._server.answer(wire))
            return dns.message.from_wire(answer or b"", keyring=message.keyring, request_mac=message.mac)

        def faulty(kind: str) -> dns.message.Message:
            if kind.startswith("hangs"):
                raise dns.exception.Timeout
            if kind == "garbage":
                raise dns.exception.FormError
            if kind == "lost":
                raise EOFError
            answer = dns.message.make_response(message)
            answer.set_rcode(dns.rcode.SERVFAIL if kind == "refused" else dns.rcode.REFUSED)
            return answer

        kind = "update" if isinstance(message, dns.update.UpdateMessage) else "query"
        return self._gate.call(f"dns {kind}", effect, faulty)

    def addresses(self) -> list[str]:
        """Addresses of Rancher's name."""
        found = self._zone.records(dns.name.from_text(HOSTNAME), dns.rdatatype.A)
        return [item.to_text() for records in found for item in records]


class VCenter(FakeVCenter):
    """A vCenter as the SOAP client of ``vcenter_session``."""

    def __init__(self, gate: Gate) -> None:
        """With three hosts and the VMs of a cluster."""
        super().__init__()
        self._gate = gate
        self.datacenter("dc0", "DC0")
        self.cluster("c0", "C0", "dc0")
        for number in range(3):
            self.machine(f"vm-{number}", f"c0-h{number}", job="master")

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802
        def effect() -> Any:
            match info.wsdlName:
                case "RetrieveServiceContent":
                    content = self.content
                    content.sessionManager = vim.SessionManager("sessions", self)
                    return content
                case "Login" | "Logout":
                    return None
            return super(VCenter, self).InvokeMethod(mo, info, args)

        def faulty(kind: str) -> Any:
            if kind.startswith("hangs") or kind == "lost":
                raise TimeoutError("no complete answer")
            if kind == "garbage":
                raise ValueError("no XML")
            raise vim.fault.NotAuthenticated if kind == "expired" else vim.fault.HostConnectFault

        return self._gate.call(f"vcenter {info.wsdlName}", effect, faulty)

    def DropConnections(self) -> None:  # noqa: N802
        """Nothing is connected."""
