"""What the real Kubernetes plugin shows of a chart's namespaces, and what the pack makes of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import bringup
from lab.cluster.spec import ClusterFiles
from tests.lab.running_cluster import UUID, Running
from tests.lab.test_language_host import Project
from tests.policy.test_sprawl import figures

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

PACK = Path(__file__).parents[2] / "policy"
PROGRAM = """
    import pathlib
    import pulumi
    from pulumi_kubernetes import Provider
    from pulumi_kubernetes.helm.v3 import Release
    from pulumi_kubernetes.yaml.v2 import ConfigGroup

    here = pathlib.Path(__file__).parent
    config = pulumi.Config()
    cluster = Provider("cluster", kubeconfig=(here / "kubeconfig").read_text())
    options = pulumi.ResourceOptions(provider=cluster)
    if config.get("chart"):
        Release("tools", chart=str(here / "tools"), name="tools", namespace="default", opts=options)
    if config.get("manifest"):
        ConfigGroup("apps", yaml=(here / "apps.yaml").read_text(), opts=options)
"""
TEMPLATE = """
{{- range .Values.namespaces }}
---
apiVersion: v1
kind: Namespace
metadata:
  name: {{ . }}
{{- end }}
"""


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


class Stack(Project):
    """A stack of another program, with a share of two namespaces in the plan."""

    def judged(self, command: str, *, declared: int | None = None, accepted: bool = False) -> str:
        """Run a command with the pack, with or without a figure for the chart."""
        stack = {
            "figures": figures(applications=2),
            "shares": {"trial/trial": {"applications": 2}},
            "unseenNamespaces": {} if declared is None else {"tools": declared},
        }
        file = self.root / "pack.json"
        file.write_text(
            json.dumps({"pod-network": {"namespaces": ["tools-?", "app-?"]}, "pod-network-stack": stack})
        )
        yes = ["--yes", "--skip-preview"] if command == "up" else []
        pack = ["--policy-pack", str(PACK), "--policy-pack-config", str(file)]
        output = self.pulumi(command, *yes, *pack, expect=0 if accepted else None)
        assert "can't run policy" not in output
        assert ("[mandatory]" in output) is not accepted, output
        return output

    def chart(self, *namespaces: str) -> None:
        """Write the chart, which creates these namespaces."""
        (self.root / "tools" / "templates").mkdir(parents=True, exist_ok=True)
        self.write("tools/Chart.yaml", "{apiVersion: v2, name: tools, version: 1.0.0}")
        (self.root / "tools/values.yaml").write_text(json.dumps({"namespaces": namespaces}))
        (self.root / "tools/templates/namespaces.yaml").write_text(TEMPLATE)


@pytest.fixture
def stack(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    tools = bringup.build_tools()
    monkeypatch.setenv("PATH", f"{tools.plugins}:{os.environ['PATH']}")
    made = Stack(tmp_path, tools.bin)
    kubeconfig = ClusterFiles(running.lab, UUID).kubeconfig("admin")
    (made.root / "kubeconfig").write_text(kubeconfig.read_text())
    made.write("__main__.py", PROGRAM)
    return made


async def aside(work: Callable[[], Any]) -> Any:
    """Run in a thread: the fake NSX-T manager answers in this one."""
    return await asyncio.to_thread(work)


async def test_d3_a_preview_does_not_show_the_namespaces_of_a_chart(running: Running, stack: Stack) -> None:
    def steps() -> None:
        stack.chart("tools-a", "tools-b")
        stack.pulumi("config", "set", "chart", "yes")
        refused = stack.judged("preview")
        assert "a preview does not show which namespaces chart 'tools' creates" in refused
        # The figure counts at preview; an update without preview ends in the same judgement.
        assert "creates 3 namespaces, its plan has 2" in stack.judged("preview", declared=3)
        stack.judged("preview", declared=2, accepted=True)
        stack.judged("up", declared=2, accepted=True)
        # Once the release is there, the plugin names them.
        stack.judged("preview", accepted=True)
        assert "chart 'tools' has created 2 namespaces (tools-a, tools-b), 1 are declared" in stack.judged(
            "preview", declared=1
        )

    try:
        await aside(steps)
        assert {"tools-a", "tools-b"} <= await running.names("/api/v1/namespaces")
    finally:
        await aside(lambda: stack.pulumi("destroy", "--yes", "--skip-preview"))


async def test_d2_a_preview_shows_the_namespaces_of_manifests(stack: Stack) -> None:
    def steps() -> None:
        documents = [namespace(f"app-{letter}") for letter in "abc"]
        (stack.root / "apps.yaml").write_text(yaml.safe_dump_all(documents))
        stack.pulumi("config", "set", "manifest", "yes")
        assert "creates 3 namespaces, its plan has 2" in stack.judged("preview")
        (stack.root / "apps.yaml").write_text(yaml.safe_dump_all(documents[:2]))
        stack.judged("preview", accepted=True)

    await aside(steps)
