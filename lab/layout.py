"""Files of a lab and loopback addresses of its parts.

A lab has one directory (``LAB_HOME``, default ``.lab`` in the checkout) and one loopback /16
(``127.N.0.0/16``, ``LAB_NET`` sets N, default 77), so several labs run side by side and every simulator uses
the port of the real product unless that port is privileged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
DEFAULT_NET = 77


class _Host:
    """Address ``127.N.0.x`` of a part of the lab, in a text that contains it."""

    def __init__(self, number: int, text: str = "{}") -> None:
        self._number, self._text = number, text

    def __get__(self, lab: Lab, owner: type[Lab]) -> str:
        return self._text.format(lab.address(0, self._number))


class _File:
    """File in the lab's directory."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def __get__(self, lab: Lab, owner: type[Lab]) -> Path:
        return lab.path(*self._parts)


@dataclass(frozen=True)
class Lab:
    """Directory and network of one lab. Everything else is derived."""

    home: Path
    net: int = DEFAULT_NET

    @classmethod
    def from_environment(cls) -> Lab:
        """Returns the lab that ``LAB_HOME`` and ``LAB_NET`` select.

        Raises:
            ValueError: ``LAB_NET`` is not an octet between 2 and 250.
        """
        home = Path(os.environ.get("LAB_HOME", REPO / ".lab")).resolve()
        text = os.environ.get("LAB_NET", str(DEFAULT_NET))
        if not text.isdigit() or not 2 <= int(text) <= 250:
            raise ValueError(f"LAB_NET is {text!r}; it must be a number from 2 to 250")
        return cls(home, int(text))

    def use_tools(self, directory: str = "") -> None:
        """Puts a directory with tools that need no build first on PATH, here and in each later call."""
        file = self.home / "tools"
        if directory:
            self.path("tools").write_text(str(Path(directory).resolve()))
        if file.exists():
            os.environ["PATH"] = os.pathsep.join((file.read_text(), os.environ.get("PATH", "")))

    @property
    def environment(self) -> dict[str, str]:
        """Variables that select this lab in a child process."""
        return {"LAB_HOME": str(self.home), "LAB_NET": str(self.net)}

    def path(self, *parts: str) -> Path:
        """Returns a path inside the lab's directory and creates its parent directory."""
        path = self.home.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def address(self, third: int, fourth: int) -> str:
        """Returns the loopback address ``127.N.third.fourth``."""
        return f"127.{self.net}.{third}.{fourth}"

    def control_plane(self, slot: int) -> str:
        """Returns the address of etcd, the controllers, KWOK and Rancher of cluster number ``slot``."""
        return self.address(1, slot)

    # --- addresses of the simulated foundation -----------------------------------------------
    pks_host = _Host(2)
    """PKS API (port 9021) and UAA (port 8443)."""
    bosh_host = _Host(3)
    """BOSH Director (port 25555)."""
    vcenter = _Host(4, "{}:8989")
    """vCenter simulator, host:port (443 is privileged, so 8989)."""
    nsx_manager = _Host(5, "{}:8443")
    """NSX-T manager, host:port (443 is privileged, so 8443)."""
    chart_repository = _Host(6, "http://{}:8080")
    """URL of the Helm chart repository."""
    dns_server = _Host(7, "{}:5353")
    """DNS server of the zone ``lab.test``, host:port (53 is privileged, so 5353)."""
    registry = _Host(8, "{}:5000")
    """Image registry, host:port; it runs when asked for (``lab.registry``)."""

    @property
    def floating_ips(self) -> str:
        """CIDR of the floating IP pool; API and ingress virtual IPs come from it and accept connections."""
        return f"127.{self.net}.50.0/24"

    # --- files ---------------------------------------------------------------------------------
    ca_certificate = _File("ca", "ca.crt")
    """Certificate of the lab's enterprise CA, which signs every simulator's server certificate."""
    ca_key = _File("ca", "ca.key")
    credentials = _File("credentials.json")
    """Generated passwords of the simulators (mode 0600)."""
    faults = _File("faults.json")
    """Faults to inject, see docs/lab.md."""
    registry_config = _File("registry", "config.yml")
    """Config file of the image registry; it exists once the registry was started."""
