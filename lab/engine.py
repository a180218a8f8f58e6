"""The real Pulumi engine running against a lab: its environment, its stack, its commands."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import interrupt, process, tool
from lab.layout import DEFAULT_NET, REPO, Lab
from lab.present import installed_plugin

STACK = "lab"
PREFIX = "rancher-on-pks:"
"""Prefix of the program's keys in a config file."""
PASSPHRASE = "lab"  # noqa: S105 - protects only the lab's disposable state


@dataclass(frozen=True)
class Tools:
    """Directories of the built tools: commands in ``bin``, resource plugins in ``plugins``."""

    bin: Path
    plugins: Path


def search_path(lab: Lab, tools: Path) -> str:
    """Returns PATH: the lab's commands, the built ones in ``tools``, and those of this environment."""
    path = [str(lab.home / "bin"), str(tools), str(Path(sys.executable).parent)]
    path += [part for part in os.environ.get("PATH", "").split(os.pathsep) if part not in path]
    return os.pathsep.join(path)


def environment(lab: Lab, tools: Tools) -> dict[str, str]:
    """Returns the variables that point ``pulumi``, ``pks``, ``bosh``, ``helm``, ``kubectl`` at this lab."""
    credentials = json.loads(lab.credentials.read_text())
    return {
        **lab.environment,
        "PATH": search_path(lab, tools.bin),
        "PULUMI_HOME": str(lab.home / "pulumi"),
        # Without .attrs files, which are not written atomically: an empty one, left by a killed engine, makes
        # the whole state unreadable ("failed to load checkpoint: EOF").
        "PULUMI_BACKEND_URL": f"file://{lab.home / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The Kubernetes plugin of the lab is older than the provider's option enablePatchForce (docs/lab.md).
        "PULUMI_K8S_ENABLE_PATCH_FORCE": "true",
        "PKS_API": lab.pks_host,
        "PKS_USERNAME": credentials["pks"]["username"],
        "PKS_PASSWORD": credentials["pks"]["password"],
        "PKS_CA_CERT": str(lab.ca_certificate),
        "NSXT_USERNAME": credentials["nsx"]["username"],
        "NSXT_PASSWORD": credentials["nsx"]["password"],
        "VSPHERE_SERVER": lab.vcenter,
        "VSPHERE_USER": credentials["vcenter"]["username"],
        "VSPHERE_PASSWORD": credentials["vcenter"]["password"],
        # The vSphere plugin has no option for a CA; Go trusts every certificate in these directories.
        "SSL_CERT_DIR": f"/etc/ssl/certs{os.pathsep}{lab.ca_certificate.parent}",
        "DNS_TSIG_NAME": credentials["dns"]["key"],
        "DNS_TSIG_SECRET": credentials["dns"]["secret"],
        "BOSH_ENVIRONMENT": lab.bosh_host,
        "BOSH_CLIENT": credentials["bosh"]["client"],
        "BOSH_CLIENT_SECRET": credentials["bosh"]["client_secret"],
        "BOSH_CA_CERT": str(lab.ca_certificate),
        "KUBECONFIG": str(lab.home / "kubeconfig"),
        "PKS_HOME": str(lab.home / "pks"),
        **{
            f"HELM_{kind}_HOME": str(lab.home / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")
        },
    }


@dataclass(frozen=True)
class Engine:
    """Runs ``pulumi`` on one stack of a program in the checkout."""

    lab: Lab
    tools: Tools
    stack: str = STACK
    project: Path = REPO
    """Directory of the program: the checkout, or its ``fleet`` directory, whose config belongs to the lab."""

    @property
    def config_file(self) -> Path:
        """``Pulumi.<stack>.yaml``, or the lab's own copy if its directory, network or options differ."""
        if self.project != REPO:
            return self.lab.path(self.project.name, "project", f"Pulumi.{self.stack}.yaml")
        original = REPO / f"Pulumi.{self.stack}.yaml"
        own = self.lab.home / original.name
        if own.exists() or self.lab != Lab(REPO / ".lab", DEFAULT_NET):
            return self.own_config()
        return original

    def own_config(self) -> Path:
        """Returns the lab's copy of the config file and creates it if necessary."""
        original = REPO / f"Pulumi.{self.stack}.yaml"
        copy = self.lab.path(original.name)
        if not copy.exists():
            text = original.read_text().replace(f"127.{DEFAULT_NET}.", f"127.{self.lab.net}.")
            copy.write_text(text.replace(" .lab/", f" {self.lab.home}/"))
        return copy

    def configure(self, settings: Mapping[str, str | None]) -> None:
        """Sets keys of the program in the lab's copy of the config file; None removes one."""
        document = yaml.safe_load(self.config_file.read_text())
        config = {**document["config"], **{f"{PREFIX}{key}": value for key, value in settings.items()}}
        document["config"] = {key: value for key, value in config.items() if value is not None}
        self.own_config().write_text(yaml.safe_dump(document, sort_keys=False))

    def command(self, *arguments: str) -> list[str]:
        """Returns the full command line of a ``pulumi`` command on the stack."""
        config = self.config_file
        named = [] if config.parent == self.project else ["--config-file", str(config)]
        return ["pulumi", *arguments, "--stack", self.stack, *(named if _takes_config(arguments) else [])]

    def run(
        self,
        *arguments: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on the stack and captures its output (stderr merged into stdout).

        Raises:
            subprocess.CalledProcessError: The command failed and ``check`` is set.
        """
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.project,
            env=self.process_environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            error = subprocess.CalledProcessError(done.returncode, done.args, done.stdout)
            error.add_note(done.stdout)
            raise error
        return done

    def stream(self, *arguments: str) -> int:
        """Runs a command on the stack with the terminal attached; returns its exit code.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, and the command has ended. The first Ctrl-C lets running
                operations finish, the second aborts them.
        """

        # A separate process group: otherwise Ctrl-C reaches the engine twice, which aborts it.
        def start() -> subprocess.Popen[bytes]:
            command, environment = self.command(*arguments), self.process_environment()
            return subprocess.Popen(command, cwd=self.project, env=environment, process_group=0)

        note = "Stopping after the running operations; press Ctrl-C again to stop at once."
        try:
            return interrupt.wait(start, note)
        except KeyboardInterrupt:
            process.stop(self.lab, "pulumi")
            raise

    def json(self, *arguments: str) -> object:
        """Runs a command on the stack and parses the JSON on its standard output."""
        output = subprocess.check_output(
            self.command(*arguments), cwd=self.project, env=self.process_environment()
        )
        return json.loads(output)

    def ensure_stack(self) -> None:
        """Creates the stack if necessary, and breaks a lock left by a killed run."""
        (self.lab.home / "state").mkdir(parents=True, exist_ok=True)
        name = yaml.safe_load((self.project / "Pulumi.yaml").read_text())["name"]
        if not (self.lab.home / "state/.pulumi/stacks" / name / f"{self.stack}.json").exists():
            self._initialise()
        locks = self.lab.home / "state/.pulumi/locks"
        if any(locks.rglob("*.json")) and not process.running(self.lab, "pulumi"):
            self.run("cancel", "--yes")

    def _initialise(self) -> None:
        """Runs `stack init` in a copy, because it writes the stack file next to Pulumi.yaml."""
        project = self.lab.path("project", "Pulumi.yaml")
        if self.project != REPO:
            project = self.config_file.with_name("Pulumi.yaml")
        shutil.copy(self.project / "Pulumi.yaml", project)
        config = project.with_name(f"Pulumi.{self.stack}.yaml")
        if config != self.config_file:
            shutil.copy(self.config_file, config)
        self.run("stack", "init", cwd=project.parent)

    def install_plugins(self) -> None:
        """Installs a resource plugin for each SDK into the lab's Pulumi home: the user's, else the built one.

        A plugin on PATH is skipped, because the engine prefers it.
        """
        for name in ("kubernetes", "command", "tls", "vsphere"):
            command = f"pulumi-resource-{name}"
            users = installed_plugin(name)
            link = self.lab.path("pulumi", "plugins", users.parent.name, command)
            built = self.tools.plugins / command
            # In a shell of the lab the user's Pulumi home is the lab's: its link leads to the user's plugin.
            own = built if built.exists() else link.resolve()
            plugin = users if users.exists() and users != link else own
            link.unlink(missing_ok=True)
            if plugin.exists():
                link.symlink_to(plugin)
        # A file in the place of the directory: the engine would write an encrypted log of each run, in 0.3 s.
        self.lab.path("pulumi", "logs").touch()
        # So that `lab down` also finds what `pulumi` leaves when it is run, and killed, by hand.
        (self.lab.home / "bin" / "pulumi").unlink(missing_ok=True)
        path = environment(self.lab, self.tools)["PATH"]
        if engine := shutil.which("pulumi", path=path):
            tool.wrap(self.lab, "pulumi", [engine], {})

    def outputs(self, *, show_secrets: bool = True) -> dict[str, object]:
        """Returns the stack's outputs; empty before the first ``up``."""
        outputs = self.json("stack", "output", "--json", *(["--show-secrets"] if show_secrets else []))
        assert isinstance(outputs, dict)  # noqa: S101 - documented shape
        return outputs

    def process_environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Returns the complete environment of a ``pulumi`` process of this lab, with ``extra`` added."""
        mark = {process.MARK: f"{self.lab.home}:pulumi"}
        return {**os.environ, **environment(self.lab, self.tools), **mark, **(extra or {})}


def drill_command(engine: Engine) -> list[str]:
    """Returns the command of ``python -m drill`` that can fail an ESXi host; options may be appended."""
    esxi = f"{shlex.quote(sys.executable)} -m lab.foundation.esxi"
    return [
        *(sys.executable, "-m", "drill", "--yes", "--stack", engine.stack),
        *("--host-down-command", f"{esxi} lose {{host}}", "--host-up-command", f"{esxi} return {{host}}"),
        *("--note", str(engine.lab.home / "drill.json")),
    ]


def _takes_config(arguments: Sequence[str]) -> bool:
    return arguments[0] in {"preview", "up", "refresh", "destroy", "config"}


def shell_exports(variables: Mapping[str, str]) -> Iterator[str]:
    """Yields ``export NAME=value`` lines for a POSIX shell."""
    for name, value in variables.items():
        yield f"export {name}={shlex.quote(value)}"
