"""``helm2``: the release, repository and Tiller commands of helm v2.17.0."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

import console
from lab.helm2 import installation, server
from lab.helm2.kubectl import Helm2Error, Kubectl
from lab.helm2.tiller import VERSION

_COMMIT = "a690bad98af45b015bd3da1a41f6218b1a451dbe"
_COLUMNS = ("Name", "Revision", "Updated", "Status", "Chart", "AppVersion", "Namespace")


def main(words: list[str] | None = None) -> int:
    """Runs the command and returns the exit code."""
    arguments = _parser().parse_args(words)
    if arguments.kubeconfig:
        os.environ["KUBECONFIG"] = arguments.kubeconfig
    try:
        arguments.run(arguments)
    except Helm2Error as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _tiller(arguments: argparse.Namespace, method: str, **values: Any) -> Any:
    if arguments.host:
        return server.call(arguments.host, method, **values)
    return server.run(installation.find(Kubectl()), method, values)


def _version(arguments: argparse.Namespace) -> None:
    def show(side: str, version: str) -> None:
        long = f'&version.Version{{SemVer:"{version}", GitCommit:"{_COMMIT}", GitTreeState:"clean"}}'
        print(f"{side}: {f'{version}+g{_COMMIT[:7]}' if arguments.short else long}", flush=True)

    show("Client", VERSION)
    if not arguments.client:
        show("Server", _tiller(arguments, "version"))


def _init(arguments: argparse.Namespace) -> None:
    home = Path(arguments.home)
    (home / "repository" / "cache").mkdir(parents=True, exist_ok=True)
    print(f"$HELM_HOME has been configured at {home}.")
    if not arguments.client_only:
        message = installation.install(
            Kubectl(),
            account=arguments.service_account,
            image=arguments.tiller_image,
            history=arguments.history_max,
            upgrade=arguments.upgrade,
        )
        print(message)


def _reset(arguments: argparse.Namespace) -> None:
    if not arguments.force:
        deployed = _tiller(arguments, "releases", everything=False)
        if deployed:
            raise Helm2Error(
                f"there are still {len(deployed)} deployed releases (Tip: use --force to remove Tiller. "
                "Releases will not be deleted.)"
            )
    print(installation.remove(Kubectl()))


def _list(arguments: argparse.Namespace) -> None:
    found = _tiller(arguments, "releases", everything=arguments.all)
    if arguments.filter:
        found = [item for item in found if re.search(arguments.filter, item["Name"])]
    if not found:
        return
    if arguments.output == "json":
        print(json.dumps({"Next": "", "Releases": found}))
    elif arguments.short:
        print("\n".join(item["Name"] for item in found))
    else:
        _table([name.upper() for name in _COLUMNS[:5]] + ["APP VERSION", "NAMESPACE"], _COLUMNS, found)


def _table(headings: Sequence[str], columns: Sequence[str], items: list[dict[str, Any]]) -> None:
    rows = [list(headings), *([str(item[column]) for column in columns] for item in items)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(headings))]
    for row in rows:
        print("\t".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))


def _status(arguments: argparse.Namespace) -> None:
    found = _tiller(arguments, "status", name=arguments.release)
    if arguments.output == "json":
        print(json.dumps(found))
        return
    history = _tiller(arguments, "history", name=arguments.release)
    print(f"LAST DEPLOYED: {history[-1]['updated']}\nNAMESPACE: {found['namespace']}")
    print(f"STATUS: {history[-1]['status']}")


def _history(arguments: argparse.Namespace) -> None:
    found = _tiller(arguments, "history", name=arguments.release)
    if arguments.output == "json":
        print(json.dumps(found))
        return
    columns = ("revision", "updated", "status", "chart", "appVersion", "description")
    headings = [name.upper() for name in columns]
    _table([*headings[:4], "APP VERSION", headings[5]], columns, found)


def _get(arguments: argparse.Namespace) -> None:
    print(_tiller(arguments, "manifest", name=arguments.release))


def _install(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="helm2-") as scratch:
        values = {"chart": _fetch(arguments, scratch), "values": _values(arguments)}
        namespace = arguments.namespace or "default"
        _tiller(arguments, "install", name=arguments.name, namespace=namespace, **values)
    print(f"NAME:   {arguments.name}")
    _status(argparse.Namespace(release=arguments.name, output="", host=arguments.host))


def _upgrade(arguments: argparse.Namespace) -> None:
    if arguments.install:
        try:
            _tiller(arguments, "history", name=arguments.release)
        except Helm2Error as error:
            if "not found" in str(error):  # a release that was deleted but not purged is found
                print(f'Release "{arguments.release}" does not exist. Installing it now.')
                _install(argparse.Namespace(**{**vars(arguments), "name": arguments.release}))
                return
    with tempfile.TemporaryDirectory(prefix="helm2-") as scratch:
        values = {"chart": _fetch(arguments, scratch), "values": _values(arguments)}
        try:
            _tiller(arguments, "upgrade", name=arguments.release, **values)
        except Helm2Error as error:
            print(f"UPGRADE FAILED\nError: {error}")
            raise Helm2Error(f"UPGRADE FAILED: {error}") from None
    print(f'Release "{arguments.release}" has been upgraded.')
    _status(argparse.Namespace(release=arguments.release, output="", host=arguments.host))


def _rollback(arguments: argparse.Namespace) -> None:
    _tiller(arguments, "rollback", name=arguments.release, revision=arguments.revision)
    print("Rollback was a success.")


def _delete(arguments: argparse.Namespace) -> None:
    for name in arguments.releases:
        _tiller(arguments, "delete", name=name, purge=arguments.purge)
        print(f'release "{name}" deleted')


def _repo_update(arguments: argparse.Namespace) -> None:
    print("Hang tight while we grab the latest from your chart repositories...")
    known = yaml.safe_load(_repositories(arguments).read_text())["repositories"]
    if not known:
        raise Helm2Error("no repositories found. You must add one before updating")
    for repository in known:
        name, url = repository["name"], repository["url"]
        done = _helm3(arguments, "repo", "update", name)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1].removeprefix("Error: ") if done.stderr else ""
            print(f'...Unable to get an update from the "{name}" chart repository ({url}):\n\t{reason}')
        else:
            print(f'...Successfully got an update from the "{name}" chart repository')
    print("Update Complete.")


def _fetch(arguments: argparse.Namespace, scratch: str) -> str:
    """Returns the unpacked chart: a path, ``repository/name``, or a name in ``--repo``."""
    if not _repositories(arguments).exists():
        raise Helm2Error(
            f"Couldn't load repositories file ({_repositories(arguments)}).\nYou might need to run "
            "`helm init` (or `helm init --client-only` if tiller is already installed)"
        )
    chart = arguments.chart
    if Path(chart).is_dir():
        copy = Path(scratch, Path(chart).name)
        subprocess.run(["cp", "-r", chart, str(copy)], check=True)
        return str(copy)
    pull = ["pull", chart, "--untar", "--destination", scratch]
    pull += ["--version", arguments.version] if arguments.version else []
    if arguments.repo:
        pull += ["--repo", arguments.repo]
        pull += ["--ca-file", arguments.ca_file] if arguments.ca_file else []
        pull += ["--username", arguments.username] if arguments.username else []
        pull += ["--password", arguments.password] if arguments.password else []
    done = _helm3(arguments, *pull)
    if done.returncode:
        raise Helm2Error(done.stderr.strip().splitlines()[-1].removeprefix("Error: "))
    return str(next(path for path in Path(scratch).iterdir() if path.is_dir()))


def _values(arguments: argparse.Namespace) -> str:
    if not arguments.values:
        return "{}"
    return sys.stdin.read() if arguments.values == "-" else Path(arguments.values).read_text()


def _repositories(arguments: argparse.Namespace) -> Path:
    return Path(arguments.home) / "repository" / "repositories.yaml"


def _helm3(arguments: argparse.Namespace, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs Helm 3, which reads the same repository file."""
    cache = Path(arguments.home) / "repository" / "cache"
    places = ["--repository-config", str(_repositories(arguments)), "--repository-cache", str(cache)]
    return subprocess.run(["helm", *words, *places], capture_output=True, text=True, check=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="helm", allow_abbrev=False)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", default=os.environ.get("HELM_HOME", str(Path.home() / ".helm")))
    common.add_argument("--host", default=os.environ.get("HELM_HOST", ""))
    common.add_argument("--kubeconfig", default="")
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Any, *aliases: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, aliases=aliases, parents=[common], allow_abbrev=False)
        made.set_defaults(run=run)
        return made

    version = command("version", _version)
    version.add_argument("--short", action="store_true")
    version.add_argument("-c", "--client", action="store_true")
    init = command("init", _init)
    init.add_argument("--service-account", default="")
    init.add_argument("-i", "--tiller-image", default="")
    init.add_argument("--history-max", type=int, default=0)
    for flag in ("--upgrade", "--skip-refresh", "--client-only", "--wait"):
        init.add_argument(flag, action="store_true")
    command("reset", _reset).add_argument("-f", "--force", action="store_true")
    listing = command("list", _list, "ls")
    listing.add_argument("filter", nargs="?", default="")
    listing.add_argument("-a", "--all", action="store_true")
    listing.add_argument("-q", "--short", action="store_true")
    listing.add_argument("--output", default="")
    for name, run in {"status": _status, "history": _history}.items():
        shown = command(name, run)
        shown.add_argument("release")
        shown.add_argument("-o", "--output", default="")
    get = command("get", _get)
    get.add_argument("what", choices=["manifest"])
    get.add_argument("release")
    install = command("install", _install)
    install.add_argument("chart")
    install.add_argument("-n", "--name", required=True)
    upgrade = command("upgrade", _upgrade)
    upgrade.add_argument("release")
    upgrade.add_argument("chart")
    upgrade.add_argument("-i", "--install", action="store_true")
    for changing in (install, upgrade):
        changing.add_argument("-f", "--values", default="")
        for flag in ("namespace", "version", "repo", "ca-file", "username", "password"):
            changing.add_argument(f"--{flag}", default="")
    rollback = command("rollback", _rollback)
    rollback.add_argument("release")
    rollback.add_argument("revision", type=int)
    delete = command("delete", _delete, "del")
    delete.add_argument("releases", nargs="+")
    delete.add_argument("--purge", action="store_true")
    repo = commands.add_parser("repo").add_subparsers(required=True)
    update = repo.add_parser("update", parents=[common], aliases=["up"])
    update.set_defaults(run=_repo_update)
    return parser


if __name__ == "__main__":
    console.run(main)
