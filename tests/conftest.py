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

# In a user's lab each step can be watched; tests have no need to wait.
for name, seconds in (("CLUSTER", 3), ("LOAD_BALANCER", 1), ("RANCHER_START", 2)):
    os.environ.setdefault(f"LAB_{name}_SECONDS", str(seconds))


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
