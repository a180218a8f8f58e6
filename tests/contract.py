"""What the state of stacks holds of the program; ``python -m tests.contract`` prints it as JSON.

Collected with a recording engine from stacks that together declare every resource that the program has.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
import runpy
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from pulumi.dynamic import Resource
from pulumi.runtime import settings

import components
import fleet
from capacity.model.brake import Live
from components.rancher.brake import component as brake
from components.rancher.brake import counting
from components.runtime.provider import Provider
from fleet import access
from fleet.component import Fleet, FleetArgs
from fleet.inventory import Inventory, SiteEntry, UserEntry
from rancher_on_pks.outputs import RancherStack
from tests import pki
from tests.config import REPO
from tests.fleet.test_component import outputs as fleet_outputs
from tests.kubernetes_api import kubeconfig
from tests.mocks import RecordingMocks, provider_outputs, with_engine

FILE = Path(__file__).with_suffix(".json")

_PROVIDER = "__provider"
_SITE = "ship-1"


def collected() -> dict[str, Any]:
    """Types, each with its provider's pickle and the names of resources, inputs and outputs; and commands."""
    types: dict[str, dict[str, Any]] = defaultdict(lambda: {"names": set()})
    commands: dict[str, set[str]] = defaultdict(set)
    for kind, name, inputs in _registered():
        entry = types[kind]
        entry["names"].add("<site>" if name == _SITE else name)
        if _PROVIDER in inputs:  # the inputs of others are their plugins' contract
            entry["provider"] = inputs[_PROVIDER]
            entry.setdefault("inputs", set()).update(inputs.keys() - {_PROVIDER})
        if interpreter := inputs.get("interpreter"):  # the state deletes with what created
            for action in ("create", "update", "delete"):
                commands[" ".join([*interpreter[1:], inputs[action]])] |= _task_fields(inputs)
    for kind, outputs in _dynamic_outputs().items():
        types[kind]["outputs"] = outputs
    return {
        "types": {
            kind: {key: sorted(value) if isinstance(value, set) else value for key, value in entry.items()}
            for kind, entry in sorted(types.items())
        },
        "commands": {command: sorted(fields) for command, fields in sorted(commands.items())},
    }


def _task_fields(inputs: Mapping[str, Any]) -> set[str]:
    """Names in the JSON documents that a command is given."""
    hidden = inputs["stdin"]["value"]  # a secret, as the engine gets it
    documents = [*inputs["environment"].items(), ("stdin", hidden)]
    return {f"{source}.{field}" for source, text in documents for field in json.loads(text)}


def providers() -> set[type[Provider]]:
    """The classes of the program's dynamic providers; bases of several are not among them."""
    _import_all()
    return {found for found in _subclasses(Provider) if not found.__subclasses__()}


def _dynamic_outputs() -> dict[str, list[str]]:
    _import_all()
    return {
        f"pulumi-python:{vars(found)['_resource_type_name']}": sorted(
            name for name, kind in found.__annotations__.items() if "Output" in str(kind)
        )
        for found in _subclasses(Resource)
        if not found.__subclasses__()
    }


def _import_all() -> None:
    for package in (components, fleet):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for found in base.__subclasses__():
        if found.__module__.startswith(("components.", "fleet.")):
            yield found
        yield from _subclasses(found)


def _registered() -> Iterator[tuple[str, str, dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as directory:
        for config in _stacks(Path(directory)):
            yield from _run_server(config)
    yield from _run_fleet()


def _stacks(directory: Path) -> Iterator[dict[str, str]]:
    """The article's stack in its varieties."""
    stack = yaml.safe_load((REPO / "Pulumi.prod.yaml").read_text())["config"]
    article = {
        key.partition(":")[2]: value if isinstance(value, str) else json.dumps(value)
        for key, value in stack.items()
    }
    authority = pki.root()
    server = pki.server(authority, article["rancherHostname"])
    given = {
        "certificateFile": pki.write(directory, "server.pem", server),
        "privateKey": server.key_pem,
        "caCertificateFile": pki.write(directory, "ca.pem", authority),
    }
    rfc2136 = {"dnsMode": "rfc2136", "dnsServer": "ns1.example.com", "dnsApiRecord": "true"}
    command = {"dnsMode": "command", "dnsCreateCommand": "create", "dnsDeleteCommand": "delete"}
    yield {**article, **rfc2136}
    yield {**article, **given, "certificateSource": "files", **command, "vmSource": "bosh"}
    yield {**article, "certificateSource": "csr"}
    versions = {"rancherVersion": "2.2.4", "kubernetesVersion": "1.13", "ingressChartVersion": "1.41.3"}
    yield {**article, **given, "certificateSource": "files", "helmEngine": "v2", **versions}
    yield {
        **article,
        **given,
        "certificateSource": "files",
        "sprawlBrake": '["roles", "quota", "admission"]',
        "kubernetesVersion": "1.34",
        "rancherVersion": "2.13.0",
        "ingressChartVersion": "4.15.1",
    }
    yield {
        **article,
        "certificateSource": "internal-ca",
        "caCertificateFile": given["caCertificateFile"],
        "caPrivateKey": authority.key_pem,
    }


def _fresh_loop() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    settings.ROOT.set(None)


def _run_server(config: Mapping[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    _fresh_loop()
    authority = pki.root()
    server = pki.server(authority, config["rancherHostname"])
    answers = {
        "SelfSignedCert": {"certPem": authority.pem},
        "LocallySignedCert": {"certPem": server.pem},
        "Command": {"stdout": '{"revision": 1, "digest": ""}'},
        "Kubeconfig": {"kubeconfig": kubeconfig("https://127.0.0.1:1"), "server": "https://127.0.0.1:1"},
    }

    def outputs(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
        return answers.get(args.typ.rpartition(":")[2]) or provider_outputs(args)

    mocks = RecordingMocks(outputs)
    pulumi.runtime.set_all_config(
        {f"rancher-on-pks:{key}": value for key, value in config.items()},
        ["rancher-on-pks:privateKey", "rancher-on-pks:caPrivateKey"],
    )
    live = Live(namespaces=20, clusters=0, projects=0, preferences=1)
    with (
        mock.patch.object(brake, "own_outputs", dict),
        mock.patch.object(counting, "count", lambda _: (live, "user-abcde")),
    ):
        with_engine(lambda: _declared(runpy.run_path(str(REPO / "__main__.py"))))()
    return mocks.registered


def _declared(program: Mapping[str, Any]) -> pulumi.Output[Any]:
    bootstrap, certificates = program.get("bootstrap"), program["certificates"]
    held = program.get("brake")
    return pulumi.Output.all(
        program["cluster"].provider.urn,
        certificates.urn,
        bootstrap.local_state if bootstrap else "",
        held.state if held else "",
    )


def _run_fleet() -> list[tuple[str, str, dict[str, Any]]]:
    _fresh_loop()
    mocks = RecordingMocks(fleet_outputs)

    def declare() -> pulumi.Output[Any]:
        server = RancherStack.from_reference(pulumi.StackReference("server"), access.REQUIRED)
        inventory = Inventory({_SITE: SiteEntry(name=_SITE)}, {}, {"jane": UserEntry(name="jane")})
        args = FleetArgs(server=server, inventory=inventory, timeout_minutes=1, owner="")
        return Fleet("fleet", args).leaked

    with_engine(declare)()
    return mocks.registered


if __name__ == "__main__":
    json.dump(collected(), sys.stdout, indent=2)
    print()
