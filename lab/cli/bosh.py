"""``bosh``: the commands ``vms``, ``deployments`` and ``recreate`` of the BOSH CLI.

Source: bosh-cli ``cmd``, ``ui``, ``director``.
There is no ``stemcell`` column, as in bosh-cli before 6.2.0 and in the article.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from console import run
from lab.cli import rest
from lab.cli.console import CliError, recorded, table

_PORT = 25555
_VARIABLES = {
    "-e --environment": "BOSH_ENVIRONMENT",
    "--client": "BOSH_CLIENT",
    "--client-secret": "BOSH_CLIENT_SECRET",
    "--ca-cert": "BOSH_CA_CERT",
    "-d --deployment": "BOSH_DEPLOYMENT",
    "--config": "BOSH_CONFIG",
}
"""Flags and their environment variables."""
_VM_COLUMNS = ("Instance", "Process State", "AZ", "IPs", "VM CID", "VM Type", "Active")


class _Ui:
    """Prints immediately, or collects everything for one JSON document."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._lines: list[str] = []
        self._tables: list[dict[str, Any]] = []

    def line(self, text: str, *, error: bool = False) -> None:
        """Prints a line of text; JSON output contains errors as lines too."""
        if self._json:
            self._lines.append(text)
        else:
            print(text, end="\n" if error else "\n\n", file=sys.stderr if error else sys.stdout)

    def task(self, number: str) -> None:
        """Prints a finished task, of which JSON output has two lines."""
        for text in (f"Task {number}", ". Done") if self._json else (f"Task {number}. Done",):
            self.line(text)

    def title(self, text: str) -> None:
        """Prints the title of a table, which JSON output does not have."""
        if not self._json:
            self.line(text)

    def table(self, content: str, columns: Sequence[str], rows: list[list[str]]) -> None:
        """Prints a table, sorted by the first column, and its number of rows."""
        rows = sorted(rows)
        if self._json:
            keys = {re.sub(r"[^a-z0-9]", "_", column.lower()): column for column in columns}
            found = [dict(sorted(zip(keys, row, strict=True))) for row in rows]
            header = dict(sorted(keys.items()))
            self._tables.append({"Content": content, "Header": header, "Rows": found, "Notes": None})
        else:
            print(f"{table(columns, rows)}\n\n{len(rows)} {content}\n")

    def close(self) -> None:
        """Prints the collected JSON document."""
        if self._json:
            document = {"Tables": self._tables or None, "Blocks": None, "Lines": self._lines}
            print(json.dumps(document, indent=4))


class _Director:
    """Sends requests to the environment's Director."""

    def __init__(self, flags: argparse.Namespace) -> None:
        if not flags.environment:
            raise CliError("Expected non-empty Director URL")
        parts = urlsplit(flags.environment if "//" in flags.environment else f"//{flags.environment}")
        self._url = f"https://{parts.hostname}:{parts.port or _PORT}"
        self._tls = _trust(flags.ca_cert)
        self._headers: dict[str, str] = {}
        info = json.loads(self.get("/info"))
        self._headers = {"Authorization": self._token(info["user_authentication"]["options"]["url"], flags)}

    def _token(self, uaa: str, flags: argparse.Namespace) -> str:
        """Logs in at the Director's UAA."""
        client = (flags.client, flags.client_secret)
        answer = rest.ask_token(uaa, self._tls, {"grant_type": "client_credentials"}, client)
        if answer.status >= 400:
            raise CliError(
                "Requesting token via client credentials grant: UAA responded with non-successful status "
                f"code '{answer.status}' response '{answer.body.decode(errors='replace')}'"
            )
        return f"bearer {json.loads(answer.body)['access_token']}"

    def change(self, path: str) -> tuple[str, list[str]]:
        """Sends a ``PUT`` to ``path``; returns the number of the task that it starts, and what that did."""
        number = self._send(path, "PUT").headers["Location"].rsplit("/", 1)[1]
        reported = self.get(f"/tasks/{number}/output?type=event").decode().splitlines()
        events = (json.loads(line) for line in reported)
        return number, [event["task"] for event in events if event["state"] == "finished"]

    def get(self, path: str) -> bytes:
        """Returns the body of the response.

        Raises:
            CliError: The request failed.
        """
        return self._send(path).body

    def task(self, path: str) -> tuple[str, list[dict[str, Any]]]:
        """Starts the task of ``path``; returns its number and result."""
        number = self._send(path).headers["Location"].rsplit("/", 1)[1]
        lines = self.get(f"/tasks/{number}/output?type=result").decode().splitlines()
        return number, [json.loads(line) for line in lines]

    def _send(self, path: str, method: str = "GET") -> rest.Answer:
        answer = rest.call(method, self._url + path, self._tls, self._headers)
        if answer.status >= 400:
            body = answer.body.decode(errors="replace")
            raise CliError(
                f"Director responded with non-successful status code '{answer.status}' response '{body}'"
            )
        return answer


def main() -> int:
    """Runs the command of ``sys.argv`` and returns the exit code."""
    arguments = sys.argv[1:]
    return recorded("bosh", arguments, ("--client-secret",), lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        flags = _flags(arguments)
    except SystemExit as error:  # --help, --version, or an invalid flag, which argparse has reported
        return 1 if error.code else 0
    ui = _Ui(flags.json)
    code = 0
    try:
        _COMMANDS[flags.command](ui, flags)
        ui.line("Succeeded")
    except (CliError, rest.UnreachableError) as error:
        ui.line(str(error), error=True)
        ui.line("Exit code 1", error=True)
        code = 1
    ui.close()
    return code


def _vms(ui: _Ui, flags: argparse.Namespace) -> None:
    director = _connect(ui, flags)
    names = [flags.deployment] if flags.deployment else _names(director)
    for name in names:
        try:
            number, found = director.task(f"/deployments/{name}/vms?format=full")
        except CliError as error:
            raise CliError(f"Listing deployment '{name}' vms infos:\n  {error}") from None
        ui.task(number)
        ui.title(f"Deployment '{name}'")
        ui.table("vms", _VM_COLUMNS, [_row(item) for item in found])


def _deployments(ui: _Ui, flags: argparse.Namespace) -> None:
    director = _connect(ui, flags)
    ui.table("deployments", ("Name",), [[name] for name in _names(director)])


def _recreate(ui: _Ui, flags: argparse.Namespace) -> None:
    """Source: bosh-cli ``director/deployments.go`` (``ChangeJobState``)."""
    director = _connect(ui, flags)
    if not flags.deployment:
        raise CliError("Expected non-empty deployment name")
    ui.line(f"Using deployment '{flags.deployment}'")
    if not flags.non_interactive:
        if flags.json:
            raise CliError("Cannot ask for confirmation in JSON UI")
        print("Continue? [yN]: ", end="", flush=True)
        if sys.stdin.readline().strip() != "y":
            raise CliError("Stopped")
    path = f"/deployments/{flags.deployment}/jobs/{flags.slug or '*'}?state=recreate"
    number, instances = director.change(path)
    ui.line(f"Task {number}")
    for instance in instances:
        ui.line(f"Task {number} | Updating instance {instance.partition('/')[0]}: {instance}")
    ui.line(f"Task {number} done")


def _connect(ui: _Ui, flags: argparse.Namespace) -> _Director:
    director = _Director(flags)
    ui.line(f"Using environment '{flags.environment}' as client '{flags.client}'")
    return director


def _names(director: _Director) -> list[str]:
    return [item["name"] for item in json.loads(director.get("/deployments"))]


def _row(item: Mapping[str, Any]) -> list[str]:
    return [
        f"{item['job_name']}/{item['id']}",
        item["process_state"],
        item["az"],
        "\n".join(item["ips"]),
        item["vm_cid"],
        item["vm_type"],
        json.dumps(item["active"]),
    ]


def _trust(ca: str) -> ssl.SSLContext:
    """Returns the TLS context; ``BOSH_CA_CERT`` is a path or the certificate itself."""
    if not ca or "BEGIN CERTIFICATE" in ca:
        return rest.trust(ca)
    try:
        return rest.trust(Path(ca).read_text())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CliError(f"Reading CA certificate '{ca}': {error}") from None


def _flags(arguments: Sequence[str]) -> argparse.Namespace:
    """Parses the flags, which may precede the command; the environment provides the default values."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for names in _VARIABLES:
        shared.add_argument(*names.split())
    for switch in ("--json", "--tty", "--no-color"):
        shared.add_argument(switch, action="store_true")
    shared.add_argument("-n", "--non-interactive", action="store_true")
    parser = argparse.ArgumentParser(prog="bosh", parents=[shared], allow_abbrev=False)
    parser.add_argument("-v", "--version", action="version", version="version 6.1.1-lab")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in _COMMANDS:
        command = commands.add_parser(name, parents=[shared], allow_abbrev=False)
        if name == "recreate":
            command.add_argument("slug", nargs="?", default="", metavar="INSTANCE-GROUP[/INSTANCE-ID]")
    flags = parser.parse_args(arguments)
    defaults: dict[str, object] = {"json": False, "non_interactive": False}
    for names, variable in _VARIABLES.items():
        defaults[names.split("--")[1].replace("-", "_")] = os.environ.get(variable, "")
    return argparse.Namespace(**{**defaults, **vars(flags)})


_COMMANDS = {"vms": _vms, "deployments": _deployments, "recreate": _recreate}


if __name__ == "__main__":
    run(main)
