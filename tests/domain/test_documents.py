"""JSON that others write, and their shapes."""

from __future__ import annotations

import pytest

from domain.documents import as_json, loads, shortened
from domain.shapes import Shape, ShapeError, check


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 5000, "[" + "{}," * 600_000 + "{}]", "9" * 5000], ids=lambda text: text[:3]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_half_a_character_becomes_a_question_mark() -> None:
    assert loads('{"a\\udc00": ["\\ud83d\\ude00", "\\uD800x"]}') == {"a?": ["😀", "?x"]}


def test_texts_for_messages_are_bounded() -> None:
    assert shortened("x" * 2000) == "x" * 2000
    assert len(shortened("x" * 2001)) == 2001
    laugh: object = "x"
    for _ in range(40):
        laugh = [laugh] * 9
    assert len(as_json(laugh)) < 110_000


SHAPE: Shape = {"name!": str, "count": int, "items": [{"id!": str}], "labels": {str: str}, "share": float}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document is not an object"),
        ({}, "name is missing"),
        ({"name": None}, "name is missing"),
        ({"name": "a", "count": True}, "count is not a whole number"),
        ({"name": "a", "count": 1.5}, "count is not a whole number"),
        ({"name": "a", "items": [{"id": "x"}, {}]}, r"items\[1\].id is missing"),
        ({"name": "a", "labels": {"b": 1}}, "labels.b is not a text"),
        ({"name": "a", "labels": {"\n" * 3: 1}}, "labels.… is not a text"),
    ],
)
def test_the_place_of_a_wrong_shape_is_named(document: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        check(document, SHAPE)


def test_more_fields_and_absent_ones_are_fine_and_null_is_absent() -> None:
    document = {"name": "a", "other": [None], "count": None, "share": 1, "items": [], "labels": None}
    check(document, SHAPE)
    assert document == {"name": "a", "other": [None], "share": 1, "items": []}
