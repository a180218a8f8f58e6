"""Asks the ``bosh`` CLI for a deployment's VMs (bosh-cli ``ui/json_ui.go``, ``cmd/instance_table.go``)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from components.placement.credentials import BoshAccess
from components.runtime.errors import ProviderError

ROLES = ("master", "worker")
"""Instance groups of a PKS cluster."""

_SECONDS = 180.0
"""`vms` waits for a task of the Director, which asks each VM's agent (up to 45 s when one is dead)."""
_ATTEMPTS = 4
_TRANSIENT = re.compile(
    r"connection (refused|reset)|timed? ?out|unexpected EOF|no route to host|'50[0234]'|temporary failure",
    re.I,
)
_FRAME = re.compile(r"Using (environment|deployment) |Task \d+|Exit code \d|Succeeded$|Deployment '")


class UnknownDeploymentError(ProviderError):
    """The Director has no such deployment."""


class _TransientError(ProviderError):
    """The Director could not be asked; asking again may help."""


def cids(access: BoshAccess, deployment: str) -> dict[str, list[str]]:
    """The CIDs of the deployment's VMs, sorted, by role.

    Raises:
        UnknownDeploymentError: The Director does not know it.
        ProviderError: There is no such CLI, it failed, or it tells no masters and workers.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(_TransientError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=8),
        reraise=True,
    )
    found: dict[str, list[str]] = {role: [] for role in ROLES}
    for role, cid in _machines(attempts(_vms, access, deployment)):
        found[role].append(cid)
    missing = [role for role in ROLES if not found[role]]
    if missing:
        raise ProviderError(
            f"BOSH tells no VM of the instance group {' or '.join(missing)} in deployment {deployment}. "
            f"See `{access.executable} -d {deployment} vms`"
        )
    return {role: sorted(names) for role, names in found.items()}


def _machines(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Role and CID of each VM. Rows are read by key: newer CLIs have more columns (``stemcell``)."""
    for table in document.get("Tables") or []:
        for row in table.get("Rows") or []:
            group = str(row.get("instance", "")).partition("/")[0]
            cid = str(row.get("vm_cid", ""))
            # "-" and "" stand for "not known"; an inactive VM is about to be replaced by an active one.
            if group in ROLES and cid not in {"", "-"} and row.get("active") != "false":
                yield group, cid


def _vms(access: BoshAccess, deployment: str) -> dict[str, Any]:
    command = [access.executable, "-n", "-d", deployment, "vms", "--json"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **access.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError):
        raise ProviderError(missing(access.executable)) from None
    except subprocess.TimeoutExpired:
        raise _TransientError(f"`bosh vms` did not answer within {_SECONDS:g} s") from None
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = None
    if done.returncode == 0 and isinstance(document, dict):
        return document
    lines = document.get("Lines") or [] if isinstance(document, dict) else []
    text = " ".join(line for line in lines or [done.stderr, done.stdout] if not _FRAME.match(line))
    raise _failure(
        access, deployment, _redacted(access, " ".join(text.split())) or f"exit code {done.returncode}"
    )


def missing(executable: str) -> str:
    """What is said when the CLI is not there."""
    return (
        f"the BOSH CLI {executable!r} is not on PATH or not executable. Install it, name another with "
        "`pulumi config set boshCli`, or have the VMs found by their custom attributes: vmSource attributes"
    )


def _failure(access: BoshAccess, deployment: str, text: str) -> ProviderError:
    if "'404'" in text or "doesn't exist" in text:
        return UnknownDeploymentError(
            f"BOSH at {access.environment} knows no deployment {deployment}: {text}. Is it the Director of "
            "this PKS (boshEnvironment, environment variable BOSH_ENVIRONMENT)?"
        )
    client = access.variables.get("BOSH_CLIENT", "")
    if "'401'" in text or "'403'" in text:
        return ProviderError(
            f"BOSH at {access.environment} rejected client {client!r}: {text}. "
            "Set boshClient and boshClientSecret (environment variables BOSH_CLIENT, BOSH_CLIENT_SECRET)"
        )
    kind = _TransientError if _TRANSIENT.search(text) else ProviderError
    return kind(f"`bosh -d {deployment} vms` at {access.environment} failed: {text}")


def _redacted(access: BoshAccess, text: str) -> str:
    secret = access.variables.get("BOSH_CLIENT_SECRET")
    return text.replace(secret, "***") if secret else text
