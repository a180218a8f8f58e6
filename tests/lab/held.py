"""What running processes hold: files, sockets, logins; read from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_PROC = Path("/proc")
_WRITABLE = os.O_WRONLY | os.O_RDWR
_LISTENING = "0A"


@dataclass
class Held:
    """What a process and its descendants have held.

    Attributes:
        homes: Values of PKS_HOME.
        files: Files and directories that were open, but for those that belong to nobody's run.
        listening: Ports that they listened on.
        ports: Local ports of their connections.
        logins: Access tokens of the CLI.
    """

    homes: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    listening: set[str] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)

    def note(self, root: int) -> None:
        """Add what they hold now."""
        sockets = dict(_sockets())
        for pid in _family(root):
            with suppress(OSError):
                self._note_process(_PROC / str(pid), sockets)

    def _note_process(self, process: Path, sockets: dict[str, tuple[str, bool]]) -> None:
        variables = process.joinpath("environ").read_bytes().split(b"\0")
        for home in (entry.decode()[9:] for entry in variables if entry.startswith(b"PKS_HOME=")):
            self.homes.add(home)
            with suppress(OSError, yaml.YAMLError, KeyError, TypeError):
                self.logins.add(yaml.safe_load(Path(home, "creds.yml").read_text())["access_token"])
        for descriptor in process.joinpath("fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    if found := sockets.get(target[8:-1]):
                        (self.listening if found[1] else self.ports).add(found[0])
                elif target.startswith("/") and not target.startswith(("/dev/", "/proc/")):
                    info = process.joinpath("fdinfo", descriptor.name).read_text()
                    flags = int(info.partition("flags:")[2].split()[0], 8)
                    if flags & _WRITABLE or Path(target).is_dir():
                        self.files.add(target)


def _family(root: int) -> list[int]:
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(
                    entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                )
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _sockets() -> Iterator[tuple[str, tuple[str, bool]]]:
    """Inode of each TCP socket, its local address, and whether it listens."""
    for table in ("tcp", "tcp6"):
        for line in _PROC.joinpath("net", table).read_text().splitlines()[1:]:
            parts = line.split()
            yield parts[9], (parts[1], parts[3] == _LISTENING)
