"""Parsers of files that people give: settings, PEM, sites files, kubeconfigs, charts, figures."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import yaml

from capacity.command import stack_file as plan_file
from capacity.model import figures
from capacity.model.plan import CapacityError
from components.helm import chart_documents, local_chart
from components.kubernetes import kubeconfig
from components.runtime.errors import ProviderError
from domain import network_profile_parameters
from domain.certificates import pem
from domain.charts import ChartReference
from domain.documents import printable
from domain.finding import FindingError
from fleet import kubeconfigs, sites_file
from fleet.sites_file import InventoryError
from settings import certificate_files, stack_file
from settings.certificate_files import CertificateFiles
from settings.errors import SettingsError
from settings.reading import effective, parse, parse_file
from tests.config import GOOD
from tests.fuzz import samples
from tests.fuzz.mutation import VALUES, document, raw
from tests.fuzz.running import Target

_TEMPORARY = tempfile.TemporaryDirectory(prefix="rancher-on-pks-fuzz-")
_FOLDER = Path(_TEMPORARY.name)
_OBJECTS = {
    "clusterTags": '{"a": "b"}',
    "rancherValues": '{"replicas": 3}',
    "podNetwork": '{"blocks": ["10.0.0.0/16"]}',
}


class _FindingsError(Exception):
    """A parser that returns findings has found something."""


def _file(name: str, content: bytes) -> Path:
    path = _FOLDER / name
    path.write_bytes(content)
    return path


def _settings(draw: Random, sample: dict[str, str]) -> dict[str, str]:
    changed = {}
    for key, text in sample.items():
        if draw.random() < 0.85:
            changed[key] = text
            continue
        value = draw.choice(VALUES)
        changed[key] = printable(value) if isinstance(value, str) else json.dumps(value)
        if text[:1] in "{[":
            changed[key] = json.dumps(document(draw, json.loads(text)))
    return changed


def _yaml(draw: Random, sample: bytes) -> bytes:
    """The text damaged, or the document that it holds changed."""
    if draw.random() < 0.5 or b"&" in sample:  # aliases would be unrolled
        return raw(draw, sample)
    changed = document(draw, yaml.safe_load(sample))
    return printable(json.dumps(changed, default=str, ensure_ascii=False)).encode()  # JSON is YAML


def _read_settings(config: dict[str, str]) -> None:
    effective(parse(config))


def _read_stack_file(content: bytes) -> None:
    parse_file(stack_file.read(_file("Pulumi.prod.yaml", content)))


def _read_plan(content: bytes) -> None:
    plan_file.read(_file("Pulumi.plan.yaml", content))


def _certificates(content: bytes) -> None:
    found, findings = pem.certificates("certificate", content)
    _, _, more = pem.private_key("private_key", content)
    files = {
        "certificate": content,
        "ca_certificates": samples.CA_PEM.encode(),
        "private_key": samples.KEYS[0],
    }
    _material(files)
    _material({**files, "certificate": samples.CERTIFICATES[0], "ca_certificates": content})
    if not found or findings:
        raise _FindingsError(
            "; ".join(map(str, [*findings, *more])) or "nothing is found, and nothing is said"
        )


def _private_key(content: bytes) -> None:
    key, _, findings = pem.private_key("private_key", content)
    _material(
        {
            "certificate": samples.CERTIFICATES[0],
            "ca_certificates": samples.CA_PEM.encode(),
            "private_key": content,
        }
    )
    if key is None:
        raise _FindingsError("; ".join(map(str, findings)))


def _material(contents: dict[str, bytes]) -> None:
    paths = {name: str(_file(f"{name}.pem", content)) for name, content in contents.items()}
    given = CertificateFiles(source="files", hostname=samples.HOST, paths=paths)
    _, findings = certificate_files.load(given, now=datetime.now(UTC))
    "\n".join(map(str, findings)).encode()


def _sites(content: bytes) -> None:
    sites_file.read_inventory(_file("sites.yaml", content), {}, root=_FOLDER)


def _kubeconfig(content: bytes) -> None:
    text = content.decode(errors="replace")
    kubeconfig.expiry(text)
    kubeconfig.same_cluster(text, samples.KUBECONFIG)
    kubeconfig.connection(kubeconfigs.from_file(_file("kubeconfig.yaml", content)))
    kubeconfig.connection(kubeconfig.parse(text))
    kubeconfig.reduce(text, server="https://10.0.0.1:8443", tls_name="c.test")


def _figures(value: Any) -> None:
    figures.to_document(figures.from_document(value))


def _profile(value: Any) -> None:
    if isinstance(value, dict):
        "".join(map(str, network_profile_parameters.findings(value))).encode(errors="replace")


def _chart_document(content: bytes) -> None:
    chart_documents.parse(content)


def _packaged(draw: Random, sample: bytes) -> bytes:
    archive = io.BytesIO()
    chart = raw(draw, sample) if draw.random() < 0.5 else sample
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("rancher/Chart.yaml")
        member.size = len(chart)
        tar.addfile(member, io.BytesIO(chart))
    return raw(draw, archive.getvalue()) if draw.random() < 0.5 else archive.getvalue()


def _local_chart(content: bytes) -> None:
    local_chart.find(ChartReference(str(_file("rancher.tgz", content)), "", "2.8.5"))


_STACKS = samples.stack_files()
_CHART = b"apiVersion: v2\nname: rancher\nversion: 2.8.5\nkubeVersion: '< 1.29.0-0'\n"
_PLAN = {
    "network": {
        "blocks": [{"cidr": "10.0.0.0/16", "subnetsUsed": 17}],
        "subnetPrefix": 24,
        "segmentLimit": 500,
    },
    "demands": [{"name": "a", "importedClusters": 3}],
}
TARGETS = (
    Target("settings", ({**GOOD, **_OBJECTS},), _settings, _read_settings, (SettingsError,)),
    Target("stack file", _STACKS, _yaml, _read_stack_file, (SettingsError,)),
    Target("plan of a stack file", _STACKS, _yaml, _read_plan, (CapacityError,)),
    Target("PEM certificates", samples.CERTIFICATES, raw, _certificates, (_FindingsError,)),
    Target("PEM keys", samples.KEYS, raw, _private_key, (_FindingsError,)),
    Target("sites file", samples.sites(), _yaml, _sites, (InventoryError,)),
    Target("kubeconfigs", samples.kubeconfigs(), _yaml, _kubeconfig, (ProviderError,)),
    Target("figures", (_PLAN,), document, _figures, (CapacityError,)),
    Target("network profiles", samples.profiles(), document, _profile),
    Target("chart documents", (_CHART,), raw, _chart_document, (ValueError,)),
    Target("chart archives", (_CHART,), _packaged, _local_chart, (ProviderError, FindingError)),
)
