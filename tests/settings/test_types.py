"""Types of settings whose values name something of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from settings.types import File

FILE: TypeAdapter[str] = TypeAdapter(File)


@pytest.mark.parametrize("name", ["absent.pem", ".", "A" * 300, f"{'a/' * 3000}b", "a\0b"])
def test_a_name_that_no_file_can_have_is_refused_as_one_that_none_has(name: str) -> None:
    with pytest.raises(ValidationError, match=r"must be an existing file|printable characters"):
        FILE.validate_python(name)


def test_a_file_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    assert FILE.validate_python(str(file)) == str(file)
