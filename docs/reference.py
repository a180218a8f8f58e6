"""Generates pages from the code: ``python docs/reference.py [--check]``.

``docs/configuration.md`` comes from the schema in ``Pulumi.yaml``, ``docs/outputs.md`` from
``rancher_on_pks/outputs.py``, ``docs/policy.md`` from the policy pack.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import yaml

import console
from rancher_on_pks import CONTRACT_VERSION, definitions

DOCS = Path(__file__).parent
_SECTION = re.compile(r"  # --- (.*?) -*$")
_KEY = re.compile(r"  (\w+):$")


def configuration() -> str:
    """Every config key, in the sections of ``Pulumi.yaml``."""
    text = (DOCS.parent / "Pulumi.yaml").read_text()
    schema = yaml.safe_load(text)["config"]
    lines = [
        "# Configuration",
        "",
        "Generated from `Pulumi.yaml` by `make docs`. `python -m settings Pulumi.<env>.yaml` checks a stack",
        "file offline: it reports every problem at once and prints the effective settings.",
        "`python -m settings new <env>` writes the files of a new environment from",
        "[environment.template.yaml](environment.template.yaml).",
        "",
        "Put versions, dates and other texts that look like numbers in quotes: YAML reads `1.30` as 1.3 and",
        "`0443` as 291. A value without quotes that YAML reads as something else is an error.",
    ]
    in_config = False
    for line in text.splitlines():
        in_config = in_config or line == "config:"
        if found := _SECTION.match(line):
            title, _, remark = found[1].partition(". ")
            lines += ["", f"## {title}", *(["", remark] if remark else [])]
            lines += ["", "| key | default | meaning |", "|---|---|---|"]
        elif in_config and (found := _KEY.match(line)) and found[1] in schema:
            entry = schema[found[1]]
            default = "" if entry["default"] in ("", {}) else f"`{_text(entry['default'])}`"
            meaning = entry["description"].replace("|", "\\|")
            lines.append(f"| `{found[1]}` | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def outputs() -> str:
    """Every stack output."""
    lines = [
        "# Outputs",
        "",
        "Generated from `rancher_on_pks/outputs.py` by `make docs`. Another program reads them typed, and",
        "secrets stay secret, as in [the fleet](fleet.md). `pip wheel . --no-deps` builds the package",
        "`rancher-on-pks`, which contains this reader and needs only `pulumi`:",
        "",
        "```python",
        "import pulumi",
        "from rancher_on_pks import RancherStack",
        "",
        'rancher = RancherStack.from_reference(pulumi.StackReference("company/rancher-on-pks/prod"))',
        'pulumi.export("rancher", rancher.rancher_url)',
        "```",
        "",
        f"The contract has version {CONTRACT_VERSION} (output `contractVersion`). It is raised when an",
        "output is renamed, removed or changes its meaning; a reader fails on another version.",
        "",
        "| output | type | secret | meaning |",
        "|---|---|---|---|",
    ]
    for item in definitions():
        lines.append(f"| `{item.name}` | {item.type} | {'yes' if item.secret else ''} | {item.meaning} |")
    return "\n".join(lines) + "\n"


def policies() -> str:
    """Every policy of the pack with its thresholds."""
    from policy.pack import POLICIES  # noqa: PLC0415 - only this page needs the policy SDK

    lines = [
        "# Policies",
        "",
        "Generated from the pack in `policy/` by `make docs`. All are mandatory. They run with",
        "",
        "```",
        "pulumi preview --policy-pack policy --policy-pack-config policy/config.<env>.json",
        "```",
        "",
        "and with `up`, before anything is created. The policies judge what is known at preview; the rest",
        "is judged during the update. The figures of the pod network come from its settings",
        "([capacity](capacity.md)). For a Kubernetes stack of another program, the policy config of",
        "`pod-network-stack` gives them: the output `podNetwork` of the stack that owns the cluster.",
        "",
        "A property of the wrong type is a violation by itself.",
        "",
        "## What counts",
        "",
        "| takes | resources |",
        "|---|---|",
        "| an imported cluster | sites of the fleet; `rancher2` `Cluster` and `ClusterV2`; the kind "
        "`Cluster` of management.cattle.io, provisioning.cattle.io, fleet.cattle.io and cluster.x-k8s.io |",
        "| a project | `Project` of `rancher2` and management.cattle.io |",
        "| a user | `User` of `rancher2` and management.cattle.io |",
        "| a namespace | Kubernetes and `rancher2` namespaces except cattle-system; each namespace in a Helm "
        "release's `resourceNames`; `rancher2` apps; workspaces, managed charts, Git repositories and "
        "bundles of Fleet; Helm charts, applications and similar kinds whose controller creates a namespace "
        "|",
        "",
        "Several stacks on one plan, such as two fleets, each count by themselves. Give each a share of the",
        "plan in `shares`: a stack without a share is refused then, and so are shares that do not fit "
        "together.",
        "",
        "A preview does not see what `kubectl`, a command resource, a controller or Rancher's UI creates "
        "later,",
        "nor namespaces in manifests that a plugin renders during the update. For those, plan a reserve",
        "(`reservePercent`), read the live figures (`nsxManager`), and limit them where they are created, "
        "with",
        "the [sprawl brake](brake.md): Rancher's roles, quotas and an admission policy.",
    ]
    for policy in POLICIES:
        severity = policy.severity.value if policy.severity else ""
        lines += ["", f"## {policy.display_name} (`{policy.name}`, {severity})", "", policy.description]
        if policy.remediation_steps:
            lines += ["", f"Remedy: {policy.remediation_steps}"]
        if policy.config_schema:
            lines += ["", "| threshold | default | meaning |", "|---|---|---|"]
            for key, entry in policy.config_schema.properties.items():
                default = json.dumps(entry["default"])
                lines.append(f"| `{key}` | `{default}` | {entry['description']} |")
    return "\n".join(lines) + "\n"


PAGES = {"configuration.md": configuration, "outputs.md": outputs, "policy.md": policies}


def main() -> int:
    """Write the pages, or with ``--check`` name those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    check = parser.parse_args().check
    stale = [name for name, make in PAGES.items() if not _is_current(DOCS / name, make())]
    for name in stale:
        if check:
            print(f"docs/{name} is stale; run `make docs`", file=sys.stderr)
        else:
            (DOCS / name).write_text(PAGES[name]())
    return 1 if check and stale else 0


def _is_current(page: Path, text: str) -> bool:
    return page.exists() and page.read_text() == text


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    console.run(main)
