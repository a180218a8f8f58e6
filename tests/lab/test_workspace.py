"""The Go workspace, by which tools share the compiled packages of common dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import recipes
from lab.recipes import KUBERNETES_PLUGIN, ON_DEMAND, RECIPES, Recipe


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Three modules, of which the first two share a workspace."""
    made = []
    for name in ("one", "two", "alone"):
        made.append(Recipe(name, (".",), directory=tmp_path / name))
        made[-1].module.mkdir()
        (made[-1].module / "go.mod").write_text(f"module {name}\n\ngo 1.26.0\n")
    workspace = tmp_path / "go.work"
    workspace.write_text("go 1.26.0\n\nuse (\n\t./one\n\t./two\n)\n")
    workspace.with_name("go.work.sum").write_text("")
    monkeypatch.setattr(recipes, "_WORKSPACE", workspace)
    return made


def test_what_each_lab_needs_shares_versions_and_the_plugin_keeps_those_of_its_release() -> None:
    assert [recipe.name for recipe in RECIPES if recipe.workspace is None] == [KUBERNETES_PLUGIN.name]
    shared = {recipe.name for recipe in ON_DEMAND if recipe.workspace}
    assert shared == {"kubectl"}, "helm and helm2 have the versions of their releases, too"


def test_another_version_in_one_module_builds_all_of_the_workspace_anew(modules: list[Recipe]) -> None:
    before = [recipe.digest("go1.26.0") for recipe in modules]
    with (modules[0].module / "go.mod").open("a") as file:
        file.write("\nrequire example.org/shared v1.2.4\n")
    after = [recipe.digest("go1.26.0") for recipe in modules]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def test_other_source_in_one_module_builds_only_that_one_anew(modules: list[Recipe]) -> None:
    before = [recipe.digest("go1.26.0") for recipe in modules]
    (modules[0].module / "main.go").write_text("package main\n")
    after = [recipe.digest("go1.26.0") for recipe in modules]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True]
