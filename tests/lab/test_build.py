"""The tool build, with a ``go`` that only pretends to compile."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from lab import bringup
from lab import present as present_module
from lab.build import Built, build, carry, planned, show
from lab.engine import Engine, Tools
from lab.golang import BuildError
from lab.layout import Lab
from lab.recipes import ENGINE, HELM2, KUBERNETES_PLUGIN, LANGUAGE_HOST, ON_DEMAND, RECIPES, Borrowed, Recipe

HOST = "pulumi-language-python"
# Answers `go env` and `go list`; `go build` writes the -o target, in the way that a file of the
# module's directory asks for, and logs the module's name.
FAKE_GO = """#!/bin/sh
case "$1" in
env) echo '{"GOVERSION": "go'"$FAKE_VERSION"'", "GOOS": "linux", "GOARCH": "amd64"}' ;;
mod) cat "$FAKE_LOG.download" ;;
list) if [ "$2" = -m ]; then echo "$FAKE_RELEASE"; else printf 'a\\nb\\nc\\nd\\n'; fi ;;
build)
  basename "$PWD" >> "$FAKE_LOG"
  while [ "$1" != -o ]; do shift; done
  if [ -e slow ]; then echo $$ > "$FAKE_LOG.slow"; sleep 60; fi
  if [ -e broken ]; then seq 40 >&2; echo "main.go:7: undefined: x" >&2; exit 1; fi
  if [ -e waits ]; then echo a >&2; until [ -e "$(cat waits)" ]; do sleep 0.01; done; fi
  case "$2" in */) target="$2$(basename "$PWD")" ;; *) target="$2" ;; esac
  if [ -e embeds ]; then find . -name '*.json' > "$target"; else cat main.go > "$target"; fi
esac
"""


class Machine:
    """Modules to build, a fake ``go`` on PATH, and a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "log"
        self.path = root / "path"
        self.command("go", FAKE_GO)

    def command(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def recipe(self, name: str, version: str = "v1.2.3", **fields: object) -> Recipe:
        module = self.root / name
        module.mkdir()
        text = f"module m\n\ngo 1.26.0\n\nrequire example.org/release {version}\n"
        (module / "go.mod").write_text(text)
        (module / "main.go").write_text(f"package {name}\n")
        return Recipe(name, (name,), directory=module, **fields)  # type: ignore[arg-type]

    def builds(self) -> list[str]:
        return sorted(self.log.read_text().split()) if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{made.path}:/usr/bin:/bin")
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_LOG", str(made.log))
    monkeypatch.setenv("FAKE_VERSION", "1.26.8")
    monkeypatch.delenv("LAB_BUILD_ALL", raising=False)
    return made


def leftovers(machine: Machine) -> list[str]:
    """What is in the cache and is not a result."""
    names = (place.name for place in (machine.root / "cache" / "tools").glob("*"))
    return [name for name in names if name.startswith((".", "joining-"))]


def test_builds_once_and_again_only_what_changed(machine: Machine) -> None:
    one, two = machine.recipe("one"), machine.recipe("two", binary="second")
    first = build(recipes=[one, two])
    assert sorted(file.name for file in first.bin.iterdir()) == ["one", "second"]
    assert build(recipes=[one, two]) == first
    assert machine.builds() == ["one", "two"]

    (two.module / "main.go").write_text("package changed\n")
    (one.module / "main_test.go").write_text("package one\n")  # no part of the command
    second = build(recipes=[one, two])
    assert machine.builds() == ["one", "two", "two"]
    assert (second.bin / "second").read_text() == "package changed\n"
    assert (first.bin / "second").read_text() == "package two\n", "a running lab keeps what it has"
    assert leftovers(machine) == []


def test_another_compiler_builds_anew(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    one = machine.recipe("one")
    build(recipes=[one])
    monkeypatch.setenv("FAKE_VERSION", "1.27.0")
    build(recipes=[one])
    assert machine.builds() == ["one", "one"]


def test_scripts_of_the_release_stand_beside_the_command(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = machine.root / "release"
    release.joinpath("python").mkdir(parents=True)
    release.joinpath("python", "helper").write_text("#!/bin/sh\n")
    release.joinpath("python", "helper").chmod(0o444)
    monkeypatch.setenv("FAKE_RELEASE", str(release))
    host = machine.recipe("host", release="example.org/release", scripts=("python/helper",))
    helper = build(recipes=[host]).bin / "helper"
    assert os.access(helper, os.X_OK)


def test_a_compile_error_names_the_tool_and_leaves_nothing(machine: Machine) -> None:
    good, bad = machine.recipe("good"), machine.recipe("bad")
    (bad.module / "broken").touch()
    with pytest.raises(BuildError, match=r"failed in .*/bad:\n(?s:.*)main.go:7: undefined: x$") as failure:
        build(recipes=[good, bad])
    assert len(str(failure.value).splitlines()) < 20
    assert leftovers(machine) == []
    (bad.module / "broken").unlink()
    assert sorted(file.name for file in build(recipes=[good, bad]).bin.iterdir()) == ["bad", "good"]


def test_an_interruption_stops_the_compiler_and_the_next_build_continues(machine: Machine) -> None:
    quick, slow = machine.recipe("quick"), machine.recipe("slow")
    (slow.module / "slow").touch()
    started = machine.root / "log.slow"

    def interrupt(line: str) -> None:
        if "quick: built" in line:
            while not (started.exists() and started.read_text()):
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(interrupt, recipes=[quick, slow])
    assert not Path(f"/proc/{started.read_text().strip()}").exists()
    assert leftovers(machine) == []
    (slow.module / "slow").unlink()
    build(recipes=[quick, slow])
    assert machine.builds() == ["quick", "slow", "slow"]


def test_two_builds_at_once_share_the_work(machine: Machine) -> None:
    recipe = machine.recipe("one")
    results: list[Built] = []
    threads = [threading.Thread(target=lambda: results.append(build(recipes=[recipe]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.bin for result in results] == [results[0].bin] * 4
    assert machine.builds() == ["one"]


def test_what_a_killed_build_left_is_removed(machine: Machine) -> None:
    left = machine.root / "cache" / "tools" / ".one-x7k2"
    left.mkdir(parents=True)
    build(recipes=[machine.recipe("one")])
    assert leftovers(machine) == []


def test_results_without_use_are_removed_in_time(machine: Machine) -> None:
    old = machine.root / "cache" / "tools" / "one-0123456789abcdef"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    build(recipes=[machine.recipe("one")])
    assert not old.exists()


@pytest.mark.parametrize("version", ["1.25.11", "1.9"])
def test_go_too_old(machine: Machine, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("FAKE_VERSION", version)
    with pytest.raises(BuildError, match=rf"go{version}, too old .*: install Go 1.26.0 or newer"):
        build(recipes=[machine.recipe("one")])


def test_go_missing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.root))
    with pytest.raises(BuildError, match=r"no `go` is on PATH: install Go 1.26.0 or newer"):
        build(recipes=[machine.recipe("one")])


def test_carried_tools_need_no_go_elsewhere(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = [machine.recipe("one"), machine.recipe("two", kind="plugin")]
    carried = machine.root / "carried"
    carry(carried, recipes=recipes)
    (machine.path / "go").unlink()
    monkeypatch.setenv("PATH", str(machine.path))
    monkeypatch.setenv("LAB_CACHE", str(carried))
    built = build(recipes=recipes)
    assert (built.bin / "one").read_text() == "package one\n"
    assert (built.plugins / "two").is_file()
    with pytest.raises(BuildError, match=r"three was not carried here, and no `go` is on PATH"):
        build(recipes=[*recipes, machine.recipe("three")])


def test_tools_are_carried_into_an_empty_directory_only(machine: Machine) -> None:
    (machine.root / "one").mkdir()
    (machine.root / "one" / "file").touch()
    with pytest.raises(BuildError, match="is not empty"):
        carry(machine.root / "one", recipes=[])


def test_plugins_are_kept_apart(machine: Machine) -> None:
    recipes = [machine.recipe("one"), *(machine.recipe(name, kind="plugin") for name in ("two", "three"))]
    built = build(recipes=recipes)
    assert [file.name for file in built.bin.iterdir()] == ["one"]
    assert sorted(file.name for file in built.plugins.iterdir()) == ["three", "two"]


def test_what_is_built_on_demand_stays_in_its_own_directory(machine: Machine) -> None:
    """Helm 2 and Helm 3 are both called ``helm``."""
    one, two = (machine.recipe(name, binary="helm", kind="on demand") for name in ("one", "two"))
    built = build(recipes=[one, two])
    assert list(built.bin.iterdir()) == []
    assert [(built.places[recipe] / "helm").read_text() for recipe in (one, two)] == [
        "package one\n",
        "package two\n",
    ]


def borrowing(machine: Machine, checksum: str) -> Recipe:
    upstream = machine.root / "upstream"
    (upstream / "data").mkdir(parents=True)
    (upstream / "data" / "schema.json").write_text("{}")
    (upstream / "data" / "code.go").write_text("package upstream\n")
    part = Borrowed("example.org/release", "data/*.json", "sub")
    recipe = machine.recipe("one", borrowed=(part,))
    (recipe.module / "borrowed.sum").write_text(f"example.org/release v1.2.3 {checksum}\n")
    answer = {"Path": "example.org/release", "Version": "v1.2.3", "Sum": "h1:good", "Dir": str(upstream)}
    (machine.root / "log.download").write_text(json.dumps(answer))
    return recipe


def test_files_of_another_module_are_there_only_during_the_build(machine: Machine) -> None:
    recipe = borrowing(machine, "h1:good")
    (recipe.module / "embeds").touch()
    assert (build(recipes=[recipe]).bin / "module").read_text() == "./sub/schema.json\n"
    assert not (recipe.module / "sub").exists()


def test_a_module_with_another_checksum_is_refused(machine: Machine) -> None:
    with pytest.raises(BuildError, match=r"release@v1.2.3 has checksum h1:good, unlike .*/borrowed.sum"):
        build(recipes=[borrowing(machine, "h1:other")])
    assert leftovers(machine) == []


def test_progress_says_what_is_done(machine: Machine) -> None:
    lines: list[str] = []
    build(lines.append, recipes=[machine.recipe("one", cost=(300, 20)), machine.recipe("two", cost=(100, 5))])
    assert lines[0] == "2 tools to build (once): one, two"
    assert lines[1].startswith("about 6 CPU minutes and 25 MB")
    assert lines[-1].startswith("100%  ")


def test_a_long_build_says_where_it_is(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.progress._EVERY_SECONDS", 0.0)
    lines: list[str] = []
    recipe = machine.recipe("one")
    (recipe.module / "waits").write_text(str(machine.root / "go-on"))

    def hear(line: str) -> None:
        lines.append(line)
        if "1 of 4 packages" in line:
            (machine.root / "go-on").touch()

    build(hear, recipes=[recipe])
    assert " 21%  one: 1 of 4 packages" in lines


def test_the_list_says_what_is_built_and_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (
        machine.recipe("one", purpose="the first"),
        machine.recipe("two", kind="on demand", cost=(90, 7)),
    )
    three = machine.recipe("three", release="example.org/release")
    build(recipes=[one])
    machine.command("three", "#!/bin/sh\necho three v1.4.0\n")
    rows = [line.split() for line in show([one, two, three])][1:]
    assert rows == [
        ["one", "10", "10", "built", "the", "first"],
        ["two", "90", "7", "on", "demand"],
        ["three", "10", "10", "on", "PATH"],
    ]


@pytest.fixture
def engine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Builds an engine, a language host and a tool; returns the names of the commands made."""
    release = {"release": "example.org/release", "version": "v3.259.0"}
    made = [
        machine.recipe("engine", binary="pulumi", **release),
        machine.recipe("host", binary="pulumi-language-python", **release),
        machine.recipe("tool"),
    ]
    monkeypatch.setattr(present_module, "ENGINE", made[0])
    monkeypatch.setattr(present_module, "LANGUAGE_HOST", made[1])
    return lambda: sorted(file.name for file in build(recipes=made).bin.iterdir())


@pytest.mark.parametrize(
    ("pulumi", "host", "expected"),
    [
        ("v3.259.0", "v3.259.0", ["tool"]),
        ("v4.1.0", "4.1.0", ["tool"]),
        ("v3.300.1", None, [HOST, "tool"]),
        ("v3.300.1", "v3.68.0", [HOST, "tool"]),
        ("v3.258.9", "v3.258.9", ["pulumi", HOST, "tool"]),
        (None, "v3.300.0", ["pulumi", HOST, "tool"]),
    ],
)
def test_engine_on_path(
    machine: Machine,
    engine: Callable[[], list[str]],
    pulumi: str | None,
    host: str | None,
    expected: list[str],
) -> None:
    for name, version in {"pulumi": pulumi, "pulumi-language-python": host}.items():
        if version:
            machine.command(name, f"#!/bin/sh\necho {version}\n")
    assert engine() == expected


def test_engine_on_path_is_not_wanted(
    machine: Machine, engine: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.command("pulumi", "#!/bin/sh\necho v3.300.0\n")
    monkeypatch.setenv("LAB_BUILD_ALL", "1")
    assert engine() == ["pulumi", HOST, "tool"]


@pytest.mark.parametrize("place", ["cache/tools/bin-0", "lab/bin"])
def test_own_results_on_path_are_not_taken_for_the_users(
    machine: Machine, engine: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("LAB_HOME", str(machine.root / "lab"))
    earlier = machine.root / place
    earlier.mkdir(parents=True)
    (earlier / "pulumi").write_text("#!/bin/sh\necho v3.300.0\n")
    (earlier / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{earlier}:{os.environ['PATH']}")
    assert engine() == ["pulumi", HOST, "tool"]


def test_the_plugins_of_the_labs_shell_are_not_taken_for_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m lab env` exports the lab's Pulumi home, whose plugins are links into the cache."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    monkeypatch.delenv("LAB_BUILD_ALL", raising=False)
    cache, plugin = tmp_path / "cache", present_module.installed_plugin("kubernetes")
    (cache / "plugins").mkdir(parents=True)
    (cache / "plugins" / plugin.name).touch()
    plugin.parent.mkdir(parents=True)
    plugin.symlink_to(cache / "plugins" / plugin.name)
    assert present_module.present([KUBERNETES_PLUGIN], cache) == {}
    plugin.unlink()
    plugin.touch()
    assert present_module.present([KUBERNETES_PLUGIN], cache) == {KUBERNETES_PLUGIN: plugin}
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    assert present_module.present([KUBERNETES_PLUGIN], cache) == {}


def test_a_lab_keeps_a_users_plugin_in_a_shell_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m lab env` exports the lab's Pulumi home; nothing was built for what the user has."""
    lab, tools = Lab(tmp_path / "lab", 77), Tools(tmp_path / "bin", tmp_path / "plugins")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    bringup.prepare(lab)
    users = present_module.installed_plugin("kubernetes")
    users.parent.mkdir(parents=True)
    users.touch()
    for home in (tmp_path / "home", lab.home / "pulumi", lab.home / "pulumi"):
        monkeypatch.setenv("PULUMI_HOME", str(home))
        Engine(lab, tools).install_plugins()
        assert present_module.installed_plugin("kubernetes").resolve() == users


@pytest.mark.parametrize("recipe", (*RECIPES, *ON_DEMAND), ids=lambda recipe: recipe.name)
def test_recipes_fit_their_modules(recipe: Recipe) -> None:
    assert recipe.go_version
    assert (recipe.module / "go.sum").is_file()
    assert len(recipe.digest("go1.26.0 linux/amd64")) == 16


def test_versions_come_from_go_mod() -> None:
    assert ENGINE.linker_flags.endswith("version.Version=v3.259.0")
    assert LANGUAGE_HOST.linker_flags.endswith("main.version=v3.259.0")
    assert "gitVersion=v1.36.3 -X" in RECIPES[0].linker_flags
    assert RECIPES[0].linker_flags.endswith("gitMinor=36")
    assert KUBERNETES_PLUGIN.linker_flags == "-s -w"
    assert HELM2.linker_flags.endswith("version.Version=v2.17.0 -X k8s.io/helm/pkg/version.BuildMetadata=")


def test_the_kubernetes_plugin_says_the_version_of_the_sdk() -> None:
    main = (KUBERNETES_PLUGIN.module / "main.go").read_text()
    assert f'const version = "{metadata.version("pulumi_kubernetes")}"' in main


def test_where_the_tools_will_be_is_known_before_they_are_built(machine: Machine) -> None:
    recipes = [machine.recipe("one"), machine.recipe("two", kind="plugin")]
    expected = planned(recipes)
    assert not expected.bin.exists()
    assert build(recipes=recipes) == expected


def test_a_directory_with_tools_is_used_by_later_calls_too(
    machine: Machine, engine: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``make lab TOOLS=directory``, then ``python -m lab env``."""
    pulumi = machine.root / "theirs" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text("#!/bin/sh\necho v3.300.0\n")
    pulumi.chmod(0o755)
    before = os.environ["PATH"]
    Lab(machine.root / "lab").use_tools(str(pulumi.parent))
    assert engine() == [HOST, "tool"]
    monkeypatch.setenv("PATH", before)
    Lab(machine.root / "lab").use_tools()
    assert engine() == [HOST, "tool"]
