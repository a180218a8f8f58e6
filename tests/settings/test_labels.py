"""Errors of a provider name the config keys behind the resource's inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.dynamic import Resource

from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, Provider
from domain.finding import Finding
from settings import labels
from tests.mocks import RecordingMocks, with_engine

TABLE = {
    ("trial:Thing", ""): {"size": "thingSize", "absent": "neverUsed"},
    ("trial:Thing", "blue"): {"color": "blueColor"},
}


class ThingProvider(Provider):
    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if wanted["size"] < 0:
            yield Finding("size", "must not be negative", value=str(wanted["size"]))

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        raise ProviderError("the shop has no such thing. Choose another", "size", "color")


class Thing(Resource, module="trial", name="Thing"):
    def __init__(self, name: str, **props: Any) -> None:
        super().__init__(ThingProvider(), name, props)


class Plain(Resource, module="trial", name="Plain"):
    def __init__(self, name: str, **props: Any) -> None:
        super().__init__(ThingProvider(), name, props)


def declared(*things: tuple[type[Any], str]) -> dict[str, dict[str, Any]]:
    """The inputs with which resources are registered."""
    mocks = RecordingMocks()

    @with_engine
    async def program() -> None:
        labels.register(TABLE)
        for kind, name in things:
            await kind(name, size=-1, color="red").urn.future()

    run: Callable[[], object] = program
    run()
    return {name: inputs for _, name, inputs in mocks.registered}


def test_only_resources_in_the_table_get_labels_of_their_inputs() -> None:
    inputs = declared((Thing, "blue-one"), (Thing, "one"), (Plain, "plain"))
    assert inputs["blue-one"][labels.LABELS] == {"size": "thingSize", "color": "blueColor"}
    assert inputs["one"][labels.LABELS] == {"size": "thingSize"}
    assert labels.LABELS not in inputs["plain"]
    assert all("__provider" in item for item in inputs.values())


def test_a_check_failure_and_a_create_failure_name_the_config_keys() -> None:
    inputs = declared((Thing, "blue-one"))["blue-one"]
    [failure] = ThingProvider().check({}, inputs).failures
    assert failure.reason == "thingSize: must not be negative (-1)"
    with pytest.raises(ProviderError) as caught:
        ThingProvider().create(inputs)
    assert str(caught.value) == "thingSize, blueColor: the shop has no such thing. Choose another"


def test_components_get_no_labels() -> None:
    mocks = RecordingMocks()

    @with_engine
    async def program() -> None:
        labels.register({("trial:Group", ""): {"size": "x"}})
        await pulumi.ComponentResource("trial:Group", "group", {"size": 1}).urn.future()

    run: Callable[[], object] = program
    run()
    assert all(labels.LABELS not in inputs for _, _, inputs in mocks.registered)
