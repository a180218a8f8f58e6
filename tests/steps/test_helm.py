"""The Helm engine that the settings choose, in the whole program."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from tests import pki
from tests.mocks import RecordingMocks, provider_outputs, with_engine
from tests.test_main import PROGRAM, article, configure

COMMAND = "command:local:Command"


def answers(args: MockResourceArgs) -> dict[str, Any]:
    if args.typ == COMMAND:
        return {"stdout": '{"revision": 1, "digest": "d"}'}
    return provider_outputs(args)


@pytest.mark.parametrize(
    ("config", "commands", "checks"),
    [
        ({"helmEngine": "v3"}, [], False),
        ({"helmEngine": "v2"}, ["ingress-release", "rancher-server-release", "tiller-init"], True),
        ({"helmEngine": "v2", "tillerMode": "local"}, ["ingress-release", "rancher-server-release"], True),
    ],
)
def test_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: dict[str, str], commands: list[str], checks: bool
) -> None:
    mocks = RecordingMocks(answers)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    authority = pki.root()
    server = pki.server(authority, article()["rancherHostname"])

    @with_engine
    def program() -> pulumi.Output[None]:
        files = {
            "certificateSource": "files",
            "certificateFile": pki.write(tmp_path, "server.pem", server),
            "privateKey": server.key_pem,
            "caCertificateFile": pki.write(tmp_path, "ca.pem", authority),
        }
        configure({**article(), **files, **config})
        made = runpy.run_path(PROGRAM)

        def check(_: object) -> None:
            assert sorted(name for kind, name, _ in mocks.registered if kind == COMMAND) == commands
            asked = mocks.inputs("pulumi-python:dynamic/preflight:Preflight", "preflight")
            assert ("helm2" in asked) is checks
            assert mocks.types().count("kubernetes:helm.sh/v3:Release") == (0 if commands else 2)
            assert asked["rancher_chart"]["api_versions"] == (["v1"] if commands else ["v1", "v2"])

        return pulumi.Output.all(made["rancher"].ready.urn).apply(check)

    program()
