"""Random plans: chains that people have."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

from bench.chains import changes
from bench.chains.changes import CA_USAGE
from bench.chains.files import HOST
from bench.chains.rewriting import Plan

_SERVER_USAGE = ["digital_signature", "key_encipherment"]


def draw(random_: random.Random) -> Plan:
    """A chain that people have: a good one, changed in none to three places."""
    depth = random_.choice([0, 1, 1, 1, 2, 2, 3])
    ca_kind = random_.choice(["p256", "p256", "p384", "rsa2048", "rsa2048"])
    certificates: dict[str, Plan] = {
        "root": {
            "subject": "Root CA",
            "key": f"{ca_kind}-root",
            "ca": True,
            "days": [-100, 3000],
            "usage": CA_USAGE,
        }
    }
    above = "root"
    for number in range(depth):
        name = f"ca{number}"
        kind = random_.choice(["p256", ca_kind])
        certificates[name] = {
            "subject": f"Issuing CA {number}",
            "key": f"{kind}-{name}",
            "issuer": above,
            "ca": True,
            "usage": CA_USAGE,
            "days": [-50, 1000],
        }
        above = name
    kind = random_.choice(["p256", "p256", "rsa2048", "p384"])
    certificates["server"] = {
        "subject": HOST,
        "key": f"{kind}-server",
        "issuer": above,
        "ca": False,
        "usage": _SERVER_USAGE,
        "purposes": ["server"],
        "names": [f"dns:{HOST}"],
    }
    sent = ["server", *(f"ca{number}" for number in reversed(range(depth)))]
    plan: Plan = {
        "certificates": certificates,
        "sent": sent,
        "trusted": ["root"],
        "serverKey": certificates["server"]["key"],
    }
    for _ in range(random_.choice([0, 1, 1, 1, 2, 2, 3])):
        random_.choice(_CHANGES)(plan, random_)
    own_key = plan["serverKey"] == certificates["server"]["key"]
    if own_key and plan.get("keyForm") not in ("encrypted", "der") and random_.random() < _REQUESTED:
        plan["csr"] = True  # the program does not have the key yet
    return plan


_REQUESTED = 0.1


def _order(plan: Plan, random_: random.Random) -> None:
    random_.shuffle(plan["sent"])


def _missing(plan: Plan, random_: random.Random) -> None:
    plan["sent"].remove(random_.choice(plan["sent"]))
    if not plan["sent"] or random_.random() < 0.3:
        plan["sent"] = ["server"]


def _surplus(plan: Plan, random_: random.Random) -> None:
    plan["certificates"]["other"] = {"subject": "Other CA", "key": "p256-other", "ca": True}
    plan["certificates"]["stranger"] = {
        "subject": "x",
        "key": "p256-stranger",
        "issuer": "other",
        "names": ["dns:x"],
    }
    place = random_.choice(["sent", "trusted"])
    extra = random_.choice(["root", "other", "stranger", "server", *plan["sent"]])
    plan[place].insert(random_.randrange(len(plan[place]) + 1), extra)


def _trusted(plan: Plan, random_: random.Random) -> None:
    plan["certificates"].setdefault("other", {"subject": "Root CA", "key": "p256-other", "ca": True})
    plan["trusted"] = random_.choice(
        [
            ["other"],
            ["root", "other"],
            ["other", "root"],
            plan["sent"][-1:],
            [*plan["sent"][1:], "root"],
            ["server"],
        ]
    )


def _renewed(plan: Plan, random_: random.Random) -> None:
    """A CA renewed with the same key, several times; some of them are in the bundle or in the chain."""
    name = random_.choice(sorted(set(plan["certificates"]) - {"server"}))
    before = plan["certificates"][name]
    for number in range(random_.choice([1, 1, 2, 8])):
        fresh = copy.deepcopy(before)
        fresh["days"] = random_.choice([[-400, -50], [-5, 2000], [-100, 2500], [30, 3000]])
        fresh["aki"] = random_.choice(["match", "none", "always"])
        plan["certificates"][f"{name}-again{number}"] = fresh
        place = plan[random_.choice(["sent", "trusted", "trusted"])]
        place.insert(random_.randrange(len(place) + 1), f"{name}-again{number}")


def _cross(plan: Plan, random_: random.Random) -> None:
    """A CA cross-signed by another root: a second certificate of its name and key."""
    name = random_.choice(sorted(set(plan["certificates"]) - {"server"}))
    days = random_.choice([[-100, 3000], [-100, -10]])
    plan["certificates"]["second"] = {
        "subject": "Second Root CA",
        "key": "p256-second",
        "ca": True,
        "days": days,
    }
    crossed = {**copy.deepcopy(plan["certificates"][name]), "issuer": "second"}
    plan["certificates"]["crossed"] = crossed
    plan["sent"].insert(random_.randrange(len(plan["sent"]) + 1), "crossed")
    plan["trusted"] = random_.choice([["root"], ["second"], ["root", "second"], ["second", "root"]])


def _new_key(plan: Plan, random_: random.Random) -> None:
    """A root with a new key, and a cross certificate of its name by the old one, as AD CS makes them."""
    key_ids = random_.choice([{}, {"ski": False, "aki": "none"}])
    root = plan["certificates"]["root"]
    root.update(key_ids)
    plan["certificates"]["newroot"] = {**copy.deepcopy(root), "key": "p256-newroot"}
    plan["certificates"]["bridge"] = {**copy.deepcopy(root), "key": "p256-newroot", "issuer": "root"}
    for part in plan["certificates"].values():
        if part.get("issuer") == "root" and part["subject"] != root["subject"]:
            part.update(key_ids)
            if random_.random() < 0.5:
                part["issuer"] = "newroot"
    # The certificates that are issued by it come after it.
    plan["certificates"] = dict(
        sorted(plan["certificates"].items(), key=lambda item: item[0] not in ("root", "newroot", "bridge"))
    )
    plan["trusted"] = random_.choice([["root"], ["newroot"], ["root", "newroot"], ["newroot", "root"]])
    if random_.random() < 0.6:
        plan["sent"].append("bridge")


def _self_signed(plan: Plan, random_: random.Random) -> None:
    plan["certificates"]["server"].pop("issuer", None)
    plan["sent"] = ["server"]
    plan["trusted"] = random_.choice([["server"], ["root"], ["root", "server"]])


def _forms(plan: Plan, random_: random.Random) -> None:
    plan["keyForm"] = random_.choice(["traditional", "relabelled", "encrypted", "der", "relabelled"])


def _other_key(plan: Plan, random_: random.Random) -> None:
    plan["serverKey"] = random_.choice(["p256-another", plan["certificates"]["root"]["key"]])


def _text(plan: Plan, random_: random.Random) -> None:
    choice = random_.random()
    if choice < 0.4:
        plan["damage"] = random_.choice(["cut", "letter", "prose", "bom", "twice"])
    elif choice < 0.6:
        plan["lineEnds"] = "\r\n"
    else:
        label = random_.choice(
            ["TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CERTIFICATE REQUEST", "P7B"]
        )
        plan["labels"] = {random_.choice(sorted(plan["certificates"])): label}


def _wrong_text(plan: Plan, random_: random.Random) -> None:
    server = plan["certificates"]["server"]
    server["names"] = [f"dns:{HOST}", "dns:buecher.example.com"]
    server["texts"] = random_.choice(
        [[["buecher", "b\xfccher!"]], [["buecher.", "buecher\x00"]], [["\x0c\x13rancher", "\x13\x13rancher"]]]
    )


def _printable(plan: Plan, random_: random.Random) -> None:
    part = changes.some(plan, random_)
    part["subject"] = random_.choice(["Root_CA @ home", "a_b", "Good CA", "Zertifizierung*"])
    size = chr(len(part["subject"]))
    kind = random_.choice("\x13\x13\x1a\x14\x1e")  # Printable, Visible, T61, BMP
    part["texts"] = [[f"\x0c{size}{part['subject']}", f"{kind}{size}{part['subject']}"]]


_CHANGES: list[Callable[[Plan, random.Random], None]] = [
    *[
        changes.dates,
        changes.key_kind,
        changes.odd_key,
        changes.signature_hash,
        changes.signature,
        changes.serial,
        changes.version,
        changes.basic,
        changes.path_length,
        changes.key_usage,
    ],
    *[
        changes.purposes,
        changes.names,
        changes.names,
        changes.ca_names,
        changes.constraints,
        changes.constraints,
        changes.constraints,
        changes.extension,
        changes.extension,
    ],
    *[
        changes.key_ids,
        changes.key_ids,
        _order,
        _missing,
        _surplus,
        _trusted,
        _renewed,
        _renewed,
        _cross,
        _cross,
        _new_key,
        _new_key,
    ],
    *[_self_signed, _forms, _other_key, _text, _wrong_text, _printable],
]
