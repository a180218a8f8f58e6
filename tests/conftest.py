"""What all tests share."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator

import hypothesis
import pytest
from pulumi.runtime import settings

hypothesis.settings.register_profile("any-machine", deadline=None)
hypothesis.settings.load_profile("any-machine")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the lab tests of a file together when there are several workers.

    Those of the group ``site`` work one after the other on one stack, which the last of them destroys.
    """
    for item in items:
        if item.get_closest_marker("lab") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


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
