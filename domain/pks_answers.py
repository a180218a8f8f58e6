"""What ``pks``/``tkgi`` prints with ``--json`` (docs-pks 1.5 and TKGI 1.20 `cli/index`)."""

from __future__ import annotations

import json
from typing import Any

from domain.cluster import LiveCluster
from domain.documents import loads

Document = dict[str, Any]
"""A JSON object."""


class AnswerError(ValueError):
    """The output is not what PKS prints.

    Attributes:
        answer: The part of it that is wrong, as text.
    """

    def __init__(self, reason: str, answer: object) -> None:
        """Make the error; the reason says what is expected."""
        super().__init__(reason)
        self.answer = answer if isinstance(answer, str) else json.dumps(answer)


def items(output: str) -> list[Document]:
    """The named objects of a list; none for empty output.

    Raises:
        AnswerError: It is no such list.
    """
    answer = _json(output)
    if not isinstance(answer, list | None):
        raise AnswerError("a list is expected", answer)
    return [_named(item) for item in answer or ()]


def clusters(output: str) -> list[LiveCluster]:
    """The clusters of a list.

    Raises:
        AnswerError: It is no such list.
    """
    return [_cluster(item) for item in items(output)]


def item(output: str) -> Document | None:
    """One named object; None for empty output.

    Raises:
        AnswerError: It is no such object.
    """
    answer = _json(output)
    return None if answer is None else _named(answer)


def cluster(output: str) -> LiveCluster | None:
    """One cluster; None for empty output.

    Raises:
        AnswerError: It is no cluster.
    """
    found = item(output)
    return None if found is None else _cluster(found)


def _json(output: str) -> Any:
    try:
        return loads(output or "null")
    except ValueError:
        raise AnswerError("JSON is expected", output.strip()) from None


def _named(answer: object) -> Document:
    if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        raise AnswerError("an object with `name` is expected", answer)
    if not isinstance(answer.get("parameters") or {}, dict):
        raise AnswerError("an object is expected as `parameters`", answer)
    return answer


def _cluster(document: Document) -> LiveCluster:
    try:
        return LiveCluster.of(document)
    except ValueError as error:
        raise AnswerError(str(error), document) from None
