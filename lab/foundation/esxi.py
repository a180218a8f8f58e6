"""ESXi hosts of the lab: ``python -m lab.foundation.esxi [lose|return HOST]``; without arguments, lists them.

A lost host does not respond. Its VMs are down until HA restarts them on other hosts or the host returns.
"""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi creates its classes lazily)
from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from pyVmomi import vim

import console
from lab.foundation import vcenter
from lab.layout import Lab


@dataclass(frozen=True)
class Host:
    """A host, whether it responds, and the names of its VMs."""

    name: str
    connected: bool
    machines: tuple[str, ...]


def hosts(lab: Lab) -> list[Host]:
    """Returns all hosts, sorted by name.

    Raises:
        OSError: vCenter does not respond.
    """
    with vcenter.session(lab) as content:
        found = [
            Host(
                str(host.name),
                host.runtime.connectionState == "connected",
                tuple(sorted(str(vm.name) for vm in host.vm)),
            )
            for host in vcenter.objects(content, vim.HostSystem)
        ]
    return sorted(found, key=lambda host: host.name)


def connect(lab: Lab, name: str, *, connected: bool) -> None:
    """Makes a host fail or return; does nothing if it already has.

    Raises:
        VCenterError: The host does not exist.
        OSError: vCenter does not respond.
    """
    with vcenter.session(lab) as content:
        for host in vcenter.objects(content, vim.HostSystem):
            if str(host.name) == name:
                if (host.runtime.connectionState == "connected") == connected:
                    return
                vcenter.done(host.ReconnectHost_Task() if connected else host.DisconnectHost_Task())
                return
    raise vcenter.VCenterError(f"host {name} does not exist")


def main() -> int:
    """Runs the command of ``sys.argv`` and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.foundation.esxi")
    parser.add_argument("action", nargs="?", choices=["show", "lose", "return"], default="show")
    parser.add_argument("host", nargs="?", default="")
    arguments = parser.parse_args()
    lab = Lab.from_environment()
    try:
        if arguments.action != "show":
            connect(lab, arguments.host, connected=arguments.action == "return")
        for host in hosts(lab):
            print(f"{host.name}  {'connected' if host.connected else 'lost':9}  {' '.join(host.machines)}")
    except (vcenter.VCenterError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    console.run(main)
