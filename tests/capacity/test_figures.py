"""Plans as documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from capacity.model.figures import from_document, to_document
from capacity.model.plan import CapacityError, Plan
from tests.capacity.test_assessment import PLANS


@given(PLANS)
def test_a_plan_survives_json_and_numbers_without_integers(candidate: Plan) -> None:
    document = json.loads(json.dumps(to_document(candidate)), parse_int=float)
    assert from_document(document) == candidate


def test_a_document_may_be_short() -> None:
    short = {"network": {"blocks": ["172.16.0.0/16"]}, "demands": [{"rancherVersion": "2.8"}]}
    assert from_document(short).network.subnet_prefix == 24


@pytest.mark.parametrize("document", [None, [1], "172.16.0.0/16", 3])
def test_not_an_object(document: Any) -> None:
    with pytest.raises(CapacityError, match="figures: not an object"):
        from_document(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({3: 4, "x": 1}, "3: unknown figure"),
        ({"network": {"blocks": ["\ud800"]}}, "figures: cannot be read"),
        (
            {"network": {"blocks": ["172.16.0.0/16"]}, "demands": [{"name": None}]},
            "demands.name: must be a valid string (None)",
        ),
        ({"demand": []}, "demand: unknown figure"),
        ({"network": {"blocks": ["172.16.0.0/16"]}, "demands": {}}, "demands: must be a valid"),
        (
            {"network": {"blocks": ["172.16.0.0/16"]}, "demands": [{"clusters": 1}]},
            "demands.clusters: unknown figure",
        ),
        (
            {"network": {"blocks": ["172.16.0.0/16"]}, "demands": [{"crowded": 3}]},
            "demands.crowded: must be a valid",
        ),
        (
            {"network": {"blocks": ["172.16.0.0/16"]}, "demands": [{"name": 3}]},
            "demands.name: must be a valid string",
        ),
    ],
)
def test_invalid_documents(document: dict[Any, Any], message: str) -> None:
    with pytest.raises(CapacityError) as caught:
        from_document(document)
    assert message in str(caught.value)
