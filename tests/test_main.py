"""The whole program with a recording engine: what it declares, and that nothing is declared on bad config."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.runtime.provider import LABELS
from settings import keys, labels
from tests import pki
from tests.config import GOOD, REPO
from tests.mocks import RecordingMocks, provider_outputs, with_engine

PROGRAM = str(REPO / "__main__.py")


@pytest.fixture
def mocks() -> RecordingMocks:
    return RecordingMocks(provider_outputs)


def configure(config: dict[str, str]) -> None:
    stack = {f"rancher-on-pks:{key}": value for key, value in config.items()}
    secrets = ("privateKey", "imagePullSecretPassword")
    pulumi.runtime.set_all_config(stack, [f"rancher-on-pks:{key}" for key in secrets])


def article() -> dict[str, str]:
    stack = yaml.safe_load((REPO / "Pulumi.prod.yaml").read_text())["config"]
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in stack.items()}
    return {key.split(":")[1]: value for key, value in texts.items()}


@with_engine
def test_a_request_waits_for_its_certificate(
    mocks: RecordingMocks, caplog: pytest.LogCaptureFixture
) -> pulumi.Output[None]:
    configure({**article(), "certificateSource": "csr"})
    program = runpy.run_path(PROGRAM)

    def check(_: object) -> None:
        assert {
            "preflight:Preflight",
            "pks:NetworkProfile",
            "pks:Cluster",
            "pks:Kubeconfig",
        } <= set(mocks.types())
        assert "tls:index/certRequest:CertRequest" in mocks.types()
        assert not any("ingress" in kind or "Release" in kind for kind in mocks.types())
        assert mocks.requests["rancher-cluster"].protect
        assert "have the CA sign the output certificateRequest" in caplog.text

    certificates = program["certificates"]
    return pulumi.Output.all(program["cluster"].provider.urn, certificates.urn, certificates.csr).apply(check)


@with_engine
def test_with_a_certificate_everything_is_declared(
    mocks: RecordingMocks, tmp_path: Path
) -> pulumi.Output[None]:
    config = article()
    authority = pki.root()
    server = pki.server(authority, config["rancherHostname"])
    config |= {
        "certificateSource": "files",
        "certificateFile": pki.write(tmp_path, "server.pem", server),
        "privateKey": server.key_pem,
        "caCertificateFile": pki.write(tmp_path, "ca.pem", authority),
    }
    configure(config)
    program = runpy.run_path(PROGRAM)

    def check(_: object) -> None:
        kinds = mocks.types()
        assert kinds.count("kubernetes:helm.sh/v3:Release") == 2
        assert kinds.count("rancher:EndpointCheck") == 2
        assert kinds.count("kubernetes:networking.k8s.io/v1:Ingress") == 1
        assert kinds.count("kubernetes:core/v1:Namespace") == 1
        [release] = [
            item for kind, name, item in mocks.registered if kind.endswith(":Release") and "ranch" in name
        ]
        assert release["values"]["hostname"] == config["rancherHostname"]
        assert release["values"]["ingress"]["enabled"] is False
        named: dict[str, Any] = {name: inputs.get(LABELS) for _, name, inputs in mocks.registered}
        assert named["rancher-cluster"]["workers"] == "workers"
        assert named["preflight"]["ingress_chart.version"] == "ingressChartVersion"
        assert named["preflight"]["rancher_chart.version"] == "rancherVersion"
        assert named["cattle-system"] is None

    return pulumi.Output.all(program["rancher"].ready.urn).apply(check)


def test_labels_have_one_name() -> None:
    assert labels.LABELS == LABELS


@with_engine
def test_the_table_of_config_keys_fits_the_resources(
    mocks: RecordingMocks, tmp_path: Path
) -> pulumi.Output[None]:
    """A type or input that is renamed must be renamed in the table too."""
    authority = pki.root()
    server = pki.server(authority, article()["rancherHostname"])
    configure(
        {
            **article(),
            "certificateSource": "files",
            "certificateFile": pki.write(tmp_path, "server.pem", server),
            "privateKey": server.key_pem,
            "caCertificateFile": pki.write(tmp_path, "ca.pem", authority),
            "dnsMode": "rfc2136",
            "dnsServer": "ns1.example.com",
            "dnsApiRecord": "true",
            "sprawlBrake": '["roles"]',
        }
    )
    program = runpy.run_path(PROGRAM)

    def check(_: object) -> None:
        labelled = {
            (kind.removeprefix("pulumi-python:dynamic/"), name): inputs.get(LABELS) or {}
            for kind, name, inputs in mocks.registered
            if "__provider" in inputs
        }
        stale = {
            (kind, start): names.keys()
            - {
                name
                for (token, resource), item in labelled.items()
                if token == kind and resource.startswith(start)
                for name in item
            }
            for (kind, start), names in keys.KEYS.items()
        }
        assert {entry: names for entry, names in stale.items() if names} == {}
        without_settings = {"rancher:Password", "kubernetes:DeletedObject"}
        assert {kind for kind, _ in labelled} - {kind for kind, _ in keys.KEYS} <= without_settings

    return pulumi.Output.all(program["bootstrap"].local_state, program["brake"].state).apply(check)


@pytest.mark.parametrize("changes", [{"rancherHostname": ""}, {"workers": "x"}, {"unknown": "x"}])
def test_bad_config_declares_nothing(
    mocks: RecordingMocks, changes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    configure({**GOOD, **changes})
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(PROGRAM)
    assert caught.value.code == 32
    assert mocks.registered == []
    assert "the configuration has 1 problem; nothing was changed" in caplog.text
