"""Builds the lab's tools and caches them: ``python -m lab.build [--list | --into DIR] [NAME ...]``.

A result is stored in ``<cache>/tools/<name>-<digest>`` (``LAB_CACHE``, default ``~/.cache/rancher-on-pks``).
It is built in a temporary directory and renamed, so it is either complete or missing; the next build resumes
an interrupted one. What is on PATH is not built; ``LAB_BUILD_ALL=1`` builds it all the same.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import console
from lab.golang import BuildError, Go
from lab.present import present
from lab.progress import Progress
from lab.recipes import ON_DEMAND, RECIPES, Recipe

__all__ = ["BuildError", "Built", "build"]

Report = Callable[[str], None]

_AT_ONCE = 2  # linking uses one core, and each build may take 3 GB of memory
_KEEP_DAYS = 30
_CARRIED = "built-with"
"""File in a carried cache: the version of Go that has built it."""


@dataclass(frozen=True)
class Built:
    """Directories of the results."""

    bin: Path
    """The lab's own commands, to be prepended to PATH."""
    plugins: Path
    """Pulumi's resource plugins."""
    places: Mapping[Recipe, Path]
    """Directory of each result; the only one of what is built on demand."""
    taken: Mapping[Recipe, Path]
    """Commands that were found on PATH instead."""


def build(report: Report = lambda _: None, recipes: Sequence[Recipe] = RECIPES) -> Built:
    """Builds what is missing and returns the directories.

    Raises:
        BuildError: Go is missing or too old, or a tool does not compile.
    """
    cache = _cache()
    go, result = _plan(recipes, cache)
    places = result.places
    every = (*places.values(), result.bin, result.plugins)
    if not all(place.is_dir() for place in every):
        with _lock(cache, report):  # held by every writer, so that no build cleans up another's work
            _remove_old(cache)
            _build_missing(go, places, report)
            for directory, kind in ((result.bin, "command"), (result.plugins, "plugin")):
                _join(_of(kind, places), directory)
    for place in every:
        os.utime(place)
    return result


def planned(recipes: Sequence[Recipe] = RECIPES) -> Built:
    """Returns the directories that ``build`` will return, whether they exist yet or not."""
    return _plan(recipes, _cache())[1]


def _plan(recipes: Sequence[Recipe], cache: Path) -> tuple[Go, Built]:
    there = present(recipes, cache)
    wanted = [recipe for recipe in recipes if recipe not in there]
    go = _go(wanted, cache)
    places = {recipe: _place(cache, recipe, go) for recipe in wanted}

    def joined(name: str, kind: str) -> Path:
        names = "\n".join(sorted(place.name for place in _of(kind, places)))
        return cache / "tools" / f"{name}-{hashlib.sha256(names.encode()).hexdigest()[:16]}"

    return go, Built(joined("bin", "command"), joined("all-plugins", "plugin"), places, there)


def _go(recipes: Collection[Recipe], cache: Path) -> Go:
    carried = cache / _CARRIED
    version = carried.read_text() if carried.is_file() else ""
    return Go.find((recipe.go_version for recipe in recipes), version)


def carry(directory: Path, report: Report = lambda _: None, recipes: Sequence[Recipe] = RECIPES) -> None:
    """Copies the tools into an empty directory: a cache for a machine without Go, where LAB_CACHE names it.

    Raises:
        BuildError: The directory is not empty, or a tool cannot be built.
    """
    if directory.exists() and any(directory.iterdir()):
        raise BuildError(f"{directory} is not empty. Choose another directory")
    built = build(report, recipes)
    for place in built.places.values():
        shutil.copytree(place, directory / "tools" / place.name)
    (directory / _CARRIED).write_text(_go(recipes, _cache()).version)


def _of(kind: str, places: Mapping[Recipe, Path]) -> list[Path]:
    return [place for recipe, place in places.items() if recipe.kind == kind]


def _cache() -> Path:
    return Path(os.environ.get("LAB_CACHE") or Path.home() / ".cache" / "rancher-on-pks").resolve()


def _place(cache: Path, recipe: Recipe, go: Go) -> Path:
    return cache / "tools" / f"{recipe.name}-{recipe.digest(go.version)}"


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


def _build_missing(go: Go, places: Mapping[Recipe, Path], report: Report) -> None:
    missing = {recipe: place for recipe, place in places.items() if not place.is_dir()}
    if not missing:
        return
    names = ", ".join(recipe.name for recipe in missing)
    seconds, size = (sum(recipe.cost[index] for recipe in missing) for index in (0, 1))
    report(f"{len(missing)} tools to build (once): {names}")
    minutes = max(seconds // 60, 1)
    report(f"about {minutes} CPU minutes and {size} MB, besides what Go downloads and caches")
    progress = Progress(missing, report)
    with progress.running(), ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = {
            pool.submit(_build_one, go, recipe, place, progress): recipe for recipe, place in missing.items()
        }
        try:
            for job in as_completed(jobs):
                progress.done(jobs[job], job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            go.stop()
            raise


def _build_one(go: Go, recipe: Recipe, place: Path, progress: Progress) -> float:
    """Builds one recipe into ``place`` and returns the duration in seconds."""
    start = time.monotonic()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{recipe.name}-", dir=place.parent) as temporary:
        result, scratch = Path(temporary, "result"), Path(temporary, "scratch")
        result.mkdir()
        module = _with_borrowed(go, recipe, Path(temporary, "module"), scratch)
        seen = {"downloads": 0, "packages": 0}

        def downloaded(line: str) -> None:
            if line.startswith("go: downloading"):
                seen["downloads"] += 1
                progress.downloading(recipe, seen["downloads"])

        arguments = ["list", "-deps", *recipe.packages]
        workspace = recipe.workspace
        listed = go.run(arguments, module=module, scratch=scratch, workspace=workspace, heard=downloaded)
        total = len(listed.splitlines())

        def compiled(_: str) -> None:
            seen["packages"] += 1
            progress.compiled(recipe, seen["packages"], total)

        target = str(result / recipe.binary) if recipe.binary else f"{result}{os.sep}"
        arguments = ["build", "-v", "-ldflags", recipe.linker_flags, "-o", target, *recipe.packages]
        go.run(arguments, module=module, scratch=scratch, workspace=workspace, heard=compiled)
        for script in recipe.scripts:
            arguments = ["list", "-m", "-f", "{{.Dir}}", recipe.release]
            release = go.run(arguments, module=module, scratch=scratch, workspace=workspace).strip()
            source = Path(release, script)
            copy = Path(shutil.copyfile(source, result / source.name))
            copy.chmod(0o755)
        result.rename(place)
    return time.monotonic() - start


def _with_borrowed(go: Go, recipe: Recipe, copy: Path, scratch: Path) -> Path:
    """Returns the module's directory; with borrowed files, a copy that has them.

    Raises:
        BuildError: A downloaded module is not the one whose checksum the repository has.
    """
    if not recipe.borrowed:
        return recipe.module
    shutil.copytree(recipe.module, copy)
    expected = (recipe.module / "borrowed.sum").read_text().splitlines()
    directories: dict[str, Path] = {}
    for part in recipe.borrowed:
        if part.module not in directories:
            wanted = f"{part.module}@{recipe.version(part.module)}"
            # Outside the module, which is not complete without these files.
            answer = json.loads(
                go.run(["mod", "download", "-json", wanted], module=copy.parent, scratch=scratch)
            )
            if f"{answer['Path']} {answer['Version']} {answer['Sum']}" not in expected:
                raise BuildError(
                    f"{wanted} has checksum {answer['Sum']}, unlike {recipe.module}/borrowed.sum"
                )
            directories[part.module] = Path(answer["Dir"])
        target = copy / part.target
        target.mkdir(parents=True, exist_ok=True)
        for file in directories[part.module].glob(part.source):
            shutil.copyfile(file, target / file.name)
    return copy


def _join(places: Sequence[Path], joined: Path) -> None:
    """Creates one directory with all files of ``places``, unless it exists.

    They are hard links: the engine uses a language host without a warning only if it is in the directory of
    the engine's resolved executable.
    """
    if joined.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".joining-", dir=joined.parent) as temporary:
        directory = Path(temporary, "all")
        directory.mkdir()
        for file in (file for place in places for file in place.iterdir()):
            (directory / file.name).hardlink_to(file)
        directory.rename(joined)


def _remove_old(cache: Path) -> None:
    """Removes leftovers of interrupted builds, and results that have not been used for a long time."""
    oldest = time.time() - _KEEP_DAYS * 24 * 3600
    for place in (cache / "tools").glob("*"):
        if place.name.startswith(".") or place.stat().st_mtime < oldest:
            shutil.rmtree(place, ignore_errors=True)


def show(recipes: Collection[Recipe] = (*RECIPES, *ON_DEMAND)) -> Iterator[str]:
    """Yields a line for each tool: whether it is built, why, how long that takes, how large it is."""
    cache = _cache()
    there = present(recipes, cache)
    go = _go(recipes, cache)
    yield f"{'tool':<18} {'CPU s':>5} {'MB':>4}  {'state':<10} for"
    for recipe in recipes:
        state = "built" if _place(cache, recipe, go).is_dir() else "missing"
        if recipe in there:
            state = "on PATH"
        elif recipe.kind == "on demand" and state == "missing":
            state = "on demand"
        seconds, size = recipe.cost
        yield f"{recipe.name:<18} {seconds:>5} {size:>4}  {state:<10} {recipe.purpose}"


def main() -> int:
    """Builds what the command line names, by default what every lab needs, and prints the directories."""
    everything = {recipe.name: recipe for recipe in (*RECIPES, *ON_DEMAND)}
    parser = argparse.ArgumentParser(prog="python -m lab.build", description=__doc__)
    parser.add_argument("--list", action="store_true", help="only list the tools")
    parser.add_argument("--quiet", action="store_true", help="print nothing about what is there already")
    parser.add_argument("--into", type=Path, metavar="DIR", help="copy them there, for a machine without Go")
    parser.add_argument("names", nargs="*", metavar="NAME", help="tools to build (see --list)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(everything):
        parser.error(f"no such tool: {', '.join(sorted(unknown))}; there are {', '.join(everything)}")
    start = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {line}", flush=True)

    try:
        if arguments.list:
            print("\n".join(show()))
            return 0
        recipes = [everything[name] for name in arguments.names] or RECIPES
        if arguments.into:
            carry(arguments.into, report, recipes)
            return 0
        built = build(report, recipes)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The next build resumes from here.", file=sys.stderr)
        return 130
    if not arguments.quiet:
        print(f"{time.monotonic() - start:6.1f} s  commands in {built.bin}, plugins in {built.plugins}")
    return 0


if __name__ == "__main__":
    console.run(main)
