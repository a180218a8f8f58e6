"""A recording engine for tests that build resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2

F = TypeVar("F", bound=Callable[..., Any])


class RecordingMocks(Mocks):
    """Keeps ``(type, name, inputs)`` of each resource, and its request by name.

    Its outputs are the inputs and those that ``outputs`` gives.
    """

    def __init__(
        self, outputs: Callable[[MockResourceArgs], dict[str, Any]] | None = None, *, preview: bool = False
    ) -> None:
        self.registered: list[tuple[str, str, dict[str, Any]]] = []
        self.requests: dict[str, resource_pb2.RegisterResourceRequest] = {}
        self._outputs = outputs
        set_mocks(self, project="rancher-on-pks", stack="test", preview=preview, monitor=_Monitor(self))

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.registered.append((args.typ, args.name, args.inputs))
        minted = self._outputs(args) if self._outputs else {}
        return args.resource_id or f"{args.name}-id", {**args.inputs, **minted}

    def types(self) -> list[str]:
        """The type of each resource, those of the program's own dynamic ones without their prefix."""
        return [kind.removeprefix("pulumi-python:dynamic/") for kind, _, _ in self.registered]

    def inputs(self, kind: str, name: str) -> dict[str, Any]:
        """What a resource was given."""
        [found] = [inputs for typ, known, inputs in self.registered if (typ, known) == (kind, name)]
        return found

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"no function is to be called: {args.token}")


class _Monitor(MockMonitor):
    """Keeps the requests too: they tell the options, which mocks do not see."""

    def __init__(self, mocks: RecordingMocks) -> None:
        super().__init__(mocks)
        self._requests = mocks.requests

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> object:  # noqa: N802
        self._requests[request.name] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def with_engine(function: F) -> F:
    """``pulumi.runtime.test`` with types: waits for all resources and for the returned output."""
    return cast(F, pulumi.runtime.test(function))  # type: ignore[no-untyped-call]


def provider_outputs(args: MockResourceArgs) -> dict[str, Any]:
    """What the providers of a server's stack would answer."""
    answers: dict[str, dict[str, Any]] = {
        "tls:index/privateKey:PrivateKey": {"privateKeyPem": "KEY", "publicKeyPem": "PUBLIC"},
        "tls:index/certRequest:CertRequest": {"certRequestPem": "REQUEST"},
        "pulumi-python:dynamic/pks:Cluster": {"uuid": "u", "master_ips": ["10.50.0.71"]},
        "pulumi-python:dynamic/pks:Kubeconfig": {"kubeconfig": "token", "server": "https://c.test:8443"},
        "pulumi-python:dynamic/ingress:VirtualIp": {"address": "10.50.0.79"},
        "kubernetes:helm.sh/v3:Release": {"status": {"revision": 1, "status": "deployed"}},
    }
    return answers.get(args.typ, {})
