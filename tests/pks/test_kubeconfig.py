"""Kubeconfig: the dynamic provider against the fake CLI."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from pulumi.output import UNKNOWN

from components.pks.kubeconfig import KubeconfigProvider
from components.runtime.errors import ProviderError
from domain.oidc import expiry
from tests.kubernetes.test_oidc import jwt
from tests.pks.conftest import FakeFoundation, live

KUBECONFIG: dict[str, Any] = {
    "cluster": "c",
    "external_hostname": "c.test",
    "plan": "rancher",
    "api_access": "master-ip",
    "expected_version": "1.28",
    "uuid": "uuid-c",
    "master_ips": ["10.50.0.71"],
    "kubernetes_version": "1.28.9",
}


def test_kubeconfig_goes_to_the_master_ip_and_verifies_the_hostname(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live()]
    outs = foundation.configured(KubeconfigProvider).create(dict(KUBECONFIG)).outs
    assert outs is not None
    assert outs["server"] == "https://10.50.0.71:8443"
    cluster = yaml.safe_load(outs["kubeconfig"])["clusters"][0]["cluster"]
    assert cluster["server"] == "https://10.50.0.71:8443"
    assert cluster["tls-server-name"] == "c.test"


def test_kubeconfig_does_not_change_while_the_cluster_is_updated() -> None:
    provider = KubeconfigProvider()
    unknown = {**KUBECONFIG, "uuid": UNKNOWN, "master_ips": UNKNOWN, "kubernetes_version": UNKNOWN}
    assert provider.diff("c", KUBECONFIG, unknown).changes is False
    assert provider.check(KUBECONFIG, unknown).failures == []
    assert provider.diff("c", KUBECONFIG, {**unknown, "plan": "small"}).changes is True
    assert provider.diff("c", KUBECONFIG, {**KUBECONFIG, "uuid": "new"}).changes is True


def test_kubeconfig_refuses_another_kubernetes_than_configured() -> None:
    failures = KubeconfigProvider().check({}, {**KUBECONFIG, "kubernetes_version": "v1.27.3"}).failures
    assert "runs Kubernetes v1.27.3, not 1.28. Set it to the cluster's version" in failures[0].reason


def test_kubeconfig_is_gone_with_its_cluster(foundation: FakeFoundation) -> None:
    provider = foundation.configured(KubeconfigProvider)
    with foundation.change() as state:
        state["clusters"] = [live()]
    assert provider.read("c", dict(KUBECONFIG)).outs == KUBECONFIG
    assert provider.read("c", {**KUBECONFIG, "uuid": "old"}).id == ""


def test_a3_an_expired_login_is_fetched_again(foundation: FakeFoundation) -> None:
    provider = foundation.configured(KubeconfigProvider)
    with foundation.change() as state:
        state["clusters"], state["id_tokens"] = [live()], [jwt(600), jwt(500)]
    made = provider.create(dict(KUBECONFIG)).outs
    assert made is not None
    assert not provider.diff("c", made, dict(KUBECONFIG)).changes
    assert provider.read("c", made).outs == made
    foundation.commands()
    stale = {**made, "kubeconfig": made["kubeconfig"].replace(id_token(made), jwt(60))}
    assert provider.diff("c", stale, dict(KUBECONFIG)).changes
    assert foundation.commands() == []  # the token itself says so
    found = provider.read("c", stale).outs
    assert found is not None
    assert 400 < (expiry(id_token(found)) or 0) - time.time() < 550
    assert foundation.commands() == ["cluster", "get-credentials"]


def test_a3_a_login_that_has_ended_when_it_is_given_is_one_clear_error(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"], state["id_tokens"] = [live()], [jwt(-5)]
    with pytest.raises(ProviderError, match=r"OIDC login that PKS gave for cluster c ended at .*clocks"):
        foundation.configured(KubeconfigProvider).create(dict(KUBECONFIG))


def id_token(outs: dict[str, Any]) -> str:
    [user] = yaml.safe_load(outs["kubeconfig"])["users"]
    return str(user["user"]["auth-provider"]["config"]["id-token"])


def test_a_cluster_whose_deletion_failed_gives_no_access_but_advice(foundation: FakeFoundation) -> None:
    with foundation.change() as state:
        state["clusters"] = [live(last_action="DELETE", last_action_state="failed")]
    with pytest.raises(ProviderError, match=r"is not ready.*Find the cause with `bosh tasks --recent`"):
        foundation.configured(KubeconfigProvider).create(dict(KUBECONFIG))
