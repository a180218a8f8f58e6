"""The slow tier: the real engine in a lab, killed at a step of its event stream; then the documented way on.

Each schedule kills the engine, a plugin, the dynamic providers' process or a tool that they run, at the n-th
event of an operation; ``pulumi cancel``, and ``up`` or ``destroy``, must lead to what was wanted.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab import bringup, process
from lab.engine import Engine
from lab.layout import Lab
from tests.lab.conftest import Site, addresses, commands, free_net
from tests.lab.rules import rules

OPERATIONS = ("up", "workers", "ttl", "chart", "refresh", "destroy")
"""What is cut off. ``workers``, ``ttl`` and ``chart`` are updates of a PKS, a DNS and a Helm resource."""
VICTIMS = ("engine", "plugin", "providers", "child")
_CHANGES: dict[str, dict[str, object]] = {
    "workers": {"workers": 4},
    "ttl": {"dnsTtl": 120},
    "chart": {"ingressValues": {"controller": {"extraArgs": {"v": 3}}}},
}
_MOST_STEPS = 60
_PROVIDERS = "pulumi-resource-pulumi-python"
_OURS = (_PROVIDERS, "provider_host", "lab.cli")
_END_SECONDS = 10.0


@dataclass(frozen=True)
class Kill:
    """An operation that is cut off.

    Attributes:
        operation: One of ``OPERATIONS``.
        victim: One of ``VICTIMS``.
        step: The event at which it is killed.
    """

    operation: str
    victim: str
    step: int

    @classmethod
    def drawn(cls, seed: int) -> Kill:
        """The kill of a seed; consecutive seeds go through operations and victims."""
        draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
        operation = OPERATIONS[seed % len(OPERATIONS)]
        return cls(operation, draw.choice(VICTIMS), draw.randint(1, _MOST_STEPS))


@contextmanager
def site() -> Iterator[Site]:
    """A lab of its own; its private files are in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="rancher-on-pks-faults-") as folder:
        temporary = Path(folder, "tmp")
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        lab = Lab(Path(folder, "lab"), free_net())
        try:
            yield Site(lab, bringup.up(lab))
        finally:
            bringup.down(lab)


def run(site: Site, stack: str, kill: Kill) -> tuple[bool, list[str]]:
    """Run a schedule with a stack of its own; whether something was killed, and what is wrong."""
    engine, before = site.beside(stack), len(site.calls())
    if kill.operation != "up":
        engine.run("up", "--yes", "--skip-preview")
    if kill.operation in _CHANGES:
        site.configure(engine, **_CHANGES[kill.operation])
    command = kill.operation if kill.operation in {"refresh", "destroy"} else "up"
    killed, wrong = _cut_off(site.lab, engine, command, kill)
    engine.ensure_stack()  # `pulumi cancel`
    way_on = "destroy" if command == "destroy" else "up"
    wrong += _operation(engine, way_on)
    if way_on == "up":
        for arguments in (("preview", "--expect-no-changes"), ("refresh", "--yes", "--expect-no-changes")):
            done = engine.run(*arguments, check=False)
            wrong += [f"{arguments[0]} has changes: {done.stdout[-1500:]}"] if done.returncode else []
        wrong += _operation(engine, "destroy")
    orders = commands(site.calls()[before:])
    wrong += [
        f"{orders.count(order)} times {order}"
        for order in ("create-cluster", "create-network-profile")
        if orders.count(order) > 1
    ]
    return killed, wrong + list(_left(site, stack))


def _operation(engine: Engine, operation: str) -> list[str]:
    done = engine.run(operation, "--yes", "--skip-preview", check=False)
    return [f"{operation} needs hands: {done.stdout[-1500:]}"] if done.returncode else []


def _cut_off(lab: Lab, engine: Engine, command: str, kill: Kill) -> tuple[bool, list[str]]:
    """Run the operation until the event; whether its victim was killed, and processes that outlive it."""
    log = lab.path("events", f"{engine.stack}.jsonl")
    log.unlink(missing_ok=True)
    with lab.path("log", f"killed-{engine.stack}.log").open("wb") as output:
        running = subprocess.Popen(
            engine.command(command, "--yes", "--skip-preview", "--event-log", str(log)),
            cwd=engine.project,
            env={**engine.process_environment(), "PULUMI_DEBUG_COMMANDS": "true"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while running.poll() is None and _events(log) < kill.step:
            time.sleep(0.05)
        victim = _victim(running.pid, kill.victim) if running.poll() is None else None
        family = _family(running.pid)
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        running.wait()
    outlive = _outliving(family) if victim == running.pid else []
    process.stop(lab, "pulumi", force=True)
    return victim is not None, outlive


def _events(log: Path) -> int:
    with suppress(OSError):
        return sum(b'"resourcePreEvent"' in line or b'"resOutputsEvent"' in line for line in log.open("rb"))
    return 0


def _victim(engine: int, kind: str) -> int | None:
    """The process to kill; the engine itself when there is none of that kind now."""
    names = {pid: _command_line(pid) for pid in _family(engine) if pid != engine}
    providers = [pid for pid, line in names.items() if _PROVIDERS in line or "provider_host" in line]
    found = {
        "engine": [],
        "plugin": [pid for pid, line in names.items() if "pulumi-resource-" in line and pid not in providers],
        "providers": providers[-1:],
        "child": [pid for pid, line in names.items() if "lab.cli" in line or "helm" in line.split(" ")[0]],
    }[kind]
    return found[0] if found else engine


def _outliving(family: list[int]) -> list[str]:
    """Processes of this project that still run a while after the engine was killed.

    Those of Pulumi, language host and plugins, look for it every few minutes (``rpcutil.Healthcheck``).
    """
    family = [pid for pid in family if any(name in _command_line(pid) for name in _OURS)]
    deadline = time.monotonic() + _END_SECONDS
    while (left := [pid for pid in family if _command_line(pid)]) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [f"a process outlives the engine: {_command_line(pid)[:120]}" for pid in left]


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = entry.joinpath("stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def _left(site: Site, stack: str) -> Iterator[str]:
    """What a destroyed stack has left, in any system."""
    state = json.loads(site.lab.path("foundation", "state.json").read_text())
    if f'"{stack}"' in json.dumps(state["clusters"]):
        yield "destroy leaves the cluster"
    if f"lb-{stack}" in state["network_profiles"]:
        yield "destroy leaves the network profile"
    if found := addresses(site, f"{stack}.lab.test"):
        yield f"destroy leaves the DNS record {found}"
    if found := [name for name in rules(site.lab) if stack in name]:
        yield f"destroy leaves the rules {found}"
    if found := [path.name for path in Path(os.environ["TMPDIR"]).glob(".rancher-on-pks-private-*")]:
        yield f"private files are left: {found}"
