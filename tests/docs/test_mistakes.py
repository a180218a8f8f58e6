"""``docs/mistakes.md``: each mistake of its table is made here, and the page has the message that follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import CheckFailure, Config, ConfigureRequest

from components.helm import chart_repository
from components.helm.chart_errors import ChartError
from components.preflight import PreflightProvider
from components.rancher.upgrade_check import UpgradeCheckProvider
from components.runtime.provider import LABELS, Provider
from domain.charts import ChartMetadata, ChartReference
from domain.placement import Placement
from settings import SettingsError, keys, parse
from tests import pki
from tests.config import GOOD, REPO
from tests.dns import sites
from tests.dns.sites import KEY, SECRET
from tests.helm.test_chart import INPUTS as CHART
from tests.pks.conftest import FakeFoundation, clock, foundation, live
from tests.pks.test_preflight import FOUNDATION
from tests.placement.fake_vcenter import FakeVCenter, serve
from tests.rancher.test_upgrade_check import inputs as rancher

__all__ = ["clock", "foundation"]

PAGE = REPO / "docs" / "mistakes.md"
Made = Callable[..., str]


def reported(provider: Provider, before: dict[str, Any], wanted: dict[str, Any], labels: Any) -> str:
    failures: list[CheckFailure] = provider.check(before, {**wanted, LABELS: labels}).failures or []
    [text] = [failure.reason for failure in failures]
    return text.removeprefix("the preflight has 1 problem; nothing was changed:\n  - ")


def asked(check: str, inputs: dict[str, Any], **config: str) -> str:
    """What the preflight reports."""
    provider = PreflightProvider()
    raw = {f"rancher-on-pks:{key}": value for key, value in config.items()}
    provider.configure(ConfigureRequest(Config(raw, "rancher-on-pks")))
    return reported(provider, {}, {check: inputs}, keys.KEYS["preflight:Preflight", ""])


def refused(changes: dict[str, str]) -> str:
    """What the settings report."""
    with pytest.raises(SettingsError) as caught:
        parse({**GOOD, **changes})
    [finding] = caught.value.findings
    return str(finding)


def misspelt_key(**_: Any) -> str:
    return refused({"clustrTags": '{"owner": "ops"}'})


def secret_in_plain_text(**_: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        parse({**GOOD, "pksPassword": "hush"}, encrypted=set())
    [finding] = caught.value.findings
    return str(finding)


def rancher_too_old(**_: Any) -> str:
    return refused({"kubernetesVersion": "1.30"})


def another_hosts_certificate(folder: Path, **_: Any) -> str:
    authority = pki.root()
    server = pki.server(authority, "other.example.com")
    files = {
        "certificateSource": "files",
        "certificateFile": pki.write(folder, "server.pem", server),
        "privateKeyFile": pki.write(folder, "server.key", server.key_pem),
        "caCertificateFile": pki.write(folder, "ca.pem", authority),
    }
    return refused(files).replace(f"{folder}/", "")


def no_such_plan(pks: FakeFoundation, **_: Any) -> str:
    return asked("foundation", {**FOUNDATION, "plan": "large"}, pksCli=str(pks.executable))


def wrong_password(pks: FakeFoundation, monkeypatch: pytest.MonkeyPatch, **_: Any) -> str:
    monkeypatch.setenv("PKS_PASSWORD", "wrong")
    return asked("foundation", FOUNDATION, pksCli=str(pks.executable))


def wrong_kubernetes(pks: FakeFoundation, **_: Any) -> str:
    with pks.change() as state:
        state["clusters"] = [live("other", pks_version="1.19.2-build.10")]
    return asked("foundation", {**FOUNDATION, "kubernetes_version": "1.29"}, pksCli=str(pks.executable))


def no_such_chart_version(monkeypatch: pytest.MonkeyPatch, **_: Any) -> str:
    def resolve(reference: ChartReference) -> ChartMetadata:
        raise ChartError.of(reference.missing_version(["2.8.3", "2.8.4", "2.8.5", "2.9.0"]).finding)

    monkeypatch.setattr(chart_repository, "resolve", resolve)
    return asked("rancher_chart", {**CHART, "version": "2.8.6"})


def name_in_use(folder: Path, **_: Any) -> str:
    with sites.lab_server(folder) as site:
        site.put("rancher", 300, "A", "10.50.0.9")
        wanted = {"hostnames": ["rancher.lab.test"], "server": site.server, "zone": "", "move": False}
        found = asked("dns", wanted, dnsTsigName=KEY, dnsTsigSecret=SECRET)
        return found.replace(site.server, "ns1.lab.test")


def too_few_hosts(monkeypatch: pytest.MonkeyPatch, **_: Any) -> str:
    vcenter = FakeVCenter()
    vcenter.datacenter("dc0", "DC0")
    vcenter.cluster("c0", "C0", "dc0", hosts=2)
    serve(vcenter, monkeypatch)
    placement = Placement(mode="must", source="attributes", masters=3, workers=1)
    inputs = {**asdict(placement), "compute_clusters": []}
    return asked("vcenter", inputs, vsphereServer="vc", vsphereUser="me", vspherePassword="hidden")


def downgrade(**_: Any) -> str:
    labels = keys.KEYS["rancher:UpgradeCheck", ""]
    return reported(UpgradeCheckProvider(), rancher("2.9.0"), rancher("2.8.5"), labels)


MISTAKES: dict[str, Made] = {
    "A config key is misspelt": misspelt_key,
    "A password is in the stack's file in plain text": secret_in_plain_text,
    "Rancher's version does not run on the Kubernetes version": rancher_too_old,
    "The certificate is for another host": another_hosts_certificate,
    "The plan does not exist": no_such_plan,
    "The password for PKS is wrong": wrong_password,
    "The foundation deploys another Kubernetes version": wrong_kubernetes,
    "The chart does not have the version": no_such_chart_version,
    "Rancher's DNS name leads to something else": name_in_use,
    "There are too few ESXi hosts": too_few_hosts,
    "Rancher's version is lowered": downgrade,
}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DNS_TSIG_NAME", "DNS_TSIG_SECRET", "VSPHERE_SERVER", "VSPHERE_USER", "VSPHERE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_page_has_the_message(
    mistake: str, tmp_path: Path, foundation: FakeFoundation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = MISTAKES[mistake](folder=tmp_path, pks=foundation, monkeypatch=monkeypatch)
    shown = " ".join(made.replace("`", "").replace("|", "/").split())
    line = f"| {mistake} | `{shown}` |"
    if line not in PAGE.read_text().splitlines():
        pytest.fail(f"write into docs/mistakes.md:\n{line}")


def test_the_page_has_no_other_mistake() -> None:
    rows = re.findall(r"^\| ([A-Z][^|]+) \| `", PAGE.read_text(), re.MULTILINE)
    assert rows == list(MISTAKES)
