"""The lab's own Python language host, driven by the real engine on small programs."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bench.standalone import engine_environment
from lab import build as build_module
from lab.recipes import ENGINE, LANGUAGE_HOST

PROVIDER = """
    import pulumi
    from pulumi import dynamic

    class Refused(Exception):
        pass

    class Provider(dynamic.ResourceProvider):
        serialize_as_secret_always = False

        def configure(self, request):
            self.token = request.config.require("token")

        def create(self, props):
            if props["name"] == "refused":
                raise Refused("the service says no")
            return dynamic.CreateResult("id", {**props, "length": len(self.token), "minted": "very-secret"})

        def read(self, id_, props):
            return dynamic.ReadResult(id_, props)

    class Thing(dynamic.Resource, module="trial", name="Thing"):
        length: pulumi.Output[int]

        def __init__(self, name, props, opts=None):
            secret = pulumi.ResourceOptions(additional_secret_outputs=["minted"])
            options = pulumi.ResourceOptions.merge(opts, secret)
            super().__init__(Provider(), name, {**props, "length": None, "minted": None}, options)
"""

POLICY = """
    import pulumi
    from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

    def rule(args, report):
        if args.resource_type == "pulumi-python:dynamic/trial:Thing":
            report(f"stack {pulumi.get_stack()} may not have {args.props['name']}")

    rules = [ResourceValidationPolicy("no-things", "No things.", rule)]
    PolicyPack("trial", rules, enforcement_level=EnforcementLevel.MANDATORY)
"""


class Project:
    """A Pulumi project with one stack, and the engine to run it with."""

    def __init__(self, root: Path, bin_directory: Path) -> None:
        self.root = root / "project"
        self.root.mkdir()
        (root / "state").mkdir()
        self.environment = {
            **engine_environment(bin_directory, root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
        }
        self.runtime()
        self.write("__main__.py", "")
        self.write("things.py", PROVIDER)
        self.pulumi("stack", "init", "trial")

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def runtime(self, name: str = "Pulumi.yaml", **options: str) -> None:
        chosen = {"toolchain": "pip", "virtualenv": sys.prefix, **options}
        self.write(name, json.dumps({"name": "trial", "runtime": {"name": "python", "options": chosen}}))

    def pulumi(self, *arguments: str, expect: int | None = 0) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert expect is None or (done.returncode == expect), done.stdout
        return done.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("LAB_BUILD_ALL", "1")
    return Project(tmp_path, build_module.build(recipes=[ENGINE, LANGUAGE_HOST]).bin)


@pytest.mark.lab
def test_a_life_of_a_stack(project: Project) -> None:
    """Secret configuration, a hook, minted secrets, a clean second preview and refresh, destroy."""
    project.pulumi("config", "set", "--secret", "token", "hidden-token")
    project.write(
        "__main__.py",
        """
        import pulumi
        from things import Thing

        hook = pulumi.ResourceHook("hook", lambda args: print("hook before", args.name))
        binding = pulumi.ResourceHookBinding(before_create=[hook])
        thing = Thing("one", {"name": "one"}, pulumi.ResourceOptions(hooks=binding))
        pulumi.export("length", thing.length)
        """,
    )
    assert "hook before one" in project.pulumi("up", "--yes", "--skip-preview")
    assert json.loads(project.pulumi("stack", "output", "--json")) == {"length": 12}
    state = project.pulumi("stack", "export")
    assert "very-secret" not in state
    assert "hidden-token" not in state
    update = json.loads(project.pulumi("stack", "history", "--json"))[0]["environment"]
    assert update["runtime.executable"] == str(Path(sys.prefix) / "bin" / "python")
    assert update["runtime.version"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert update["runtime.metadata.toolchainVersion"].startswith(importlib.metadata.version("pip"))
    assert "2 unchanged" in project.pulumi("preview", "--expect-no-changes")
    project.pulumi("refresh", "--preview-only", "--expect-no-changes")
    assert "2 deleted" in project.pulumi("destroy", "--yes", "--skip-preview")


@pytest.mark.lab
def test_a_stack_without_configuration(project: Project) -> None:
    project.write("__main__.py", "import pulumi\npulumi.export('answer', 42)\n")
    assert "answer: 42" in project.pulumi("preview")


@pytest.mark.lab
def test_a_program_that_has_told_its_error_is_not_scolded_again(project: Project) -> None:
    project.write("__main__.py", "raise ValueError('no such plan')\n")
    output = project.pulumi("preview", expect=None)
    assert "ValueError: no such plan" in output
    assert "exited with" not in output


@pytest.mark.lab
def test_a_failed_resource_is_the_only_error(project: Project) -> None:
    project.pulumi("config", "set", "--secret", "token", "hidden-token")
    program = (
        "from things import Thing\nfor name in ('refused', 'b', 'c'):\n    Thing(name, {'name': name})\n"
    )
    project.write("__main__.py", program)
    output = project.pulumi("up", "--yes", "--skip-preview", expect=None)
    assert "the service says no" in output
    assert "KeyboardInterrupt" not in output
    assert "hidden-token" not in output


@pytest.mark.lab
def test_a_policy_pack_sees_the_stack_and_stops_it(project: Project) -> None:
    pytest.importorskip("pulumi_policy")
    project.pulumi("config", "set", "--secret", "token", "hidden-token")
    project.write("__main__.py", "from things import Thing\nThing('one', {'name': 'one'})\n")
    project.write("pack/__main__.py", POLICY)
    project.runtime("pack/PulumiPolicy.yaml")
    output = project.pulumi("preview", "--policy-pack", "pack", expect=None)
    assert "stack trial may not have one" in output
    assert "preview failed" in output


@pytest.mark.lab
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("toolchain", "conda", 'runtime option "toolchain" is "conda"; it must be pip, poetry or uv'),
        ("typechecker", "mypy", "this language host runs no type checker"),
        ("virtualenv", "pack", "doesn't appear to be a virtual environment"),
    ],
)
def test_unfit_runtime_options(project: Project, option: str, value: str, message: str) -> None:
    project.write("pack/file", "")
    project.runtime(**{option: value})
    assert message in project.pulumi("preview", expect=None)


@pytest.mark.lab
def test_a_python_outside_of_a_virtual_environment_is_refused(project: Project) -> None:
    project.environment["PULUMI_PYTHON_CMD"] = str(Path(sys.base_prefix) / "bin" / "python3")
    runtime = {"name": "python", "options": {"toolchain": "pip"}}
    project.write("Pulumi.yaml", json.dumps({"name": "trial", "runtime": runtime}))
    assert "is not the Python of a virtual environment" in project.pulumi("preview", expect=None)


@pytest.mark.lab
def test_plugins_are_found_by_their_packages(project: Project, tmp_path: Path) -> None:
    """The version is the plugin's if it has one, else the package's."""
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    (environment / "pyvenv.cfg").write_text("version = 3.11.0\n")
    packages = environment / "lib" / "python3.11" / "site-packages"
    for name in ("pulumi_tls-1.0.0", "Pulumi.Old-1.0.0", "pulumi_policy-1.21.0", "requests-2.0"):
        (packages / f"{name}.dist-info").mkdir(parents=True)
    (packages / "pulumi_tls").mkdir()
    described = {"resource": True, "name": "tls", "version": "5.6.2"}
    record = packages / "pulumi_tls" / "pulumi-plugin.json"
    record.write_text(json.dumps(described))
    project.runtime(virtualenv=str(environment))
    output = project.pulumi("preview", "--logtostderr", "-v=7", expect=None)
    for text in ("#versions=2", "plugin tls 5.6.2 not installed", "plugin old 1.0.0 not installed"):
        assert text in output, output
    record.write_text("{")
    assert f"reading {record}: unexpected end of JSON input" in project.pulumi("preview", expect=None)
