"""Answers DNS messages for one zone (RFC 1035, 2136, 8945) over UDP and TCP."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.tsig
import dns.update

from lab.dns.zone import ZoneFile

_FUDGE = 300
_UDP_BYTES = 512
_HEADER_BYTES = 12
_ALIASES = 8
log = logging.getLogger("lab.dns")


class DnsServer:
    """The zone's primary server. Updates must be signed with one of ``keys``; queries need no key."""

    def __init__(
        self, zone: ZoneFile, keys: Mapping[str, str], faults: Callable[[], dict[str, Any]] = lambda: {}
    ) -> None:
        """Serve ``zone``.

        Args:
            zone: The zone to serve.
            keys: Secrets (base64) of the hmac-sha256 keys, by name.
            faults: Returns the fault to inject now.
        """
        self._zone = zone
        self._faults = faults
        self._keys = {
            dns.name.from_text(name): dns.tsig.Key(name, secret, dns.tsig.HMAC_SHA256)
            for name, secret in keys.items()
        }

    async def answer(self, wire: bytes) -> bytes | None:
        """Returns the response to a message; None if it gets no response or a fault drops it."""
        fault = self._faults()
        await asyncio.sleep(float(fault.get("delay_seconds", 0)))
        if fault.get("drop") or len(wire) < _HEADER_BYTES or wire[2] & 0x80:
            return None
        try:
            message = dns.message.from_wire(wire, keyring=self._keys)
        except (dns.message.UnknownTSIGKey, dns.tsig.BadKey, dns.tsig.BadAlgorithm):
            return self._tsig_refusal(wire, dns.rcode.BADKEY)
        except dns.tsig.BadSignature:
            return self._tsig_refusal(wire, dns.rcode.BADSIG)
        except dns.tsig.BadTime:
            return self._tsig_refusal(wire, dns.rcode.BADTIME)
        except (dns.exception.DNSException, ValueError) as error:
            log.info("bad message: %s", type(error).__name__)
            return wire[:2] + struct.pack("!HHHHH", 0x8000 | dns.rcode.FORMERR, 0, 0, 0, 0)
        response = dns.message.make_response(message)
        if "rcode" in fault:
            response.set_rcode(dns.rcode.from_text(fault["rcode"]))
        elif isinstance(message, dns.update.UpdateMessage):
            response.set_rcode(self._update(message))
        elif message.opcode() == dns.opcode.QUERY and len(message.question) == 1:
            self._query(message, response)
        else:
            response.set_rcode(dns.rcode.NOTIMP)
        return response.to_wire()

    def _query(self, message: dns.message.Message, response: dns.message.Message) -> None:
        name, rdtype = message.question[0].name, message.question[0].rdtype
        if not name.is_subdomain(self._zone.origin) or message.question[0].rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        for _ in range(_ALIASES):
            found = self._zone.records(name, rdtype)
            response.answer.extend(found)
            alias = [] if found else self._zone.records(name, dns.rdatatype.CNAME)
            if not alias:
                break
            response.answer.extend(alias)
            name = alias[0][0].target
            if not name.is_subdomain(self._zone.origin):
                return
        if not found:
            soa = self._zone.soa()
            soa.ttl = min(soa.ttl, soa[0].minimum)  # RFC 2308 section 3
            response.authority.append(soa)
            if not self._zone.holds(name):
                response.set_rcode(dns.rcode.NXDOMAIN)

    def _update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if len(message.zone) != 1:
            return dns.rcode.FORMERR
        if message.zone[0].name != self._zone.origin or message.zone[0].rdclass != dns.rdataclass.IN:
            return dns.rcode.NOTAUTH
        if not message.had_tsig:
            log.info("update without a key refused")
            return dns.rcode.REFUSED
        code = self._zone.update(message)
        changes = "; ".join(str(item) for item in message.update) or "nothing"
        log.info("update by %s: %s: %s", message.keyname, changes, dns.rcode.to_text(code))
        return code

    def _tsig_refusal(self, wire: bytes, error: dns.rcode.Rcode) -> bytes:
        """Returns NOTAUTH with the reason in a TSIG record; only BADTIME is signed (RFC 8945 section 5.2)."""
        request = dns.message.from_wire(wire, keyring=False, continue_on_error=True)
        response = dns.message.make_response(request)
        response.set_rcode(dns.rcode.NOTAUTH)
        log.info("%s for key %s", dns.rcode.to_text(error), request.keyname)
        if request.tsig is None:
            return response.to_wire()
        sent, now = request.tsig[0], int(time.time())
        if error == dns.rcode.BADTIME:
            other = struct.pack("!Q", now)[2:]
            response.use_tsig(self._keys[request.tsig.name], None, _FUDGE, request.id, error, other)
            response.request_mac = sent.mac
            return response.to_wire()
        unsigned = dns.rdtypes.ANY.TSIG.TSIG(  # type: ignore[no-untyped-call]
            dns.rdataclass.ANY, dns.rdatatype.TSIG, sent.algorithm, now, _FUDGE, b"", request.id, error, b""
        )
        response.tsig = dns.rrset.from_rdata(request.tsig.name, 0, unsigned)
        response.want_tsig_sign = False
        return response.to_wire()


@asynccontextmanager
async def listen(server: DnsServer, address: str, port: int) -> AsyncIterator[int]:
    """Serves on UDP and TCP of one port (0: any free one) while the context is open; yields the port."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
            task = loop.create_task(self._reply(data, addr))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        async def _reply(self, data: bytes, addr: tuple[str | Any, int]) -> None:
            wire = await server.answer(data)
            if wire is not None:
                if len(wire) > _UDP_BYTES:  # the client retries over TCP
                    flags = struct.unpack("!H", wire[2:4])[0] | dns.flags.TC
                    wire = wire[:2] + struct.pack("!HHHHH", flags, 0, 0, 0, 0)
                self._transport.sendto(wire, addr)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await server.answer(await reader.readexactly(length))
                if wire is not None:
                    writer.write(struct.pack("!H", len(wire)) + wire)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    streams = await asyncio.start_server(converse, address, port)
    bound = int(streams.sockets[0].getsockname()[1])
    transport, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=(address, bound))
    try:
        yield bound
    finally:
        transport.close()
        streams.close()
