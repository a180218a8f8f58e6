"""``python -m settings Pulumi.<env>.yaml...``: checks stack files offline and prints the settings.

``python -m settings new <env>`` writes the files of a new environment.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import console
from settings import new, stack_file
from settings.errors import SettingsError
from settings.reading import effective, parse_file


def main() -> int:
    """Check each file; returns 1 when one is invalid."""
    if sys.argv[1:2] == ["new"]:
        return new.main(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="python -m settings", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="Pulumi.<env>.yaml")
    parser.add_argument("--quiet", action="store_true", help="print problems only")
    arguments = parser.parse_args()
    return max(_check(path, quiet=arguments.quiet) for path in arguments.files)


def _check(path: Path, *, quiet: bool) -> int:
    try:
        file = stack_file.read(path)
        settings = parse_file(file)
    except SettingsError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if not quiet:
        import yaml  # noqa: PLC0415 - a missing package is one sentence

        print(f"# {path}")
        shown = effective(settings, file.encrypted)
        print(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), end="")
    if file.encrypted:
        print(f"{path}: encrypted, so not checked: {', '.join(sorted(file.encrypted))}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    console.run(main)
