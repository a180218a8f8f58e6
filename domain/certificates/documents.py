"""What an operator hands over, where it is from, and what is wrong with it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or soon will be.

    Attributes:
        severity: ``error`` stops the program before anything is created, ``warning`` does not.
        where: The config key, with the file that it names: ``certificateFile (certs/rancher.pem)``.
        problem: What is wrong, with the values found.
        remedy: What to do about it.
    """

    severity: Literal["error", "warning"]
    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """The finding as one sentence for a person."""
        return f"{self.where}: {self.problem}; {self.remedy}"


@dataclass(frozen=True)
class Document:
    """Bytes of a file or of a secret config value, and where they are from.

    Attributes:
        key: Config key, such as ``certificateFile``.
        path: The file, or ``None`` for a value that stands in the config itself.
        content: What it holds; not part of ``repr``, it may be a private key.
    """

    key: str
    path: str | None
    content: bytes = field(repr=False)

    @property
    def where(self) -> str:
        """The config key, with the file that it names."""
        return f"{self.key} ({self.path})" if self.path else self.key

    @property
    def shell_name(self) -> str:
        """The file, quoted for the commands in remedies."""
        return shlex.quote(self.path) if self.path else "FILE"

    def error(self, problem: str, remedy: str) -> Finding:
        """An error in this document."""
        return Finding("error", self.where, problem, remedy)

    def warning(self, problem: str, remedy: str) -> Finding:
        """A warning about this document."""
        return Finding("warning", self.where, problem, remedy)


def read(key: str, path: str) -> tuple[Document | None, list[Finding]]:
    """Read the file that config key ``key`` names; a relative path starts at the project's folder."""
    document = Document(key, path, b"")
    try:
        return Document(key, path, Path(path).expanduser().read_bytes()), []
    except FileNotFoundError:
        problem, remedy = "there is no such file", "a relative path starts at the folder of Pulumi.yaml"
    except IsADirectoryError:
        problem, remedy = "this is a folder", "name the PEM file in it"
    except OSError as error:
        problem, remedy = f"cannot be read: {error.strerror}", "let the user who runs pulumi read it"
    return None, [document.error(problem, remedy)]
