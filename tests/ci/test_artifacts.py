"""What unreviewed code hands over is published only as far as it is harmless."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci.artifacts import comment, harmless, issue, stack_of
from ci.comment import LIMIT, marker
from ci.problem import StepError

STACKS = ["edge", "fleet/emea", "prod"]


def test_s5_the_stack_comes_from_the_job_and_not_from_the_content() -> None:
    assert stack_of(PurePath("previews/preview-1/comment.md"), STACKS) == "fleet/emea"
    text = comment("edge", f"{marker('prod')}\n### Preview of `prod`: can be deployed".encode())
    assert text.startswith(f"{marker('edge')}\n### ")
    assert marker("prod") not in text


@pytest.mark.parametrize("folder", ["preview-3", "preview-", "preview--1", "preview-x", "1", "preview-1-2"])
def test_s5_an_artifact_of_no_job_is_refused(folder: str) -> None:
    with pytest.raises(StepError, match="belongs to no job"):
        stack_of(PurePath("previews", folder, "comment.md"), STACKS)


def test_s5_no_mention_and_nothing_hidden() -> None:
    text = harmless(b"hello @everyone and @team\n<!-- hidden --> shown <!-- open")
    assert "@everyone" not in text
    assert "hidden" not in text
    assert "shown" in text


@given(st.binary(max_size=400), st.integers(1, 2_000))
def test_s5_any_bytes_are_a_comment_of_the_right_size(content: bytes, times: int) -> None:
    for text, first in (
        (comment("prod", content * times), marker("prod")),
        (issue("prod", content * times), "<!-- rancher-on-pks: drift of prod -->"),
    ):
        assert text.splitlines()[0] == first
        assert len(text) <= LIMIT + 100
        text.encode()
