"""Tools that the lab builds from Go modules, and their build settings.

Each module pins its tools in its own ``go.mod``, the only place where a version is written.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from lab.layout import REPO

_VERSION_VARIABLES = {
    "pulumi": ["github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"],
    "language-python": ["main.version={version}"],
    "kubernetes": [
        "k8s.io/component-base/version.gitVersion={version}",
        "k8s.io/component-base/version.gitMajor={major}",
        "k8s.io/component-base/version.gitMinor={minor}",
    ],
    "helm": ["helm.sh/helm/v3/internal/version.version={version}"],
}


@dataclass(frozen=True)
class Recipe:
    """One Go module of the lab and the commands built from it."""

    name: str
    packages: tuple[str, ...]
    """Go packages of the commands."""
    release: str = ""
    """Module whose version the commands report as their own."""
    binary: str = ""
    """Name of the command if it differs from its package; only for a single package."""
    scripts: tuple[str, ...] = ()
    """Files of the release module to install next to the command."""
    seconds: int = 20
    """Time of a build from nothing, with nothing beside it, on two cores; only to say how much is left."""
    directory: Path | None = None
    """The module's directory; ``lab/tools/<name>`` by default."""

    @property
    def module(self) -> Path:
        """The directory of the module."""
        return self.directory or REPO / "lab" / "tools" / self.name

    @property
    def go_version(self) -> str:
        """Minimum Go version that builds the module.

        Raises:
            ValueError: ``go.mod`` has no ``go`` line.
        """
        return self._find(r"^go (\S+)$", "go line")

    @property
    def linker_flags(self) -> str:
        """Argument of ``-ldflags``: no debug information, and the version to report."""
        flags = ["-s", "-w"]
        if variables := _VERSION_VARIABLES.get(self.name):
            version = self._find(rf"^\s*(?:require )?{re.escape(self.release)} (v\S+)", self.release)
            major, minor = version.removeprefix("v").split(".")[:2]
            for variable in variables:
                flags += ["-X", variable.format(version=version, major=major, minor=minor)]
        return " ".join(flags)

    def digest(self, go: str) -> str:
        """Returns the cache key of the result; it changes with the sources, the settings and the compiler."""
        content = hashlib.sha256(repr((go, self.packages, self.binary, self.scripts)).encode())
        content.update(self.linker_flags.encode())
        for file in sorted(path for path in self.module.rglob("*") if path.is_file()):
            if not file.name.endswith("_test.go"):
                content.update(f"{file.relative_to(self.module)}\0".encode())
                content.update(file.read_bytes())
        return content.hexdigest()[:16]

    def _find(self, pattern: str, what: str) -> str:
        found = re.search(pattern, (self.module / "go.mod").read_text(), re.MULTILINE)
        if not found:
            raise ValueError(f"{self.module / 'go.mod'} has no {what}")
        return found[1]


ENGINE = Recipe(
    "pulumi",
    ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
    "github.com/pulumi/pulumi/pkg/v3",
    seconds=217,
)
LANGUAGE_HOST = Recipe(
    "language-python",
    (".",),
    "github.com/pulumi/pulumi/sdk/v3",
    binary="pulumi-language-python",
    scripts=("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
)
PLUGINS = Recipe("plugins", ("./cmd/...",), directory=REPO / "lab" / "plugins")
CERTJUDGE = Recipe("certjudge", (".",), binary="certjudge")
_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
# Two are built at a time, in this order: the longest first. Tools that share packages with another (the
# language host with the engine, the plugins with helm) follow it.
RECIPES = (
    Recipe(
        "kubernetes",
        tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES),
        "k8s.io/kubernetes",
        seconds=279,
    ),
    ENGINE,
    Recipe("helm", ("helm.sh/helm/v3/cmd/helm",), "helm.sh/helm/v3", seconds=67),
    Recipe("kwok", ("sigs.k8s.io/kwok/cmd/kwok",), seconds=69),
    Recipe("etcd", ("go.etcd.io/etcd/server/v3",), binary="etcd", seconds=55),
    LANGUAGE_HOST,
    PLUGINS,
    Recipe("vcsim", (".",), binary="vcsim"),
    CERTJUDGE,
)
