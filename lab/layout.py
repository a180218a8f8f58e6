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

    # --- addresses of the simulated foundation -----------------------------------------------
    @property
    def pks_host(self) -> str:
        """PKS API (port 9021) and UAA (port 8443)."""
        return self.address(0, 2)

    @property
    def bosh_host(self) -> str:
        """BOSH Director (port 25555)."""
        return self.address(0, 3)

    @property
    def vcenter(self) -> str:
        """vCenter simulator, host:port (443 is privileged, so 8989)."""
        return f"{self.address(0, 4)}:8989"

    @property
    def nsx_manager(self) -> str:
        """NSX-T manager, host:port (443 is privileged, so 8443)."""
        return f"{self.address(0, 5)}:8443"

    @property
    def chart_repository(self) -> str:
        """URL of the Helm chart repository."""
        return f"http://{self.address(0, 6)}:8080"

    @property
    def dns_server(self) -> str:
        """DNS server of the zone ``lab.test``, host:port (53 is privileged, so 5353)."""
        return f"{self.address(0, 7)}:5353"

    @property
    def registry(self) -> str:
        """Image registry, host:port; it runs when asked for (``lab.registry``)."""
        return f"{self.address(0, 8)}:5000"

    @property
    def registry_config(self) -> Path:
        """Config file of the image registry; it exists once the registry was started."""
        return self.path("registry", "config.yml")

    def control_plane(self, slot: int) -> str:
        """Returns the address of etcd, the controllers, KWOK and Rancher of cluster number ``slot``."""
        return self.address(1, slot)

    @property
    def floating_ips(self) -> str:
        """CIDR of the floating IP pool; API and ingress virtual IPs come from it and accept connections."""
        return f"127.{self.net}.50.0/24"

    # --- files ---------------------------------------------------------------------------------
    @property
    def ca_certificate(self) -> Path:
        """Certificate of the lab's enterprise CA, which signs every simulator's server certificate."""
        return self.path("ca", "ca.crt")

    @property
    def ca_key(self) -> Path:
        return self.path("ca", "ca.key")

    @property
    def credentials(self) -> Path:
        """``credentials.json``: generated passwords of the simulators (mode 0600)."""
        return self.path("credentials.json")

    @property
    def faults(self) -> Path:
        """``faults.json``: faults to inject, see docs/lab.md."""
        return self.path("faults.json")
