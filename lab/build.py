"""Builds the lab's tools and caches them: ``python -m lab.build``.

A result is stored in ``<cache>/tools/<name>-<digest>`` (``LAB_CACHE``, default ``~/.cache/rancher-on-pks``).
It is built in a temporary directory and renamed, so it is either complete or missing; the next build resumes
an interrupted one. ``LAB_BUILD_ALL=1`` builds the Pulumi engine even if a suitable one is on PATH.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import console
from lab.golang import BuildError, Go
from lab.recipes import ENGINE, LANGUAGE_HOST, PLUGINS, RECIPES, Recipe

__all__ = ["BuildError", "Built", "build"]

Report = Callable[[str], None]

_OLDEST_ENGINE = (3, 259)
_AT_ONCE = 2  # linking uses one core, and each build may take 3 GB of memory
_KEEP_DAYS = 30
_TICK_SECONDS = 20.0
_DOWNLOAD_MB, _CACHE_MB = 660, 785
"""Go modules that a build of all tools downloads, and the size of the results."""


@dataclass(frozen=True)
class Built:
    """Directories of the results."""

    bin: Path
    """The lab's own commands, to be prepended to PATH."""
    plugins: Path
    """Stand-ins for Pulumi's resource plugins."""


def build(report: Report = lambda _: None, recipes: Sequence[Recipe] = RECIPES) -> Built:
    """Builds what is missing and returns the directories.

    Raises:
        BuildError: Go is missing or too old, or a tool does not compile.
    """
    cache = _cache()
    wanted = [recipe for recipe in recipes if recipe not in _on_path(cache)]
    go = Go.find(recipe.go_version for recipe in wanted)
    places = {recipe: cache / "tools" / f"{recipe.name}-{recipe.digest(go.version)}" for recipe in wanted}
    commands = [place for recipe, place in places.items() if recipe != PLUGINS]
    names = "\n".join(sorted(place.name for place in commands))
    joined = cache / "tools" / f"bin-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
    if not (_all_present(places) and joined.is_dir()):
        with _lock(cache, report):  # held by every writer, so that no build cleans up another's work
            _remove_old(cache)
            _build_missing(go, places, report)
            _join(commands, joined)
    for place in (*places.values(), joined):
        os.utime(place)
    return Built(joined, places.get(PLUGINS, cache / "no-plugins"))


def _cache() -> Path:
    return Path(os.environ.get("LAB_CACHE") or Path.home() / ".cache" / "rancher-on-pks").resolve()


def _on_path(cache: Path) -> set[Recipe]:
    """Returns tools that need no build because they are on PATH: the engine, with its language host."""
    found: set[Recipe] = set()
    if os.environ.get("LAB_BUILD_ALL") == "1":
        return found
    # The PATH of a shell that ran `eval "$(python -m lab env)"` has earlier results of this build.
    directories = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(place for place in directories if not Path(place).is_relative_to(cache))
    if _new_enough(path, "pulumi", "version"):
        found.add(ENGINE)
        if _new_enough(path, "pulumi-language-python", "-version"):
            found.add(LANGUAGE_HOST)
    return found


def _new_enough(path: str, command: str, argument: str) -> bool:
    place = shutil.which(command, path=path)
    if place is None:
        return False
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run([place, argument], env=environment, capture_output=True, text=True, check=False)
    version = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    if done.returncode or version is None:
        return False
    return (int(version[1]), int(version[2])) >= _OLDEST_ENGINE


def _all_present(places: dict[Recipe, Path]) -> bool:
    return all(place.is_dir() for place in places.values())


@contextmanager
def _lock(cache: Path, report: Report) -> Iterator[None]:
    """Allows only one build at a time; the kernel releases the lock of a killed one."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another build")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build_missing(go: Go, places: dict[Recipe, Path], report: Report) -> None:
    missing = {recipe: place for recipe, place in places.items() if not place.is_dir()}
    if not missing:
        return
    report(f"{len(missing)} tools to build (once): {', '.join(recipe.name for recipe in missing)}")
    minutes = sum(recipe.seconds for recipe in missing) / 60
    share = len(missing) / len(RECIPES)
    report(
        f"about {math.ceil(minutes)} min on two idle cores; up to {_DOWNLOAD_MB * share:.0f} MB of Go "
        f"modules are downloaded, and the results take {_CACHE_MB * share:.0f} MB in {_cache()}"
    )
    progress = _Progress(missing)
    with _ticking(progress, report), ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = {
            pool.submit(_build_one, go, recipe, place, progress): recipe for recipe, place in missing.items()
        }
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                report(f"{jobs[job].name}: built in {job.result():.0f} s ({done} of {len(missing)})")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            go.stop()
            raise


class _Progress:
    """What is compiling, and about how much is left."""

    def __init__(self, recipes: Iterable[Recipe]) -> None:
        self._left = list(recipes)
        self._running: dict[Recipe, float] = {}
        self._start = time.monotonic()
        self._total = sum(recipe.seconds for recipe in self._left)

    def begins(self, recipe: Recipe) -> None:
        self._running[recipe] = time.monotonic()

    def ends(self, recipe: Recipe) -> None:
        self._running.pop(recipe, None)
        self._left.remove(recipe)

    def line(self, now: float) -> str:
        """Returns one line for the user."""
        compiling = ", ".join(
            f"{item.name} ({now - since:.0f} s)" for item, since in [*self._running.items()]
        )
        left = self._total - (now - self._start)
        rest = f"about {math.ceil(left / 60)} min left" if left > 0 else "longer than usual on this machine"
        return f"compiling {compiling or 'the next tool'}; {len(self._left)} of the tools to go, {rest}"


@contextmanager
def _ticking(progress: _Progress, report: Report) -> Iterator[None]:
    """Reports the progress again and again, so that nobody takes a long build for a hung one."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(_TICK_SECONDS):
            with suppress(BrokenPipeError):
                report(progress.line(time.monotonic()))

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _build_one(go: Go, recipe: Recipe, place: Path, progress: _Progress) -> float:
    """Builds one recipe into ``place`` and returns the duration in seconds."""
    start = time.monotonic()
    progress.begins(recipe)
    try:
        _compile(go, recipe, place)
    finally:
        progress.ends(recipe)
    return time.monotonic() - start


def _compile(go: Go, recipe: Recipe, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{recipe.name}-", dir=place.parent) as temporary:
        result, scratch = Path(temporary, "result"), Path(temporary, "scratch")
        result.mkdir()
        target = str(result / recipe.binary) if recipe.binary else f"{result}{os.sep}"
        arguments = ["build", "-ldflags", recipe.linker_flags, "-o", target, *recipe.packages]
        go.run(arguments, module=recipe.module, scratch=scratch)
        if recipe.scripts:
            arguments = ["list", "-m", "-f", "{{.Dir}}", recipe.release]
            release = Path(go.run(arguments, module=recipe.module, scratch=scratch).strip())
            for script in recipe.scripts:
                copy = Path(shutil.copyfile(release / script, result / Path(script).name))
                copy.chmod(0o755)
        result.rename(place)


def _join(places: Sequence[Path], joined: Path) -> None:
    """Creates one directory with all commands of ``places``, unless it exists.

    They are hard links: the engine uses a language host without a warning only if it is in the directory of
    the engine's resolved executable.
    """
    if joined.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".joining-", dir=joined.parent) as temporary:
        directory = Path(temporary, "bin")
        directory.mkdir()
        for command in (file for place in places for file in place.iterdir()):
            (directory / command.name).hardlink_to(command)
        directory.rename(joined)


def _remove_old(cache: Path) -> None:
    """Removes leftovers of interrupted builds, and results that have not been used for a long time."""
    oldest = time.time() - _KEEP_DAYS * 24 * 3600
    for place in (cache / "tools").glob("*"):
        if place.name.startswith(".") or place.stat().st_mtime < oldest:
            shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Builds everything and prints the directories."""
    start = time.monotonic()
    try:
        built = build(report=lambda line: print(f"{time.monotonic() - start:6.0f} s  {line}", flush=True))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The next build resumes from here.", file=sys.stderr)
        return 130
    print(f"{time.monotonic() - start:6.1f} s  commands in {built.bin}, stand-in plugins in {built.plugins}")
    return 0


if __name__ == "__main__":
    console.run(main)
