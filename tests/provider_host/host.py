"""The process of the dynamic providers, started as the engine starts it, and asked as the engine asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.config import REPO

PLUGIN = "pulumi-resource-pulumi-python"


@dataclass(frozen=True)
class Host:
    """The running process; ``stub`` calls it."""

    process: subprocess.Popen[bytes]
    stub: Any

    def check(self, pickled: str, **inputs: object) -> Any:
        """The answer to ``Check`` of a new resource."""
        return self.stub.Check(provider_pb2.CheckRequest(urn="u", news=_struct(pickled, inputs)))

    def create(self, pickled: str, **inputs: object) -> Any:
        """A running ``Create``."""
        return self.stub.Create.future(
            provider_pb2.CreateRequest(urn="u", properties=_struct(pickled, inputs))
        )

    def end_of_engine(self) -> None:
        """What the kernel does when the engine is killed."""
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def running(**variables: str) -> Iterator[Host]:
    """The process, with these variables; killed at the end."""
    process = subprocess.Popen(
        [REPO / "provider_host" / PLUGIN, "127.0.0.1:1"],
        cwd=REPO,
        env={**os.environ, "PULUMI_RUNTIME_VIRTUALENV": sys.prefix, "PULUMI_PROJECT": "p", **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Host(process, provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        process.kill()
        process.wait()


def _struct(pickled: str, inputs: Mapping[str, object]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update({"__provider": pickled, **inputs})
    return message
