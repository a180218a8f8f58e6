"""Client of a BOSH Director, through the ``bosh`` CLI (``ui/json_ui.go`` and ``cmd/instance_table.go``)."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from components.runtime.command import Command, CommandMissingError, Outcome
from components.runtime.credentials import Login
from components.runtime.errors import ProviderError, TransientError, log
from components.runtime.waiting import retry
from domain.redaction import Redactor

_SECONDS = 180.0
"""`vms` waits for a task of the Director, which asks each VM's agent (up to 45 s if that is down)."""
_OWN_SETTINGS = ("BOSH_CONFIG", "BOSH_ALL_PROXY")
"""Variables of the CLI that are not credentials."""
_STATUS = "status code '{}'"
_UNKNOWN = re.compile(rf"{_STATUS.format(404)}|Deployment '[^']*' doesn't exist")
_REJECTED = re.compile(_STATUS.format("40[13]"))
_TRANSIENT = re.compile(
    rf"connection (refused|reset)|timed? ?out|unexpected EOF|no route to host|{_STATUS.format('50[0234]')}"
    r"|temporary failure|Retry: <nil cause>",  # the last is a status 502 to 504, after the CLI's own retries
    re.I,
)
_UNTRUSTED = re.compile(r"x509: |certificate (is not trusted|signed by unknown)", re.I)
_FRAME = re.compile(
    r"Using (environment|deployment) |Task \d+|\. Done$|Exit code \d|Succeeded$|Deployment '[^']*'$"
)


class UnknownDeploymentError(ProviderError):
    """The Director has no such deployment."""


class Bosh:
    """A BOSH Director."""

    def __init__(self, executable: str, login: Login) -> None:
        """Make a client; nothing is called.

        Args:
            executable: The ``bosh`` CLI.
            login: Credentials; the CLI's own config file may have those that are missing here.
        """
        known = {field.variable: login[field.name] for field in login.system.fields if login[field.name]}
        own = {name: os.environ[name] for name in _OWN_SETTINGS if name in os.environ}
        self._command = Command(executable, {**own, **known}, login.secrets, "executable")
        self._login = login

    def vms(self, deployment: str) -> dict[str, list[str]]:
        """CIDs of a deployment's VMs by instance group, sorted. Instances without a VM are logged.

        Raises:
            UnknownDeploymentError: The Director does not have the deployment.
            ProviderError: The CLI is missing or failed.
        """
        document = retry(lambda: self._vms(deployment))
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for table in document.get("Tables") or []:
            for row in table.get("Rows") or []:  # read by key: newer CLIs have more columns (``stemcell``)
                instance, cid = str(row.get("instance", "")), str(row.get("vm_cid", ""))
                if row.get("active") == "false":
                    continue  # is about to be replaced by an active VM
                if cid in {"", "-"}:
                    log.warning(
                        "warning: instance %s of %s has no VM, so no anti-affinity rule holds it",
                        instance,
                        deployment,
                    )
                    continue
                groups[instance.partition("/")[0]].append(cid)
        return {group: sorted(cids) for group, cids in groups.items()}

    def _vms(self, deployment: str) -> dict[str, Any]:
        try:
            done = self._command.run("-n", "-d", deployment, "vms", "--json", timeout=_SECONDS)
        except CommandMissingError:
            raise ProviderError(missing_cli(self._command.executable), "executable") from None
        document = _document(done.output)
        if done.exit_code == 0 and document is not None:
            return document
        raise self._failure(deployment, self._reason(done, document))

    def _reason(self, done: Outcome, document: Mapping[str, Any] | None) -> str:
        """Why the CLI failed: with ``--json`` the reason is in its document."""
        found = document or {}
        # A failed task's own reason is among the blocks.
        lines = [*(found.get("Lines") or []), *(found.get("Blocks") or [])] or [done.text]
        text = " ".join(" ".join(line for line in lines if not _FRAME.match(line.strip())).split())
        return Redactor(self._login.secrets)(text) or f"exit code {done.exit_code}"

    def _failure(self, deployment: str, text: str) -> ProviderError:
        director = self._login["environment"] or "the Director of the bosh CLI's own config file"
        system = self._login.system
        if _UNKNOWN.search(text):
            return UnknownDeploymentError(
                f"BOSH at {director} has no deployment {deployment}: {text}. Check that it is the Director "
                f"of this PKS: {system.where('environment')}"
            )
        if _REJECTED.search(text):
            return ProviderError(
                f"BOSH at {director} rejected client {self._login['client']!r}: {text}. Check "
                f"{system.where('client', 'client_secret')}"
            )
        if _UNTRUSTED.search(text):
            return ProviderError(
                f"BOSH at {director} has a certificate that is not trusted: {text}. Check "
                f"{system.where('ca_certificate_file')}"
            )
        kind = TransientError if _TRANSIENT.search(text) else ProviderError
        return kind(f"`bosh -d {deployment} vms` at {director} failed: {text}")


def has_cli(executable: str) -> bool:
    """Whether the CLI is on PATH."""
    return shutil.which(executable) is not None


def missing_cli(executable: str) -> str:
    """Error for a missing CLI."""
    return (
        f"the BOSH CLI {executable!r} is not on PATH or not executable. Install it, give its path, or use "
        "the VM source `attributes`, which needs no BOSH CLI"
    )


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
