"""Progress of a tool build: at least one line every 15 seconds, with the share that is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from lab.recipes import Recipe

_EVERY_SECONDS = 15.0
_COMPILED = 0.85
"""Share of a build in which it compiles; the rest it links."""


class Progress:
    """What is done of the builds of ``recipes``, weighted by their measured cost. Thread-safe."""

    def __init__(self, recipes: Collection[Recipe], report: Callable[[str], None]) -> None:
        self._report = report
        self._shares = dict.fromkeys(recipes, 0.0)
        self._states: dict[Recipe, str] = {}
        self._guard = threading.Lock()
        self._last = time.monotonic()

    def share(self) -> float:
        """Returns the share that is done, 0 to 1."""
        total = sum(recipe.cost[0] for recipe in self._shares)
        return sum(recipe.cost[0] * share for recipe, share in self._shares.items()) / total

    def downloading(self, recipe: Recipe, modules: int) -> None:
        """Notes how many modules have been downloaded for the recipe so far."""
        with self._guard:
            self._states[recipe] = f"{recipe.name}: {modules} modules downloaded"

    def compiled(self, recipe: Recipe, packages: int, total: int) -> None:
        """Notes how many of its packages have been compiled."""
        with self._guard:
            self._shares[recipe] = _COMPILED * min(packages / total, 1)
            self._states[recipe] = f"{recipe.name}: {packages} of {total} packages"

    def done(self, recipe: Recipe, seconds: float) -> None:
        """Notes that the recipe is built, and reports it."""
        with self._guard:
            self._shares[recipe] = 1
            self._states.pop(recipe, None)
            self._say(f"{recipe.name}: built in {seconds:.0f} s")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Reports the state regularly during the body."""
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(ended,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(1):
            with self._guard:
                if time.monotonic() - self._last >= _EVERY_SECONDS:
                    self._say("; ".join(self._states.values()) or "starting")

    def _say(self, text: str) -> None:
        self._last = time.monotonic()
        self._report(f"{self.share():4.0%}  {text}")
