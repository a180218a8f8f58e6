"""``HelmTask``: what the stack's commands pass to ``components.helm.v2.actions``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from domain.helm_v2 import Storage

VARIABLE = "HELM2_TASK"
"""Environment variable with the task as JSON."""

TillerMode = Literal["cluster", "local"]
"""``cluster``: a pod in kube-system. ``local``: a process on this machine, for the duration of a command."""

_NOT_CONTENT = {"helm", "tiller", "mode", "image", "ca_file", "username", "timeout_minutes"}


@dataclass(frozen=True, kw_only=True)
class HelmTask:
    """Tiller, and the release to change. The fields are shown at preview.

    Attributes:
        helm: Helm's CLI, a command or path.
        tiller: Tiller's binary, a command or path.
        mode: Where Tiller runs.
        image: Tiller's image; empty: the CLI's default.
        release: Name of the release.
        namespace: Its namespace.
        chart: Name in the repository, or path.
        version: Version of the chart.
        repository: URL; empty for a chart on this machine.
        ca_file: PEM file with the CAs of the repository.
        username: User name for the repository.
        values: Values of the chart.
        timeout_minutes: Deadline.
    """

    helm: str
    tiller: str
    mode: TillerMode
    image: str = ""
    release: str = ""
    namespace: str = ""
    chart: str = ""
    version: str = ""
    repository: str = ""
    ca_file: str = ""
    username: str = ""
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout_minutes: float = 10

    @property
    def storage(self) -> Storage:
        """Where this Tiller stores releases: one from ``helm init`` uses ConfigMaps."""
        return "configmaps" if self.mode == "cluster" else "secrets"

    @property
    def call_seconds(self) -> float:
        """Deadline of each call of Helm: that of the release, but at least a minute for slow machines."""
        return max(self.timeout_minutes * 60, 60)

    @property
    def digest(self) -> str:
        """Digest of the release's content: with the same digest there is nothing to change."""
        content = {name: value for name, value in asdict(self).items() if name not in _NOT_CONTENT}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TaskCredentials:
    """What must not be shown; JSON on standard input.

    Attributes:
        kubeconfig: Kubeconfig.
        password: Password for the repository.
    """

    kubeconfig: str = field(repr=False)
    password: str = field(default="", repr=False)
