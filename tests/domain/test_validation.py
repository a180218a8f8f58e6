"""Errors of pydantic in the user's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from domain import validation


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Literal["small", "large"] = "small"
    labels: dict[Annotated[str, Field(pattern="^[a-z]+$")], str] = {}


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: Annotated[int, AfterValidator(_even)] = 2
    secret: Annotated[str, Field(pattern="^x")] = "x"
    parts: list[Part] = []
    on: bool = True
    most: Annotated[int, Field(ge=1, le=4)] = 1
    few: Annotated[list[str], Field(max_length=2)] = []


def found(document: Any, **arguments: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Document.model_validate(document)
    return [str(item) for item in validation.findings(caught.value, **arguments)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, "name: is not set"),
        ({"name": "n", "count": "x"}, 'count: must be a whole number ("x")'),
        ({"name": "n", "count": 3}, "count: must be even (3)"),
        ({"name": "n", "on": "perhaps"}, 'on: must be true or false ("perhaps")'),
        ({"name": "n", "parts": {}}, "parts: must be a list ({})"),
        ({"name": "n", "parts": [3]}, "parts[0]: must be an object (3)"),
        ({"name": "n", "most": 9}, "most: must be at most 4 (9)"),
        ({"name": "n", "most": 0}, "most: must be at least 1 (0)"),
        ({"name": "n", "few": ["a", "b", "c"]}, 'few: must have at most 2 items, not 3 (["a", "b", "c"])'),
        ({"name": 3}, "name: must be text (3)"),
        ({"name": "n", "parts": [{}, {"size": "x"}]}, "parts[1].size: must be 'small' or 'large' (\"x\")"),
        (
            {"name": "n", "parts": [{"labels": {"A": "b"}}]},
            'parts[0].labels.A: does not have the right form ("A")',
        ),
    ],
)
def test_each_kind_of_error_names_place_and_value(document: Any, expected: str) -> None:
    assert found(document) == [expected]


def test_an_unknown_key_gets_a_proposal_and_the_remedy() -> None:
    remedies = {"extra_forbidden": "Remove it: config rm {key}"}
    [text] = found({"name": "n", "coumt": 2}, known=["name", "count"], remedies=remedies)
    assert text == "coumt: is not a known key; did you mean count? (2). Remove it: config rm coumt"


def test_examples_secrets_and_the_place_of_the_document() -> None:
    arguments: dict[str, Any] = {
        "place": "config",
        "secrets": ["secret"],
        "examples": {"count": 4, "config.name": "web"},
        "remedies": {"missing": "Run: config set {key} {example}"},
    }
    assert found({"secret": "hush", "count": 3}, **arguments) == [
        "config.name: is not set. Run: config set config.name web",
        "config.count: must be even (3). Give one such as 4",
        "config.secret: does not have the right form (***)",
    ]


def test_a_long_value_is_cut() -> None:
    assert len(found({"name": "n", "parts": "x" * 5000})[0]) < 300
