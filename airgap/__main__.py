"""``python -m airgap``: lists what a stack needs from outside, and carries it to a site without the Internet.

See docs/airgap.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import console
from airgap import load
from airgap.problem import AirgapError

_HERE = Path()


def main() -> int:
    """Runs a command; returns 1 if it fails."""
    if sys.argv[1:2] == ["load"]:
        return load.main(sys.argv[2:])
    arguments = _parser().parse_args()
    from components.runtime.errors import ProviderError  # noqa: PLC0415 - a missing package is one sentence
    from domain.finding import FindingError  # noqa: PLC0415

    try:
        exit_code: int = arguments.run(arguments)
    except BrokenPipeError:
        raise
    except (AirgapError, FindingError, ProviderError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return exit_code


def _list(arguments: argparse.Namespace) -> int:
    from airgap import collect, formats  # noqa: PLC0415

    found = collect.collect(
        _HERE,
        arguments.stack,
        commit="",
        environment=os.environ,
        run_time=_run_time(arguments),
        changes=dict(arguments.config),
        helm=arguments.helm,
    )
    inventory = found.inventory
    if arguments.digests or arguments.format == "lock":
        inventory = collect.with_digests(inventory)
    print(formats.FORMATS[arguments.format](inventory), end="")
    if not found.inventory.run_time:
        print(
            "The images that Rancher installs at run time are not listed: download rancher-images.txt of its "
            "release, and give it with --rancher-images",
            file=sys.stderr,
        )
    return 0


def _run_time(arguments: argparse.Namespace) -> Path | None:
    """The release's own list of images: given, or carried by a bundle."""
    from airgap.bundle import RUN_TIME  # noqa: PLC0415

    carried = _HERE / load.CARRIED / RUN_TIME
    given: Path | None = arguments.rancher_images
    return given or (carried if carried.is_file() else None)


def _bundle(arguments: argparse.Namespace) -> int:
    from airgap import bundle  # noqa: PLC0415

    wanted = bundle.Wanted(
        directory=_HERE,
        stack=arguments.stack,
        run_time=_run_time(arguments),
        changes=dict(arguments.config),
        images=arguments.images,
        tools=arguments.tools,
        lab=arguments.lab,
        downloads=arguments.wheels,
        helm=arguments.helm,
    )
    output, digest = bundle.make(wanted, arguments.output)
    print(f"{digest}  {output}")
    return 0


def _push(arguments: argparse.Namespace) -> int:
    from airgap import pushing  # noqa: PLC0415

    pushing.push(_HERE, arguments.stack, print)
    return 0


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _parser() -> argparse.ArgumentParser:
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("-s", "--stack", required=True, help="its file is Pulumi.<stack>.yaml")
    charts = argparse.ArgumentParser(add_help=False)
    charts.add_argument("--helm", default="helm", help="Helm 3, which renders the charts (default: helm)")
    charts.add_argument(
        "--rancher-images", type=Path, metavar="FILE", help="rancher-images.txt of Rancher's release"
    )
    charts.add_argument(
        "-c",
        "--config",
        type=_assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="value of a config key on this side, such as where the charts are; may be repeated",
    )

    parser = argparse.ArgumentParser(
        prog="python -m airgap", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="list | bundle | load | push")
    command = commands.add_parser("list", parents=[stack, charts], help="what the stack needs from outside")
    command.add_argument(
        "--format",
        choices=["text", "json", "copy", "skopeo", "harbor", "lock"],
        default="text",
        help="copy: commands that copy each image; skopeo: the source of `skopeo sync`; harbor: replication "
        "rules; lock: for imageLockFile",
    )
    command.add_argument(
        "--digests", action="store_true", help="ask each image's own registry for its digest"
    )
    command.set_defaults(run=_list)
    command = commands.add_parser("bundle", parents=[stack, charts], help="put all of it into one archive")
    command.add_argument("--output", type=Path, metavar="FILE", help="default: named after stack and commit")
    command.add_argument("--images", action="store_true", help="with the images, by skopeo or crane")
    command.add_argument("--tools", type=Path, metavar="DIR", help="carry the commands in this directory")
    command.add_argument("--wheels", type=Path, metavar="DIR", help="keep downloads here for the next bundle")
    command.add_argument(
        "--lab", type=Path, metavar="DIR", help="carry the lab that `python -m lab.build --into DIR` made"
    )
    command.set_defaults(run=_bundle)
    commands.add_parser("load", help="verify a bundle and put it in place (its own load.py does the same)")
    command = commands.add_parser("push", parents=[stack], help="push images and charts of a loaded bundle")
    command.set_defaults(run=_push)
    return parser


if __name__ == "__main__":
    console.run(main)
