"""What all tests share."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator

import hypothesis
import pytest
from pulumi.runtime import settings

hypothesis.settings.register_profile("any-machine", deadline=None)
hypothesis.settings.load_profile("any-machine")

for name, seconds in (
    ("CLUSTER", 3),
    ("LOAD_BALANCER", 1),
    ("RANCHER_START", 2),
):  # in the lab of a user they can be watched
    os.environ.setdefault(f"LAB_{name}_SECONDS", str(seconds))

_LONGEST = (
    *("fleet", "sources", "examples", "bad_input", "placement", "end_to_end", "ci", "helm2", "nightly"),
    *("image_registry", "interruption", "rancher_growth", "drill", "settings_engine", "sprawl", "air_gap"),
)
"""The longest files, ``tests/lab/test_<name>.py``. They begin first, so that the workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the tests; within a file they stay as they are."""
    places = {f"tests/lab/test_{name}.py": place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


@pytest.fixture(autouse=True)
def current_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pulumi's mocks take the thread's current event loop, which an asyncio test before leaves unset.

    The root resource of an earlier test belongs to that test's loop: nothing could be registered under it.
    """
    if inspect.iscoroutinefunction(request.function):
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings.ROOT.set(None)
    yield
    left = asyncio.all_tasks(loop)  # of a test that failed, or that wanted the mocks alone
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()
