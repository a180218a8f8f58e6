"""The step between settings and component: material from the files, warnings in the engine's log."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from settings import parse
from steps.certificates import certificates
from steps.cluster import InCluster
from steps.preflight import Preflight
from tests import pki
from tests.config import GOOD
from tests.mocks import RecordingMocks, with_engine


def test_warnings_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RecordingMocks()
    root = pki.root()
    server = pki.server(root, GOOD["rancherHostname"], days=(-1, 5))
    settings = parse(
        {
            **GOOD,
            "certificateSource": "files",
            "certificateFile": pki.write(tmp_path, "server.pem", server),
            "privateKey": server.key_pem,
            "caCertificateFile": pki.write(tmp_path, "ca.pem", root),
        }
    )
    in_cluster: Any = SimpleNamespace(namespace="cattle-system", options=pulumi.ResourceOptions())
    preflight = SimpleNamespace(options=pulumi.ResourceOptions())
    outputs: list[str] = []

    @with_engine
    def program() -> pulumi.Output[None]:
        made = certificates(settings, cast(Preflight, preflight), cast(InCluster, in_cluster))
        assert len(made.secrets) == 2
        return pulumi.Output.all(made.certificate_chain, made.ca_bundle).apply(outputs.extend)

    with caplog.at_level(logging.WARNING):
        program()
    assert outputs == [server.pem, root.pem]
    [message] = [record.message for record in caplog.records if "expires on" in record.message]
    assert message.startswith("certificateFile: certificate")
    assert "server.pem" in message
