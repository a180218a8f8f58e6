"""Access to the cluster through ``kubectl``, with impersonation."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


class Helm2Error(Exception):
    """Error text that the command prints after ``Error: ``."""


@dataclass(frozen=True)
class Kubectl:
    """``kubectl`` with the kubeconfig of the environment, as ``user`` if given."""

    user: str = ""

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Runs one command and returns its output.

        Raises:
            Helm2Error: The API rejected the request; the message is the API's.
        """
        acting = ["--as", self.user] if self.user else []
        command = ["kubectl", *acting, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            text = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "kubectl failed"
            raise Helm2Error(text.partition("): ")[2] or text)
        return done.stdout

    def items(self, kind: str, namespace: str, selector: str) -> list[Object]:
        """Returns the objects that match the selector."""
        found = self.run("get", kind, "-n", namespace, "-l", selector, "-o", "json")
        items: list[Object] = json.loads(found)["items"]
        return items

    def server_version(self) -> str:
        """Returns the version of the API server."""
        return str(json.loads(self.run("version", "-o", "json"))["serverVersion"]["gitVersion"])
