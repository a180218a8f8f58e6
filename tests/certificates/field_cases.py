"""Chains that people of this field have, as plans of ``bench.chains``, with the right answer to each."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from bench.chains import HOST, Plan

SERVER = f'"CN={HOST}"'


@dataclass(frozen=True)
class Case:
    """A chain.

    Attributes:
        row: The row of the field cases.
        name: What is odd.
        plan: The chain.
        message: What the program has to say; a regular expression. Empty: nothing.
        severity: How it has to say it.
        go: Whether a Go client refuses the chain.
        openssl: Whether OpenSSL does, as a server that loads the files or as a client.
    """

    row: str
    name: str
    plan: Plan
    message: str
    severity: str = "error"
    go: bool = False
    openssl: bool = False

    def __str__(self) -> str:
        return f"{self.row}-{self.name}".replace(" ", "-")


_USAGE = ["key_cert_sign", "crl_sign"]
_ROOT: Plan = {"subject": "Root CA", "key": "p256-root", "ca": True, "days": [-100, 3000], "usage": _USAGE}
_CA: Plan = {**_ROOT, "subject": "Issuing CA", "key": "p256-ca", "issuer": "root", "days": [-50, 1000]}
_SERVER: Plan = {
    "subject": HOST,
    "key": "p256-server",
    "issuer": "ca",
    "ca": False,
    "usage": ["digital_signature", "key_encipherment"],
    "purposes": ["server"],
    "names": [f"dns:{HOST}"],
}


def plan(
    root: Plan | None = None, ca: Plan | None = None, server: Plan | None = None, **changes: Any
) -> Plan:
    """A good chain of a root, an issuing CA and a server, with changes."""
    certificates = {
        "root": {**_ROOT, **(root or {})},
        "ca": {**_CA, **(ca or {})},
        "server": {**_SERVER, **(server or {})},
        **changes.pop("more", {}),
    }
    made = {"certificates": certificates, "sent": ["server", "ca"], "trusted": ["root"]}
    return copy.deepcopy({**made, "serverKey": certificates["server"]["key"], **changes})


def _limited(limits: list[list[str]], *names: str, critical: bool = True) -> Plan:
    ca = {"constraints": limits, "ncCritical": critical}
    return plan(ca=ca, server={"names": [f"dns:{HOST}", *names]})


def _both(row: str, name: str, made: Plan, message: str) -> Case:
    return Case(row, name, made, message, go=True, openssl=True)


def _go(row: str, name: str, made: Plan, message: str) -> Case:
    return Case(row, name, made, message, go=True)


_INSIDE = [["dns:example.com", "ip:10.0.0.0/8", "mail:example.com", "uri:example.com"], []]
_OUTSIDE = "Issuing CA.* may only issue for .*, not for"
CONSTRAINTS = [
    Case("B1", "all names inside", _limited(_INSIDE, "dns:a.example.com", "ip:10.1.1.1"), ""),
    Case("B1", "a dot in front", _limited([["dns:.example.com"], []]), ""),
    Case("B1", "not critical", _limited([["dns:example.com"], []], critical=False), ""),
    _both(
        "B1", "second name", _limited(_INSIDE, "dns:rancher.corp.local"), f"{_OUTSIDE} DNS rancher.corp.local"
    ),
    _both("B1", "short name", _limited(_INSIDE, "dns:rancher"), f"{_OUTSIDE} DNS rancher in"),
    _both("B1", "address", _limited(_INSIDE, "ip:192.0.2.1"), f"{_OUTSIDE} IP 192.0.2.1"),
    _both("B1", "IPv6", _limited(_INSIDE, "ip:2001:db8::1"), f"{_OUTSIDE} IP 2001:db8::1"),
    _both("B1", "e-mail", _limited(_INSIDE, "mail:a@example.org"), f"{_OUTSIDE} e-mail a@example.org"),
    _both(
        "B1", "URI", _limited(_INSIDE, "uri:https://a.example.org/"), f"{_OUTSIDE} URI https://a.example.org/"
    ),
    _both(
        "B1", "wildcard", _limited([[f"dns:{HOST}"], []], "dns:*.example.com"), r"not for DNS \*.example.com"
    ),
    Case(
        "B1",
        "wildcard into a subtree",
        _limited([[], ["dns:a.example.com"]], "dns:*.example.com"),
        r"excludes DNS \*.example.com",
        go=True,
        openssl=False,
    ),
    _both("B1", "excluded", _limited([[], ["dns:example.com"]]), f"excludes DNS {HOST}"),
    _both(
        "B1",
        "directory name",
        _limited([["dir:Example", "dns:example.com"], []]),
        "Issuing CA.* critical name constraints of the kind directoryName, which Go does not handle",
    ),
    Case(
        "B1",
        "directory name, not critical",
        _limited([["dir:Example", "dns:example.com"], []], critical=False),
        "Issuing CA.* has name constraints that the subject .* breaks",
        openssl=True,
    ),
    _go("B1", "registered id", _limited([["id:1.2.3", "dns:example.com"], []]), "critical name constraints"),
]

EXTENSIONS = [
    *[
        Case(
            "B2",
            f"{name} in {place}",
            plan(**{place: {"extensions": [[name, True]]}}),
            message,
            go=go,
            openssl=openssl,
        )
        for place in ("ca", "server")
        for name, message, go, openssl in [
            ("tlsfeature", "critical extension .*1.3.6.1.5.5.7.1.24", True, True),
            ("issuerAltName", "critical extension .*2.5.29.18", True, True),
            ("unknown", "critical extension 1.2.3.4", True, True),
            ("adcsTemplate", "critical extension .*1.3.6.1.4.1.311.21.7", True, True),
            ("freshestCrl", "critical extension .*2.5.29.46", True, True),
            ("netscape", "critical extension", True, False),
            ("nocheck", "critical extension", True, False),
            ("policyConstraints", "critical extension .*2.5.29.36.*Go before 1.24", True, False),
            ("inhibitMapping", "critical extension .*2.5.29.36.*Go before 1.24", False, False),
            ("inhibitAnyPolicy", "critical extension .*2.5.29.54.*Go before 1.24", False, False),
            ("mappings", "critical extension .*2.5.29.33.*Go before 1.24", False, False),
            ("aia", "marked critical, which Go refuses", True, True),
            ("policies", "", False, False),
            ("crl", "", False, False),
        ]
    ],
    *[
        Case("B2", f"{name} not critical", plan(ca={"extensions": [[name, False]]}), "")
        for name in (
            "tlsfeature",
            "issuerAltName",
            "unknown",
            "adcsTemplate",
            "freshestCrl",
            "aia",
            "netscape",
        )
    ],
    _both("B2", "key id", plan(ca={"skiCritical": True}), "marked critical, which Go refuses"),
]

GO_ALONE = [
    _both(
        "B3",
        "RSASSA-PSS key",
        plan(server={"key": "rsa2048-server", "pssKey": True}),
        "has an RSASSA-PSS key",
    ),
    _go(
        "B3",
        "8200 bits",
        plan(server={"bits": 8200}, noKey=True),
        "RSA key of 8200 bits; Go accepts 8192 at most",
    ),
    Case("B3", "8192 bits", plan(server={"bits": 8192}, noKey=True), ""),
    _go("B3", "malformed URI", plan(server={"names": [f"dns:{HOST}", "uri:https://a..b/"]}), "malformed URI"),
    _go(
        "B3",
        "URI with a bad port",
        plan(server={"names": [f"dns:{HOST}", "uri:https://a:x/"]}),
        "malformed URI",
    ),
    Case(
        "B3",
        "good URIs",
        plan(server={"names": [f"dns:{HOST}", "uri:spiffe://a.b/c", "uri:https://a:8443/"]}),
        "",
    ),
    _go(
        "B3",
        "non-ASCII name",
        plan(
            server={
                "names": [f"dns:{HOST}", "dns:buecher.example.com"],
                "texts": [["buecher", "b\xc3\xbccher"]],
            }
        ),
        "outside ASCII",
    ),
    _go("B3", "negative serial", plan(server={"serial": "negative"}), "serial number that is negative"),
    Case("B3", "serial zero", plan(ca={"serial": "zero"}), "serial number that is zero"),
    Case("B3", "long serial", plan(ca={"serial": "long"}), "serial number that is longer than 20 bytes"),
    _go(
        "B3",
        "explicit policy",
        plan(ca={"extensions": [["policyConstraints", False]]}),
        "requireExplicitPolicy",
    ),
]

KEY_IDS = [
    Case(
        "B5",
        "wrong key",
        plan(server={"aki": "wrong"}),
        "names another key of its issuer.*OpenSSL clients",
        "warning",
        openssl=True,
    ),
    Case(
        "B5",
        "wrong key of the CA",
        plan(ca={"aki": "wrong"}),
        "names another key of its issuer.*OpenSSL clients",
        "warning",
        openssl=True,
    ),
    Case(
        "B5",
        "renewed CA",
        plan(server={"aki": "renewed"}),
        "names another serial number of its issuer",
        "warning",
        openssl=True,
    ),
    Case("B5", "issuer and serial", plan(server={"aki": "always"}), ""),
    Case("B5", "no key ids", plan(server={"aki": "none"}, ca={"ski": False, "aki": "none"}), ""),
]

# The issuing CA cross-signed by a second root, which has expired or which nobody trusts.
_SECOND: Plan = {**_ROOT, "subject": "Second Root CA", "key": "p256-second"}
_CROSSED: Plan = {**_CA, "issuer": "second"}


def _crossed(sent: list[str], trusted: list[str], **second: Any) -> Plan:
    return plan(more={"second": {**_SECOND, **second}, "crossed": dict(_CROSSED)}, sent=sent, trusted=trusted)


_EXPIRED_TWIN: Plan = {**_CA, "days": [-400, -50]}
CROSS_SIGNED = [
    Case(
        "B6",
        "the needed one first",
        _crossed(["server", "ca", "crossed"], ["root"]),
        r"Issuing CA.* \(serial {crossed}, until .*is not part of the path",
        "warning",
    ),
    Case(
        "B6",
        "the needed one last",
        _crossed(["server", "crossed", "ca"], ["root"]),
        r'because it also tries "CN=Issuing CA" \(serial {crossed}, until',
        openssl=True,
    ),
    Case(
        "B6",
        "the second root is trusted",
        _crossed(["server", "ca", "crossed"], ["second"]),
        r'because it also tries "CN=Issuing CA" \(serial {ca}, until',
        openssl=True,
    ),
    Case(
        "B6",
        "the second root is trusted, its CA first",
        _crossed(["server", "crossed", "ca"], ["second"]),
        r"Issuing CA.* \(serial {ca}, until .*is not part of the path",
        "warning",
    ),
    Case(
        "B6",
        "the second root has expired",
        _crossed(["server", "ca", "crossed"], ["root"], days=[-400, -50]),
        r"Issuing CA.* \(serial {crossed}, until .*is not part of the path",
        "warning",
    ),
    Case(
        "B6",
        "expired beside good",
        plan(more={"old": _EXPIRED_TWIN}, sent=["server", "old", "ca"]),
        r"Issuing CA.* \(serial {old}, until .*is not part of the path",
        "warning",
    ),
    Case(
        "B6",
        "the order along the path",
        _crossed(["ca", "server", "crossed"], ["root"]),
        rf'out of order.*right order is: 1. {SERVER}; 2. "CN=Issuing CA" \(serial {{ca}}',
        go=True,
        openssl=True,
    ),
]

# A root with a new key, and what AD CS then makes: cross certificates of its name between the two keys.
_NEW_ROOT: Plan = {**_ROOT, "key": "p256-newroot"}
_OLD_TO_NEW: Plan = {**_NEW_ROOT, "issuer": "root"}


def _bridged(trusted: list[str], sent: list[str] | None = None, **key_ids: Any) -> Plan:
    more = {"newroot": {**_NEW_ROOT, **key_ids}, "bridge": {**_OLD_TO_NEW, **key_ids}}
    made = plan(
        root=key_ids,
        ca={"issuer": "newroot", **key_ids},
        server=key_ids,
        more=more,
        sent=sent or ["server", "ca", "bridge"],
        trusted=trusted,
    )
    order = ("root", "newroot", "bridge", "ca", "server")
    made["certificates"] = {name: made["certificates"][name] for name in order}
    return made


RENEWED = [
    Case("B7", "old root trusted", _bridged(["root"]), ""),
    Case("B7", "new root trusted", _bridged(["newroot"], ["server", "ca"]), ""),
    _both("B7", "bridge missing", _bridged(["root"], ["server", "ca"]), 'was signed by another "CN=Root CA"'),
]
_NO_IDS = {"ski": False, "aki": "none"}
TWO_ROOTS = [
    Case(
        "B8",
        "the wrong one first",
        _bridged(["root", "newroot"], ["server", "ca"], **_NO_IDS),
        r"Put .* \(serial {newroot}, .* before .* \(serial {root}, ",
        "warning",
        openssl=True,
    ),
    Case(
        "B8",
        "the right one first",
        _bridged(["newroot", "root"], ["server", "ca"], **_NO_IDS),
        r"Put .* \(serial {newroot}, .* before .* \(serial {root}, ",
        "warning",
    ),
    Case("B8", "with key ids", _bridged(["root", "newroot"], ["server", "ca"]), "not needed", "warning"),
]


def renewed(count: int) -> Plan:
    """A CA renewed with one key, each time with a new certificate, all of which clients are to trust."""
    more = {f"root{number}": {**_ROOT, "days": [-100 + number % 90, 3000]} for number in range(count)}
    more |= {f"ca{number}": {**_CA, "issuer": f"root{number}"} for number in range(count)}
    return plan(more=more, trusted=["root", *more], sent=["server", "ca"])


CASES = [*CONSTRAINTS, *EXTENSIONS, *GO_ALONE, *KEY_IDS, *CROSS_SIGNED, *RENEWED, *TWO_ROOTS]
