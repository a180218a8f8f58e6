"""Go's ``encoding/json`` writes strings as the tests of the redaction assume; the engine logs with it."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.domain.test_redaction import go_json

PROGRAM = """
package main

import (
	"encoding/json"
	"os"
)

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		panic(err)
	}
	output := json.NewEncoder(os.Stdout)
	for _, html := range []bool{true, false} {
		output.SetEscapeHTML(html)
		for _, text := range texts {
			if err := output.Encode(text); err != nil {
				panic(err)
			}
		}
	}
}
"""


@pytest.mark.lab
def test_go_writes_strings_as_the_tests_of_the_redaction_do(tmp_path: Path) -> None:
    letters = [chr(code) for code in range(0x20, 0xD800)] + [*"\U0001f600\U0010ffff\t\n\r\b\f\x00\x1f\x7f"]
    chosen = random.Random(1)  # noqa: S311
    texts = ["".join(chosen.choices(letters, k=20)) for _ in range(500)] + letters[:200] + letters[-8:]
    (tmp_path / "main.go").write_text(PROGRAM)
    done = subprocess.run(
        ["go", "run", "main.go"],
        cwd=tmp_path,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"},
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    written = done.stdout.split("\n")[:-1]
    assert written[: len(texts)] == [go_json(text) for text in texts]
    assert written[len(texts) :] == [go_json(text, html=False) for text in texts]
