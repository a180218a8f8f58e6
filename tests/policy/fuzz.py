"""Fuzzes the pack through its gRPC entry point: ``python -m tests.policy.fuzz --count 100000 --seed 1``.

Each odd resource goes through ``Analyze`` by itself and through ``AnalyzeStack`` among others. Each request
of the second kind has a planted violation; every fourth of the first is followed by one with a violation. A
request fails when the pack crashes, when a planted violation is not reported as mandatory, or when a policy
turns advisory.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from domain import type_tokens as kinds
from policy.creators import DEMAND
from tests.policy import odd

PACK = Path(__file__).parents[2] / "policy"
_NO_ENGINE = "127.0.0.1:1"
_BATCH = 25
"""Odd resources of one stack."""
_REPORTED = 5000
"""Every so many inputs, progress is printed."""
_EACH = 4
"""Every so many single resources, one violates a policy for sure."""
_IMPORTS = [token for token, demand in DEMAND.items() if demand.imports]
_TOO_MANY = 60
_COUNT = re.compile(r"imports (\d+) clusters|(\d+) imported clusters")


@dataclass
class Result:
    """What a run did.

    Attributes:
        inputs: Odd resources.
        requests: Requests to the pack.
        planted: Violations that had to be reported.
        failures: What went wrong, with the request that reproduces it.
    """

    inputs: int = 0
    requests: int = 0
    planted: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack's process, started as the language host does, with its default configuration."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", _NO_ENGINE, str(PACK)]
    process = subprocess.Popen(command, cwd=PACK, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        process.wait(10)


def configure(stub: analyzer_pb2_grpc.AnalyzerStub, **settings: dict[str, Any]) -> None:
    """Send the configuration as the engine does: the defaults of the schema, and these settings by policy."""
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy in stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30).policies:
        schema = json_format.MessageToDict(policy.configSchema).get("properties", {})
        given = {key: entry["default"] for key, entry in schema.items()}
        entry = request.policyConfig[policy.name]
        entry.enforcementLevel = analyzer_pb2.MANDATORY
        entry.properties.update({**given, **settings.get(policy.name.replace("-", "_"), {})})
    stub.Configure(request, timeout=30)


def run(count: int, seed: int) -> Result:
    """Fuzz the pack with so many odd resources."""
    result = Result()
    with pack() as stub:
        for number in range(0, count, _BATCH):
            chance = random.Random(f"{seed}-{number}")  # noqa: S311 - reproducible
            resources = [_resource(chance, index) for index in range(min(_BATCH, count - number))]
            if number % 1000 == 0:
                configure(stub, **_settings(chance))
            for index, resource in enumerate(resources):
                result.inputs += 1
                _single(stub, resource, result)
                if index % _EACH == 0:
                    sure = odd.planted(chance)
                    _single(stub, made(sure.kind, sure.props, "planted"), result, sure)
            _stack(stub, resources, chance, result)
            if result.inputs % _REPORTED == 0:
                print(f"{result.inputs} inputs, {len(result.failures)} failures", flush=True)
    return result


@dataclass(frozen=True)
class Expected:
    """A violation that a response must report.

    Attributes:
        policy: Name of the policy.
        message: Part of the message.
        imports: Imported clusters that the message must have counted at least.
    """

    policy: str
    message: str
    imports: int = 0


def missing(response: analyzer_pb2.AnalyzeResponse, expected: Expected | None = None) -> str:
    """What is wrong with a response; empty if nothing is."""
    for item in response.diagnostics:
        if item.enforcementLevel != analyzer_pb2.MANDATORY:
            return f"{item.policyName} is not mandatory: {item.message}"
    if expected is None:
        return ""
    reported = [(item.policyName, item.message) for item in response.diagnostics]
    found = [text for policy, text in reported if policy == expected.policy and expected.message in text]
    if not found:
        return f"{expected.policy} does not report {expected.message!r}, but {reported}"
    counts = [int(number) for text in found for pair in _COUNT.findall(text) for number in pair if number]
    if max(counts, default=0) < expected.imports:
        return f"fewer than {expected.imports} imported clusters are counted: {found}"
    return ""


def _single(
    stub: analyzer_pb2_grpc.AnalyzerStub,
    resource: analyzer_pb2.AnalyzerResource,
    result: Result,
    sure: odd.Planted | None = None,
) -> None:
    request = analyzer_pb2.AnalyzeRequest(
        type=resource.type, properties=resource.properties, urn=resource.urn, name=resource.name
    )
    result.planted += sure is not None
    _ask(stub.Analyze, request, result, Expected(sure.policy, sure.message) if sure else None)


def _stack(
    stub: analyzer_pb2_grpc.AnalyzerStub,
    resources: Sequence[analyzer_pb2.AnalyzerResource],
    chance: random.Random,
    result: Result,
) -> None:
    """The odd resources with more imported clusters than fit, or with figures that nobody gives."""
    counted = chance.randrange(1, 4)
    expected, figures = "figures of the pod network are missing", list[analyzer_pb2.AnalyzerResource]()
    if chance.random() < 0.5:
        counted = _TOO_MANY
        expected = "but only 52 fit"
        figures = [made(kinds.POD_NETWORK, {"figures": odd.figures(40)}, "capacity")]
    sure = [
        made(odd.versioned(chance.choice(_IMPORTS), chance), odd.props(chance, 1), f"sure-{index}")
        for index in range(counted)
    ]
    everything = [*resources, *sure, *figures]
    chance.shuffle(everything)
    result.planted += 1
    request = analyzer_pb2.AnalyzeStackRequest(resources=everything)
    _ask(stub.AnalyzeStack, request, result, Expected("pod-network-stack", expected, counted))


def _ask(call: Any, request: Any, result: Result, expected: Expected | None) -> None:
    result.requests += 1
    try:
        problem = missing(call(request, timeout=60), expected)
    except grpc.RpcError as error:
        problem = f"crash: {error}"
    if problem:
        result.failures.append(f"{problem}\n{json_format.MessageToJson(request)[:20_000]}")


def _resource(chance: random.Random, index: int) -> analyzer_pb2.AnalyzerResource:
    name = chance.choice((f"r-{index}", "", "💥", "a master", "worker"))
    return made(odd.kind(chance), odd.props(chance), name)


def made(kind: str, props: odd.Props, name: str) -> analyzer_pb2.AnalyzerResource:
    """A resource as the engine sends it, of stack ``fuzz/test``."""
    resource = analyzer_pb2.AnalyzerResource(
        type=kind, urn=f"urn:pulumi:test::fuzz::{kind}::{name}", name=name
    )
    resource.properties.update(dict(props))
    return resource


def _settings(chance: random.Random) -> dict[str, dict[str, Any]]:
    """A configuration that the pack's schema allows and that forgives nothing that is planted."""
    unseen = {"tools": float(chance.randrange(3)), "": 0.0}
    return {
        "pod_network_stack": {"unseenNamespaces": chance.choice(({}, unseen))},
        "host_failure": {"hosts": 3.0},
    }


def main() -> int:
    """Run and print what was done; exit code 1 after a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="odd resources")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begin = time.monotonic()
    result = run(arguments.count, arguments.seed)
    for failure in result.failures[:5]:
        print(failure)
    print(
        f"{result.inputs} odd inputs in {result.requests} requests, {result.planted} planted violations, "
        f"{len(result.failures)} failures, {time.monotonic() - begin:.0f} s"
    )
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
