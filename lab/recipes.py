"""Tools that the lab builds from Go modules, and their build settings.

Each module pins its tools in its own ``go.mod``, the only place where a version is written. The modules of
``lab/go.work`` are built with the newest version of a dependency that any of them has: it is compiled once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.layout import REPO

_WORKSPACE = REPO / "lab" / "go.work"
_KUBERNETES_VERSION = [
    "k8s.io/component-base/version.gitVersion={version}",
    "k8s.io/component-base/version.gitMajor={major}",
    "k8s.io/component-base/version.gitMinor={minor}",
]
_VERSION_VARIABLES = {
    "pulumi": ["github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"],
    "language-python": ["main.version={version}"],
    "kubernetes": _KUBERNETES_VERSION,
    "kubectl": _KUBERNETES_VERSION,
    "helm": ["helm.sh/helm/v3/internal/version.version={version}"],
    "helm2": ["k8s.io/helm/pkg/version.Version={version}", "k8s.io/helm/pkg/version.BuildMetadata="],
}


@dataclass(frozen=True)
class Borrowed:
    """A file, or the files of a directory, of a downloaded module that a build puts into its own module."""

    module: str
    """Module path; ``go.mod`` names its version, and ``borrowed.sum`` its checksum."""
    source: str
    """Glob pattern in that module."""
    target: str
    """Directory in the module that is built."""


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
    directory: Path | None = None
    """The module's directory; ``lab/tools/<name>`` by default."""
    borrowed: tuple[Borrowed, ...] = ()
    """Files that the build takes from other modules; the repository holds no upstream code."""
    kind: Literal["command", "plugin", "on demand"] = "command"
    """What it makes: commands of every lab, resource plugins, or commands that are built when first used."""
    purpose: str = ""
    """What needs it, for people."""
    cost: tuple[int, int] = (10, 10)
    """CPU time in seconds when all are built from nothing, and size of the result in MB, measured."""

    @property
    def module(self) -> Path:
        """The directory of the module."""
        return self.directory or REPO / "lab" / "tools" / self.name

    @property
    def commands(self) -> tuple[str, ...]:
        """Names of the commands."""
        return (self.binary,) if self.binary else tuple(name.rpartition("/")[2] for name in self.packages)

    @property
    def workspace(self) -> Path | None:
        """The workspace of the modules that share the versions, and so the build, of their dependencies."""
        return _WORKSPACE if self.module in _workspace_modules() else None

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
            version = self.version(self.release).removesuffix("+incompatible")
            major, minor = version.removeprefix("v").split(".")[:2]
            for variable in variables:
                flags += ["-X", variable.format(version=version, major=major, minor=minor)]
        return " ".join(flags)

    def version(self, module: str) -> str:
        """Returns the version of a module that ``go.mod`` requires.

        Raises:
            ValueError: It requires no such module.
        """
        return self._find(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", module)

    def digest(self, go: str) -> str:
        """Returns the cache key of the result; it changes with the sources, the settings and the compiler."""
        content = hashlib.sha256(repr((go, self.packages, self.binary, self.scripts)).encode())
        content.update(self.linker_flags.encode())
        if self.borrowed:
            content.update(repr(self.borrowed).encode())
        if self.workspace:
            others = [module / "go.mod" for module in _workspace_modules()]
            for file in (_WORKSPACE, _WORKSPACE.with_name("go.work.sum"), *others):
                content.update(file.read_bytes())
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


def _workspace_modules() -> list[Path]:
    paths = re.findall(r"^\t(\./\S+)$", _WORKSPACE.read_text(), re.MULTILINE)
    return [_WORKSPACE.parent / path for path in paths]


_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_SDK = "github.com/pulumi/pulumi-kubernetes/sdk/v4"

ENGINE = Recipe(
    "pulumi",
    ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
    "github.com/pulumi/pulumi/pkg/v3",
    purpose="Pulumi's engine",
    cost=(235, 92),
)
LANGUAGE_HOST = Recipe(
    "language-python",
    (".",),
    "github.com/pulumi/pulumi/sdk/v3",
    binary="pulumi-language-python",
    scripts=("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
    purpose="runs Python programs for the engine",
    cost=(3, 23),
)
STAND_INS = Recipe(
    "plugins",
    ("./cmd/...",),
    directory=REPO / "lab" / "plugins",
    kind="plugin",
    purpose="stand-ins for the plugins command, tls and vsphere",
    cost=(45, 94),
)
# The Go SDK has a type for each kind of each API version, 13 CPU minutes, of which the plugin needs none: the
# package that lists them is replaced by a few lines (yaml/v2 in the module's own directory).
KUBERNETES_PLUGIN = Recipe(
    "pulumi-kubernetes",
    (".",),
    binary="pulumi-resource-kubernetes",
    borrowed=(
        Borrowed(_PROVIDER, "cmd/pulumi-resource-kubernetes/*.json", "."),
        Borrowed(_SDK, "go.mod", "sdk"),
        Borrowed(_SDK, "go/kubernetes/*.go", "sdk/go/kubernetes"),
        Borrowed(_SDK, "go/kubernetes/utilities/*.go", "sdk/go/kubernetes/utilities"),
        Borrowed(_SDK, "go/kubernetes/helm/v4/*.go", "sdk/go/kubernetes/helm/v4"),
    ),
    kind="plugin",
    purpose="Pulumi's Kubernetes plugin, with Helm 3",
    cost=(280, 86),
)
KUBECTL = Recipe(
    "kubectl",
    ("k8s.io/kubernetes/cmd/kubectl",),
    "k8s.io/kubernetes",
    directory=REPO / "lab" / "tools" / "kubernetes",
    kind="on demand",
    purpose="the command kubectl, for use by hand",
    cost=(60, 57),
)
HELM = Recipe(
    "helm",
    ("helm.sh/helm/v3/cmd/helm",),
    "helm.sh/helm/v3",
    kind="on demand",
    purpose="the command helm, for use by hand",
    cost=(190, 59),
)
HELM2 = Recipe(
    "helm2",
    ("k8s.io/helm/cmd/helm", "k8s.io/helm/cmd/tiller"),
    "k8s.io/helm",
    kind="on demand",
    purpose="Helm v2 and Tiller, for a lab with --helm v2",
    cost=(97, 71),
)
CERTJUDGE = Recipe(
    "certjudge",
    (".",),
    binary="certjudge",
    directory=REPO / "bench" / "certjudge",
    kind="on demand",
    purpose="tests: certificates as Go sees them",
)
VCSIM = Recipe("vcsim", (".",), binary="vcsim", purpose="vCenter's simulator", cost=(62, 24))
# Two are built at a time, in this order: the longest first. Tools that share packages with another (KWOK and
# etcd with Kubernetes, the language host and the stand-ins with the engine) follow it.
RECIPES = (
    Recipe(
        "kubernetes",
        tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES),
        "k8s.io/kubernetes",
        purpose="control planes of the clusters",
        cost=(520, 251),
    ),
    ENGINE,
    KUBERNETES_PLUGIN,
    Recipe(
        "kwok", ("sigs.k8s.io/kwok/cmd/kwok",), "sigs.k8s.io/kwok", purpose="nodes and pods", cost=(22, 58)
    ),
    Recipe(
        "etcd",
        ("go.etcd.io/etcd/server/v3",),
        "go.etcd.io/etcd/server/v3",
        binary="etcd",
        purpose="storage of the API",
        cost=(22, 26),
    ),
    LANGUAGE_HOST,
    STAND_INS,
    VCSIM,
)
ON_DEMAND = (KUBECTL, HELM, HELM2, CERTJUDGE)
"""Built when they are first used."""
