"""Changes to one certificate of a plan: each function takes the plan and a source of random numbers."""

from __future__ import annotations

import random

from bench.chains.certificate import EXTENSIONS
from bench.chains.files import HOST
from bench.chains.rewriting import Plan

CA_USAGE = ["key_cert_sign", "crl_sign"]


def some(plan: Plan, random_: random.Random) -> Plan:
    found: Plan = plan["certificates"][random_.choice(sorted(plan["certificates"]))]
    return found


def ca(plan: Plan, random_: random.Random) -> Plan:
    names = sorted(name for name in plan["certificates"] if name != "server")
    found: Plan = plan["certificates"][random_.choice(names)]
    return found


def dates(plan: Plan, random_: random.Random) -> None:
    some(plan, random_)["days"] = random_.choice([[-100, -10], [10, 100], [-10, 5], [-10, 9000]])


def key_kind(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    kind = random_.choice(
        ["rsa1024", "rsa3072", "p521", "p224", "k256", "ed25519", "ed448", "dsa", "rsa2048"]
    )
    part["key"] = f"{kind}-{random_.choice(['x', 'y'])}"
    plan["serverKey"] = plan["certificates"]["server"]["key"]


def odd_key(plan: Plan, random_: random.Random) -> None:
    choice = random_.random()
    if choice < 0.4:
        part = plan["certificates"]["server"]
        part["key"], part["pssKey"] = "rsa2048-pss", True
        plan["serverKey"] = part["key"]
    elif choice < 0.7:
        part = some(plan, random_)
        part["key"], part["explicit"] = "p256-odd", random_.choice(["compressed", "parameters"])
        plan["serverKey"] = plan["certificates"]["server"]["key"]
    else:
        plan["certificates"]["server"]["bits"] = random_.choice([8192, 8200, 16384])
        plan["noKey"] = True


def signature_hash(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    part["hash"] = random_.choice(["sha1", "sha384", "sha512", "pss", "sha1"])
    if part["hash"] in ("sha1", "pss"):
        above = part.get("issuer")
        signer = plan["certificates"][above] if above else part
        signer["key"] = f"rsa2048-{random_.choice(['s', 't'])}"
        plan["serverKey"] = plan["certificates"]["server"]["key"]


def signature(plan: Plan, random_: random.Random) -> None:
    some(plan, random_)["broken"] = True


def serial(plan: Plan, random_: random.Random) -> None:
    some(plan, random_)["serial"] = random_.choice(["negative", "zero", "long"])


def version(plan: Plan, random_: random.Random) -> None:
    ca(plan, random_)["version"] = 1


def basic(plan: Plan, random_: random.Random) -> None:
    some(plan, random_)["ca"] = random_.choice([None, True, False])


def path_length(plan: Plan, random_: random.Random) -> None:
    ca(plan, random_)["pathlen"] = random_.choice([0, 0, 1, 2])


def key_usage(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    usage = random_.choice(
        [
            None,
            ["crl_sign"],
            ["digital_signature"],
            ["key_encipherment"],
            ["key_agreement"],
            CA_USAGE,
            ["key_cert_sign"],
        ]
    )
    part.pop("usage", None)
    if usage:
        part["usage"] = usage
    part["usageCritical"] = random_.random() < 0.5


def purposes(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    part["purposes"] = random_.choice([["server"], ["client"], ["any"], ["code", "server"], ["code"]])
    part["ekuCritical"] = random_.random() < 0.3


def names(plan: Plan, random_: random.Random) -> None:
    server = plan["certificates"]["server"]
    names = [
        *[
            "dns:rancher",
            "dns:other.example.org",
            "dns:*.example.com",
            "dns:a.b.example.com",
            "dns:RANCHER.example.com",
        ],
        *[
            "dns:_x.example.com",
            "dns:x..example.com",
            "dns:.example.com",
            "dns:a b.example.com",
            "dns:example.com.",
        ],
        *[
            "ip:10.0.0.1",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "mail:a@example.com",
            "mail:a@EXAMPLE.org",
            "mail:nobody",
        ],
        *[
            "uri:https://rancher.example.com/x",
            "uri:https://10.0.0.1/",
            "uri:urn:x:y",
            "uri:https://a.example.com:8443/",
        ],
        *[
            "uri:https://[::1]/",
            "uri:https://a..b/",
            "uri:http://a b/",
            "uri:://x",
            "uri:https://x.example.com:port/",
        ],
        *[
            "uri:http://%zz/",
            "uri:spiffe://cluster.local/ns",
            "uri:relative/path",
            "uri:https://user@example.com/",
        ],
        *["dir:somebody", "other:upn", "id:1.2.3", "dns:*.*.example.com", "dns:r*.example.com", "dns:*"],
    ]
    server["names"] = random_.sample(names, random_.choice([1, 1, 2, 3]))
    if random_.random() < 0.85:
        server["names"].insert(random_.choice([0, len(server["names"])]), f"dns:{HOST}")
    server["sanCritical"] = random_.random() < 0.3
    if random_.random() < 0.2:
        server["subject"] = ""


def ca_names(plan: Plan, random_: random.Random) -> None:
    part = ca(plan, random_)
    part["names"] = [
        random_.choice(["mail:ca@example.com", "dir:ca", "uri:http://ca.example.com", "dns:ca.example.org"])
    ]
    part["sanCritical"] = random_.random() < 0.5


def constraints(plan: Plan, random_: random.Random) -> None:
    limits = [
        *[
            "dns:example.com",
            "dns:.example.com",
            "dns:",
            "dns:example.org",
            "dns:rancher.example.com",
            "dns:EXAMPLE.com",
        ],
        *["dns:a.example.com", "dns:com", "ip:10.0.0.0/8", "ip:0.0.0.0/0", "ip:::/0", "ip:2001:db8::/32"],
        *["mail:example.com", "mail:.example.com", "mail:a@example.com", "mail:EXAMPLE.ORG"],
        *["uri:example.com", "uri:.example.com", "dir:Example", "dir:rancher.example.com", "id:1.2.3"],
    ]
    part = ca(plan, random_)
    permitted = random_.sample(limits, random_.choice([0, 1, 1, 2, 4]))
    if permitted and random_.random() < 0.7:
        permitted.append(random_.choice(["dns:example.com", "dns:.example.com"]))
    excluded = random_.sample(limits, random_.choice([0, 0, 1, 2]))
    if permitted or excluded:
        part["constraints"] = [sorted(set(permitted)), excluded]
        part["ncCritical"] = random_.random() < 0.7
    if random_.random() < 0.6:
        names(plan, random_)


def extension(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    part["extensions"] = [[random_.choice(sorted(EXTENSIONS)), random_.random() < 0.6]]


def key_ids(plan: Plan, random_: random.Random) -> None:
    part = some(plan, random_)
    part["aki"] = random_.choice(["none", "wrong", "always", "renewed", "match"])
    part["ski"] = random_.random() < 0.7
    part["akiCritical"], part["skiCritical"] = random_.random() < 0.1, random_.random() < 0.1
