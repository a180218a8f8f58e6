"""The ESXi hosts of the lab: ``python -m lab.foundation.esxi [lose|return HOST]``; alone it shows them.

A lost host does not answer. Its VMs are down until HA starts them on others, or the host is back.
"""

# mypy: disable-error-code="no-untyped-call"
# (pyVmomi makes its classes when they are used)
from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from pyVmomi import vim

from lab.foundation import vcenter
from lab.layout import Lab


@dataclass(frozen=True)
class Host:
    """A host, whether it answers, and the names of the VMs on it."""

    name: str
    connected: bool
    machines: tuple[str, ...]


def hosts(lab: Lab) -> list[Host]:
    """All hosts, by name.

    Raises:
        OSError: vCenter does not answer.
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
    """Have a host fail, or come back; nothing when it has.

    Raises:
        VCenterError: There is no such host.
        OSError: vCenter does not answer.
    """
    with vcenter.session(lab) as content:
        for host in vcenter.objects(content, vim.HostSystem):
            if str(host.name) == name:
                if (host.runtime.connectionState == "connected") == connected:
                    return
                vcenter.done(host.ReconnectHost_Task() if connected else host.DisconnectHost_Task())
                return
    raise vcenter.VCenterError(f"there is no host {name}")


def main() -> int:
    """Run the command of ``sys.argv``; returns the exit code."""
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
    sys.exit(main())
