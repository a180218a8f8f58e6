"""The cluster as the stand-ins see it: through ``kubectl``, as whoever they act for."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


class Helm2Error(Exception):
    """What the command prints after ``Error: ``."""


@dataclass(frozen=True)
class Kubectl:
    """``kubectl`` with the kubeconfig of the environment, as ``user`` if one is named."""

    user: str = ""

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run one command; returns its output.

        Raises:
            Helm2Error: The API refused; the message is its own.
        """
        acting = ["--as", self.user] if self.user else []
        command = ["kubectl", *acting, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            text = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "kubectl failed"
            raise Helm2Error(text.partition("): ")[2] or text)
        return done.stdout

    def items(self, kind: str, namespace: str, selector: str) -> list[Object]:
        """The objects that the selector chooses."""
        found = self.run("get", kind, "-n", namespace, "-l", selector, "-o", "json")
        items: list[Object] = json.loads(found)["items"]
        return items

    def server_version(self) -> str:
        """Version of the API server."""
        return str(json.loads(self.run("version", "-o", "json"))["serverVersion"]["gitVersion"])
