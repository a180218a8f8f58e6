"""``python -m settings Pulumi.<env>.yaml...``: check stack files offline, print their effective settings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from settings.file import read
from settings.problem import SettingsError


def main() -> int:
    """Check each file; returns 1 when one is wrong."""
    parser = argparse.ArgumentParser(prog="python -m settings", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="Pulumi.<env>.yaml")
    parser.add_argument("--quiet", action="store_true", help="only say what is wrong")
    arguments = parser.parse_args()
    wrong = 0
    for path in arguments.files:
        try:
            found = read(path)
        except (SettingsError, OSError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            wrong = 1
            continue
        if not arguments.quiet:
            print(f"# {path}")
            print(yaml.safe_dump(found.effective(), sort_keys=False, allow_unicode=True), end="")
        if found.encrypted:
            keys = ", ".join(sorted(found.encrypted))
            print(f"{path}: encrypted, so not checked: {keys}", file=sys.stderr)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
