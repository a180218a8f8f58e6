"""What the engine's runs give away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ci.engine import Engine
from domain.redaction import Redactor
from tests.ci.logs import log, summary, violation


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


EVENTS = (violation("a stray namespace"), summary(same=1))


@pytest.mark.parametrize(("help_text", "judged"), [("  --policy-pack-config stringArray", True), ("", False)])
def test_the_state_is_judged_where_the_engine_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, help_text: str, judged: bool
) -> None:
    (tmp_path / "events").write_text("\n".join(log(*EVENTS)))
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        f"#!/bin/sh\ncase \"$*\" in *--help*) echo '{help_text}' ;;\n"
        f"*) cat {tmp_path}/events; exit 255 ;; esac\n"
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "Pulumi.prod.yaml").write_text("{}")
    monkeypatch.chdir(tmp_path)
    outcome = Engine.of("prod").analyze(Redactor(()))
    assert (outcome is not None) is judged
    if outcome:
        assert [item.message for item in outcome.report.violations] == ["a stray namespace"]
        assert not outcome.failed
