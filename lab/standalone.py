"""Runs the program in ``fleet/`` without a lab, against a stand-in for the server's stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab import build
from lab.layout import REPO
from lab.recipes import ENGINE, LANGUAGE_HOST
from rancher_on_pks.outputs import CONTRACT_VERSION, VERSION_OUTPUT, definitions

PROGRAM = REPO / "fleet"
SERVER = "organization/rancher-on-pks/server"
_PRODUCER = """\
import json
import pathlib
import pulumi

given = json.loads(pathlib.Path("outputs.json").read_text())
for name, value in given["values"].items():
    pulumi.export(name, pulumi.Output.secret(value) if name in given["secrets"] else value)
"""


class Standalone:
    """A stack of the fleet and a stand-in for the server's stack, in one directory.

    Args:
        root: The directory.
        environment: Variables of the engine besides those that keep it there.
    """

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        os.environ["LAB_BUILD_ALL"] = "1"
        tools = build.build(recipes=[ENGINE, LANGUAGE_HOST])
        self._producer, self._fleet = root / "server", root / "fleet"
        for directory in (self._producer, self._fleet, root / "state"):
            directory.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "PATH": f"{tools.bin}:{os.environ['PATH']}",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "standalone",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **(environment or {}),
        }
        virtualenv = str(Path(sys.executable).parent.parent)
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": virtualenv}}
        (self._producer / "Pulumi.yaml").write_text(
            json.dumps({"name": "rancher-on-pks", "runtime": runtime})
        )
        (self._producer / "__main__.py").write_text(_PRODUCER)
        _run(self, self._producer, "stack", "init", "server")
        # `stack init` writes the stack file beside Pulumi.yaml, which must not be in the checkout.
        shutil.copy(PROGRAM / "Pulumi.yaml", self._fleet)
        _run(self, self._fleet, "stack", "init", "fleet")
        self.configure(serverStack=SERVER, sites=str(self._fleet / "sites.yaml"))

    @property
    def settings(self) -> Path:
        """The fleet's stack file."""
        return self._fleet / "Pulumi.fleet.yaml"

    def serve(self, **values: Any) -> None:
        """Makes the server's stack export the contract's version and these outputs."""
        secrets = [item.name for item in definitions() if item.secret]
        document = {"values": {VERSION_OUTPUT: CONTRACT_VERSION, **values}, "secrets": secrets}
        (self._producer / "outputs.json").write_text(json.dumps(document))
        _run(self, self._producer, "up", "--stack", "server", "--yes", "--skip-preview")

    def configure(self, **values: str) -> None:
        """Sets keys of the fleet's config."""
        document = yaml.safe_load(self.settings.read_text())
        document.setdefault("config", {}).update(
            {f"rancher-fleet:{key}": text for key, text in values.items()}
        )
        self.settings.write_text(yaml.safe_dump(document))

    def sites(self, sites: Sequence[Mapping[str, Any]]) -> None:
        """Writes the sites file."""
        (self._fleet / "sites.yaml").write_text(json.dumps({"sites": list(sites)}))

    def pulumi(self, *arguments: str, expect: int | None = 0) -> str:
        """Runs a command on the fleet's stack; returns its whole output.

        Args:
            arguments: Arguments of ``pulumi``.
            expect: Expected exit code; None: any.

        Raises:
            RuntimeError: It ended with another exit code; the message is its output.
        """
        takes_config = arguments[0] in {"preview", "up", "refresh", "destroy"}
        config = ["--config-file", str(self.settings)] if takes_config else []
        return _run(self, PROGRAM, *arguments, "--stack", "fleet", *config, expect=expect)


def _run(on: Standalone, directory: Path, *arguments: str, expect: int | None = 0) -> str:
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=directory,
        env=on.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if expect is not None and done.returncode != expect:
        raise RuntimeError(f"pulumi {arguments[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
