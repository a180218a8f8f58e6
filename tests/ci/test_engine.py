"""What the engine's runs give away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ci.engine import Engine


def test_each_text_of_a_secret_object_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {
        "rancher-fleet:kubeconfigs": {
            "secret": True,
            "value": '{"oslo":"token-of-oslo"}',
            "objectValue": {"oslo": "token-of-oslo", "more": ["token-of-rome"]},
        },
        "rancher-fleet:sites": {"secret": False, "value": "sites.yaml"},
    }
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{json.dumps(config)}'\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    mask = Engine.of("prod").redactor()
    assert mask("token-of-oslo, token-of-rome, sites.yaml") == "[secret], [secret], sites.yaml"
