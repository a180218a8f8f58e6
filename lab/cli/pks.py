"""``pks`` and ``tkgi``: the cluster and profile commands of the Enterprise PKS CLI.

Commands, flags and texts are those of docs-pks 1.5 and 1.19 ``cli/index``; ``tkgi`` (environment variable
``PKS_CLI_NAME``) differs only in its output. Invented, because no public source documents it: exit code 1 for
every failure; the texts for a cancelled command and for invalid flags; the output of ``delete-cluster`` once
the request is accepted; and the API's field for node pools.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from console import run
from lab.cli import pks_text
from lab.cli.console import CliError, attached, confirm, read_secret, recorded
from lab.cli.pks_session import Login, Session, forget, private_file
from lab.cli.rest import UnreachableError

_SECRET_FLAGS = ("-p", "--password", "--client-secret")
_ORDER_FLAGS = ("--network-profile", "--compute-profile", "--node-pool-instances", "--tags")
_POLL_SECONDS = 1.0
_NAME = os.environ.get("PKS_CLI_NAME", "pks")
_PRODUCT = _NAME.upper()


class _Parser(argparse.ArgumentParser):
    """Reports errors in the words of the CLI."""

    def error(self, message: str) -> NoReturn:
        raise CliError(f"{message}\nRun '{self.prog} --help' for usage.")


def main() -> int:
    """Runs the command of ``sys.argv`` and returns the exit code."""
    arguments = sys.argv[1:]
    # `create-cluster -p` is the plan; only `login` has secrets.
    secrets = _SECRET_FLAGS if "login" in arguments[:1] else _SECRET_FLAGS[1:]
    return recorded(_NAME, arguments, secrets, lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        parsed = _parser().parse_args(attached(arguments, _SECRET_FLAGS))
        parsed.run(parsed)
    except BrokenPipeError:
        raise
    except (CliError, UnreachableError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except SystemExit as error:  # --help and --version
        return int(error.code or 0)
    return 0


# --- login ---------------------------------------------------------------------------------------
def _login(flags: argparse.Namespace) -> None:
    if bool(flags.username) == bool(flags.client_name):
        raise CliError("either --username or --client-name is required")
    api = flags.api.removeprefix("https://").rstrip("/").removesuffix(":9021")
    skip = flags.skip_ssl_validation or flags.skip_ssl_verification
    session = Session(
        Login(
            api=api,
            username=flags.username or flags.client_name,
            ca_cert=Path(flags.ca_cert).read_text() if flags.ca_cert else "",
            skip_ssl_validation="true" if skip else "",
        )
    )
    if flags.client_name:
        session.log_in((flags.client_name, flags.client_secret), "")
    else:
        password = flags.password if flags.password is not None else read_secret("Password: ")
        session.log_in(None, password)
    print(f"\nAPI Endpoint: {api}\nUser: {flags.username or flags.client_name}\nLogin successful.\n")


def _logout(_: argparse.Namespace) -> None:
    forget()


# --- clusters ------------------------------------------------------------------------------------
def _clusters(flags: argparse.Namespace) -> None:
    found = Session.saved().get("clusters")
    _show(found, flags.json, lambda: pks_text.clusters(found, _PRODUCT))


def _cluster(flags: argparse.Namespace) -> None:
    session = Session.saved()
    found = session.get("clusterdetails" if flags.details else "clusters", flags.name)
    extra = f"\n\n{pks_text.details(found)}" if flags.details else ""
    _show(found, flags.json, lambda: pks_text.cluster(found, _PRODUCT) + extra)


def _create_cluster(flags: argparse.Namespace) -> None:
    parameters: dict[str, Any] = {
        "kubernetes_master_host": flags.external_hostname,
        "kubernetes_master_port": 8443,
    }
    if flags.num_nodes is not None:
        parameters["kubernetes_worker_instances"] = flags.num_nodes
    if flags.tags:
        parameters["cluster_tags"] = _tags(flags.tags)
    if flags.node_pool_instances:
        parameters["node_pool_instances"] = _instances(flags.node_pool_instances)
    order = {
        "name": flags.name,
        "plan_name": flags.plan,
        "network_profile_name": flags.network_profile,
        "compute_profile_name": flags.compute_profile,
        "parameters": parameters,
    }
    session = Session.saved()
    ordered = session.send("POST", ("clusters",), order)
    _ordered(session, ordered, flags)


def _update_cluster(flags: argparse.Namespace) -> None:
    order: dict[str, Any] = {
        "kubernetes_worker_instances": flags.num_nodes,
        "network_profile_name": flags.network_profile,
        "compute_profile_name": flags.compute_profile,
        "cluster_tags": None if flags.tags is None else _tags(flags.tags),
        "node_pool_instances": _instances(flags.node_pool_instances) if flags.node_pool_instances else None,
    }
    order = {key: value for key, value in order.items() if value is not None}
    if not order:
        raise CliError("at least one of the flags that change the cluster is required")
    _change(flags, order)


def _resize(flags: argparse.Namespace) -> None:
    if _NAME == "tkgi":
        print("Command \"resize\" is deprecated, use 'tkgi update-cluster --num-nodes'", file=sys.stderr)
    _change(flags, {"kubernetes_worker_instances": flags.num_nodes})


def _change(flags: argparse.Namespace, order: dict[str, Any]) -> None:
    session = Session.saved()
    if not flags.non_interactive:
        print(f"Update summary for cluster {flags.name}:")
        if "kubernetes_worker_instances" in order:
            print(f"Worker Number: {order['kubernetes_worker_instances']}")
        if "network_profile_name" in order:
            print(f"Network Profile Name: {order['network_profile_name']}")
        confirm("Are you sure you want to continue? (y/n)")
    _ordered(session, session.send("PATCH", ("clusters", flags.name), order), flags, brief=True)


def _delete_cluster(flags: argparse.Namespace) -> None:
    session = Session.saved()
    if not flags.non_interactive:
        confirm(f"Are you sure you want to delete cluster {flags.name}? (y/n)")
    session.send("DELETE", ("clusters", flags.name))
    print(f"Deletion of {flags.name} in progress")
    while flags.wait:
        found = [cluster for cluster in session.get("clusters") if cluster["name"] == flags.name]
        if not found:
            return
        _fail_if_failed(found[0])
        time.sleep(_POLL_SECONDS)


def _ordered(session: Session, document: Any, flags: argparse.Namespace, *, brief: bool = False) -> None:
    """Prints the requested change, or with ``--wait`` its result."""
    while flags.wait and document["last_action_state"] == "in progress":
        time.sleep(_POLL_SECONDS)
        document = session.get("clusters", flags.name)
    if flags.json:
        print(json.dumps(document, indent=4))
    elif flags.wait or not brief:
        print(f"\n{pks_text.cluster(document, _PRODUCT)}\n")
    if not flags.json and not flags.wait:
        print(f"Use '{_NAME} cluster {flags.name}' to monitor the state of your cluster")
    _fail_if_failed(document)


def _fail_if_failed(document: Any) -> None:
    if document["last_action_state"] == "failed":
        raise CliError(document["last_action_description"])


def _tags(text: str) -> list[dict[str, str]]:
    """Parses tags of the form ``k1:v1,k2:v2,keyOnly``."""
    pairs = (item.strip().partition(":") for item in text.split(",") if item.strip())
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in pairs]


def _instances(text: str) -> dict[str, int]:
    """Parses the workers per node pool from the form ``name:2,other:3``."""
    pairs = [item.strip().partition(":") for item in text.split(",")]
    if not all(name and number.isdigit() for name, _, number in pairs):
        raise CliError(f'invalid argument "{text}" for --node-pool-instances')
    return {name: int(number) for name, _, number in pairs}


# --- credentials ---------------------------------------------------------------------------------
def _get_credentials(flags: argparse.Namespace) -> None:
    import yaml  # noqa: PLC0415 - slower than the rest of the start-up

    print(f"\nFetching credentials for cluster {flags.name}.")
    ours = Session.saved().send("POST", ("clusters", flags.name, "binds"))
    first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    path = Path(first or Path.home() / ".kube" / "config")
    known = yaml.safe_load(path.read_text()) if path.exists() else None
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}, **(known or {})}
    for section in ("clusters", "contexts", "users"):
        names = {entry["name"] for entry in ours[section]}
        kept = [entry for entry in merged.get(section) or [] if entry["name"] not in names]
        merged[section] = kept + ours[section]
    merged["current-context"] = ours["current-context"]
    private_file(path, yaml.safe_dump(merged, sort_keys=False))
    print(f"Context set for cluster {flags.name}.\n")
    print("You can now switch between clusters by using:\n$kubectl config use-context <cluster-name>")


# --- plans and profiles --------------------------------------------------------------------------
def _plans(flags: argparse.Namespace) -> None:
    found = Session.saved().get("plans")
    _show(found, flags.json, lambda: pks_text.plans(found))


def _profiles(flags: argparse.Namespace) -> None:
    found = Session.saved().get(flags.kind)
    _show(found, flags.json, lambda: pks_text.profiles(found))


def _profile(flags: argparse.Namespace) -> None:
    found = Session.saved().get(flags.kind, flags.name)
    _show(found, flags.json, lambda: pks_text.profile(found))


def _create_profile(flags: argparse.Namespace) -> None:
    text = Path(flags.file).read_text()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CliError(f"{flags.file} is no valid JSON: {error}") from None
    created = Session.saved().send("POST", (flags.kind,), document)
    print(f"{_label(flags.kind)} {created['name']} successfully created")


def _delete_profile(flags: argparse.Namespace) -> None:
    session, label = Session.saved(), _label(flags.kind)
    if not flags.non_interactive:
        confirm(f"Are you sure you want to delete the {label.lower()} {flags.name}? (y/n)")
    session.send("DELETE", (flags.kind, flags.name))
    print(f"Deletion of {flags.name} completed")


def _label(kind: str) -> str:
    return "Network profile" if kind == "network-profiles" else "Compute profile"


def _show(document: object, as_json: bool, text: Callable[[], str]) -> None:
    print(json.dumps(document, indent=4) if as_json else f"\n{text()}\n")


# --- command line --------------------------------------------------------------------------------
def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=_NAME, description="The command line of Enterprise PKS (lab).", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"{_PRODUCT} CLI version: lab")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], *flags: str) -> _Parser:
        added: _Parser = commands.add_parser(name, allow_abbrev=False)
        added.set_defaults(run=run, wait=False, json=False)
        for flag in flags:
            if flag.startswith("-"):
                added.add_argument(flag, action="store_true")
            else:
                added.add_argument(flag)
        return added

    _login_flags(command("login", _login))
    command("logout", _logout)
    command("plans", _plans, "--json")
    command("clusters", _clusters, "--json")
    command("cluster", _cluster, "name", "--json", "--details")

    order = ("name", "--non-interactive", "--wait", "--json")
    create = command("create-cluster", _create_cluster, *order)
    create.add_argument("-e", "--external-hostname", required=True)
    create.add_argument("-p", "--plan", required=True)
    create.add_argument("-n", "--num-nodes", type=int)
    for flag in _ORDER_FLAGS:
        create.add_argument(flag, default="")
    update = command("update-cluster", _update_cluster, *order)
    update.add_argument("--num-nodes", type=int)
    for flag in _ORDER_FLAGS:
        update.add_argument(flag)
    resize = command("resize", _resize, *order)
    resize.add_argument("-n", "--num-nodes", type=int, default=1)
    command("delete-cluster", _delete_cluster, "name", "--non-interactive", "--wait")
    command("get-credentials", _get_credentials, "name")

    for kind in ("network-profile", "compute-profile"):
        added = [
            command(f"{kind}s", _profiles, "--json"),
            command(kind, _profile, "name", "--json"),
            command(f"create-{kind}", _create_profile, "file"),
            command(f"delete-{kind}", _delete_profile, "name", "--non-interactive"),
        ]
        for item in added:
            item.set_defaults(kind=f"{kind}s")
    return parser


def _login_flags(login: argparse.ArgumentParser) -> None:
    login.add_argument("-a", "--api", required=True)
    login.add_argument("-u", "--username", default="")
    login.add_argument("-p", "--password")
    login.add_argument("-k", "--skip-ssl-validation", action="store_true")
    login.add_argument("--skip-ssl-verification", action="store_true")
    for flag in ("--ca-cert", "--client-name", "--client-secret"):
        login.add_argument(flag, default="")


if __name__ == "__main__":
    run(main)
