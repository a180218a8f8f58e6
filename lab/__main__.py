"""``python -m lab``: start, inspect and stop the lab."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import console
from lab import bringup, fleet, helm_choice, interrupt, pki, process, registry, trial
from lab.build import BuildError
from lab.engine import Engine, drill_command, environment, shell_exports
from lab.layout import REPO, Lab


def main() -> int:
    """Runs the command from the command line and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="up | fleet | try | drill | down | status | env")
    helps = {
        _up: "start the lab and run `pulumi up` in it; resumes an interrupted run",
        _fleet: "create two edge clusters and import them into the lab's Rancher, with the program in fleet/",
        _down: "stop all processes of the lab and remove its files",
        _status: "show the lab's processes and the stack's outputs",
        _try: "preview an environment's file in the lab, with the policy pack; --up deploys it",
        _env: "print shell variables for pulumi, pks, bosh, helm and kubectl",
        _drill: "kill a Rancher pod, a worker, a master and an ESXi host, and measure the impact on users",
    }
    for run, text in helps.items():
        command = commands.add_parser(run.__name__.removeprefix("_"), help=text)
        command.set_defaults(run=run)
        if run is _try:
            command.add_argument("file", type=Path, metavar="Pulumi.<env>.yaml")
            command.add_argument("--up", action="store_true", help="run `pulumi up` instead of a preview")
        if run is _up:
            command.add_argument(
                "--bare", action="store_true", help="start only the foundation, without `pulumi up`"
            )
            command.add_argument(
                "--registry",
                action="store_true",
                help="start an image registry before the first cluster; its nodes pull all images from there",
            )
            command.add_argument(
                "--helm",
                choices=["v2", "v3"],
                help="Helm version that installs the charts; v3 takes over the releases of v2",
            )
            command.add_argument(
                "--tiller",
                choices=["cluster", "local"],
                help="with Helm v2: where Tiller runs (default: cluster)",
            )
    # Unknown arguments of `drill` are passed to `python -m drill`.
    arguments, rest = parser.parse_known_args()
    if rest and arguments.run is not _drill:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.options = rest
    try:
        lab = Lab.from_environment()
        lab.use_tools(os.environ.get("LAB_TOOLS", "") if arguments.run is _up else "")
        exit_code: int = arguments.run(lab, arguments)
    except (ValueError, bringup.LabError, BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return exit_code


def _up(lab: Lab, arguments: argparse.Namespace) -> int:
    start = time.monotonic()
    engine = bringup.up(lab)
    if arguments.registry or lab.registry_config.exists():
        with bringup.phase("image registry"):
            running = registry.start(lab)
        if arguments.registry and running:
            registry.choose(engine)
    helm_choice.choose(engine, arguments.helm, arguments.tiller, bringup.progress)
    if not arguments.bare:
        with bringup.phase("pulumi up"):
            exit_code = engine.stream("up", "--yes", "--skip-preview", "--suppress-outputs")
        if exit_code:
            print("pulumi up failed. Fix the cause and run `make lab` again; it resumes.", file=sys.stderr)
            return exit_code
        _print_access(lab, engine)
    print(f"Lab ready after {time.monotonic() - start:.0f} s in {lab.home}.")
    print('To use pulumi, pks, bosh, helm and kubectl yourself: eval "$(.venv/bin/python -m lab env)"')
    if engine.config_file.parent != REPO:
        print(
            f"This lab has its own config file: pulumi preview -s {engine.stack} --config-file "
            f"{engine.config_file}"
        )
    return 0


def _fleet(lab: Lab, _: argparse.Namespace) -> int:
    if not lab.credentials.exists():
        raise bringup.LabError(f"there is no lab in {lab.home}; start it with `make lab`")
    server = Engine(lab, bringup.build_tools())
    with bringup.phase("edge clusters"):
        fleet.make_edges(server, fleet.EDGES)
    engine = fleet.prepare(server)
    with bringup.phase("pulumi up in fleet/"):
        exit_code = engine.stream("up", "--yes", "--skip-preview")
    print(f"Sites: {fleet.sites_file(lab)}. Edit it and run this again; `make lab-down` removes everything.")
    return exit_code


def _try(lab: Lab, arguments: argparse.Namespace) -> int:
    stack = trial.stack_name(arguments.file)
    trial.read(arguments.file)  # before a lab is started for it
    engine = trial.engine(lab, bringup.up(lab), arguments.file)
    command = ["up", "--yes", "--skip-preview"] if arguments.up else ["preview"]
    exit_code = engine.stream(*command, *trial.policies(arguments.file))
    print(f"Stack {stack}, settings in {engine.config_file}; `make lab-down` removes it.")
    return exit_code


def _down(lab: Lab, _: argparse.Namespace) -> int:
    stopped = bringup.down(lab)
    print(f"Stopped {len(stopped)} processes and removed {lab.home}. The compiled tools stay in the cache.")
    return 0


def _status(lab: Lab, _: argparse.Namespace) -> int:
    daemons = process.running(lab)
    print(f"Lab {lab.home}, network 127.{lab.net}.0.0/16, {len(daemons)} processes")
    for name, pid in sorted(daemons.items()):
        print(f"  {name:<70} pid {pid}")
    if not daemons:
        print("  none; start it with `make lab`")
        return 1
    engine = Engine(lab, bringup.build_tools())
    for name, value in engine.outputs(show_secrets=False).items():
        text = str(value).strip().replace("\n", " ")
        print(f"  {name:<24} {text[:80]}{'...' if len(text) > 80 else ''}")
    return 0


def _env(lab: Lab, _: argparse.Namespace) -> int:
    if not lab.credentials.exists():
        raise bringup.LabError(f"there is no lab in {lab.home}; start it with `make lab`")
    print("\n".join(shell_exports(environment(lab, bringup.build_tools()))))
    return 0


def _drill(lab: Lab, arguments: argparse.Namespace) -> int:
    if not process.running(lab, "foundation"):
        raise bringup.LabError(f"there is no lab running in {lab.home}; start it with `make lab`")
    engine = Engine(lab, bringup.build_tools())
    command = [*drill_command(engine), *arguments.options]
    os.chdir(REPO)
    # Replaces this process: Ctrl-C must reach only the drill, which restores what it broke.
    os.execve(command[0], command, engine.process_environment())  # noqa: S606 - no shell, on purpose


def _print_access(lab: Lab, engine: Engine) -> None:
    outputs = engine.outputs()
    ca_file = lab.path("rancher-ca.pem")
    pki.write_private(ca_file, str(outputs["caBundle"]).encode(), mode=0o644)
    pki.write_private(lab.path("kubeconfig"), str(outputs["kubeconfig"]).encode())
    url = urlsplit(str(outputs["rancherUrl"]))
    port = url.port or 443
    resolve = f"{url.hostname}:{port}:{outputs['vip']}"
    print(f"\nRancher: {outputs['rancherUrl']}  on the virtual IP {outputs['vip']}")
    if "rancherUser" in outputs:
        secret = f"pulumi stack output -s {engine.stack} rancherPassword --show-secrets"
        print(f"  user {outputs['rancherUser']}, password: {secret}")
    print(f"  curl --cacert {ca_file} --resolve {resolve} {outputs['rancherUrl']}/ping\n")


if __name__ == "__main__":
    console.run(
        lambda: interrupt.exit_code(
            main, "Interrupted. `make lab` resumes from here, `make lab-down` removes it."
        )
    )
