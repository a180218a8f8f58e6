"""Client of a BOSH Director, through the ``bosh`` CLI."""

from __future__ import annotations

import os
from typing import Any

from components.runtime.command import Command, CommandMissingError
from components.runtime.errors import ProviderError, TransientError, log
from components.runtime.waiting import retry
from domain import bosh
from domain.credentials import Login
from domain.http_answers import json_object
from domain.redaction import Redactor
from domain.shapes import ShapeError

_SECONDS = 180.0
"""`vms` waits for a task of the Director, which asks each VM's agent (up to 45 s if that is down)."""
_OWN_SETTINGS = ("BOSH_CONFIG", "BOSH_ALL_PROXY")
"""Variables of the CLI that are not credentials."""


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
        try:
            groups, without = bosh.vms(retry(lambda: self._vms(deployment)))
        except ShapeError as error:
            raise ProviderError(
                f"`{self._command.executable} vms --json` printed something else than BOSH does: {error}. "
                "Check that the command is the BOSH CLI",
                "executable",
            ) from None
        for instance in without:
            log.warning(
                "warning: instance %s of %s has no VM, so no anti-affinity rule holds it",
                instance,
                deployment,
            )
        return groups

    def _vms(self, deployment: str) -> dict[str, Any]:
        try:
            done = self._command.run("-n", "-d", deployment, "vms", "--json", timeout=_SECONDS)
        except CommandMissingError:
            raise ProviderError(missing_cli(self._command.executable), "executable") from None
        document = json_object(done.output)
        if done.exit_code == 0 and document:
            return document
        text = Redactor(self._login.secrets)(bosh.reason(document, done.text))
        raise self._failure(deployment, text or f"exit code {done.exit_code}")

    def _failure(self, deployment: str, text: str) -> ProviderError:
        director = self._login["environment"] or "the Director of the bosh CLI's own config file"
        system = self._login.system
        match bosh.failure(text):
            case "unknown deployment":
                return UnknownDeploymentError(
                    f"BOSH at {director} has no deployment {deployment}: {text}. Check that it is the "
                    f"Director of this PKS: {system.where('environment')}"
                )
            case "rejected":
                return ProviderError(
                    f"BOSH at {director} rejected client {self._login['client']!r}: {text}. Check "
                    f"{system.where('client', 'client_secret')}"
                )
            case "untrusted":
                return ProviderError(
                    f"BOSH at {director} has a certificate that is not trusted: {text}. Check "
                    f"{system.where('ca_certificate_file')}"
                )
            case kind:
                error = TransientError if kind == "transient" else ProviderError
                return error(f"`bosh -d {deployment} vms` at {director} failed: {text}")


def missing_cli(executable: str) -> str:
    """Error for a missing CLI."""
    return (
        f"the BOSH CLI {executable!r} is not on PATH or not executable. Install it, give its path, or use "
        "the VM source `attributes`, which needs no BOSH CLI"
    )
