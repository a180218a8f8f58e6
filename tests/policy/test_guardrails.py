"""The design decisions: each with good, bad and unknown values."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from domain import type_tokens as kinds
from policy.guardrails import RANCHER_DESIGN
from policy.hosts import HOST_FAILURE
from policy.trust import TRUSTED_CERTIFICATES
from policy.trust_stack import TRUSTED_CERTIFICATES_STACK
from tests import pki
from tests.policy.judging import UNKNOWN, Resource, judge, judge_stack


def judged(kind: str, props: dict[str, Any], **config: Any) -> list[str]:
    return judge(RANCHER_DESIGN, kind, props, **config)


def release(values: object, **props: Any) -> dict[str, Any]:
    return {"chart": "rancher", "name": "rancher", "version": "2.8.5", "values": values, **props}


INGRESS_OFF = {"ingress": {"enabled": False}}


@pytest.mark.parametrize(("masters", "accepted"), [(3.0, True), (5.0, True), (1.0, False), (UNKNOWN, True)])
def test_masters(masters: object, accepted: bool) -> None:
    found = judged(kinds.PREFLIGHT, {"foundation": {"plan": "small", "masters": masters}})
    assert (found == []) is accepted
    assert all("has 1 masters, at least 3" in message for message in found)


def test_fewer_masters_where_the_environment_says_so() -> None:
    small = {"foundation": {"plan": "small", "masters": 1.0}}
    assert judged(kinds.PREFLIGHT, small, minimumMasters=1.0) == []


@pytest.mark.parametrize(
    ("replicas", "accepted"),
    [(3.0, True), (5.0, True), ("3", True), (UNKNOWN, True), (1.0, False), ("2", False), (-3.0, False)],
)
def test_replicas(replicas: object, accepted: bool) -> None:
    found = judged(kinds.RELEASE, release({"replicas": replicas, **INGRESS_OFF}))
    assert (found == []) is accepted
    assert all("at least 3 are needed" in message for message in found)


def test_the_charts_own_number_of_replicas_is_enough() -> None:
    assert judged(kinds.RELEASE, release(INGRESS_OFF)) == []


@pytest.mark.parametrize(
    ("values", "version", "accepted"),
    [
        (INGRESS_OFF, "2.8.5", True),
        ({"ingress": {"enabled": "false"}}, "2.8.5", True),
        ({"ingress": {"enabled": True}}, "2.8.5", False),
        ({"ingress": {"enabled": True}}, UNKNOWN, False),
        ({}, "2.8.5", False),
        ({}, "2.2.8", True),
        ({}, UNKNOWN, True),
        ({"ingress": {"enabled": UNKNOWN}}, "2.8.5", True),
        ({"ingress": UNKNOWN}, "2.8.5", True),
        (UNKNOWN, "2.8.5", True),
    ],
)
def test_the_charts_ingress_is_off(values: object, version: str, accepted: bool) -> None:
    found = judged(kinds.RELEASE, release(values, version=version))
    assert (found == []) is accepted
    assert all("ingress.enabled to false" in message for message in found)


@pytest.mark.parametrize(
    ("chart", "name", "is_rancher"),
    [
        ("rancher", "mine", True),
        ("oci://registry/charts/rancher", "mine", True),
        ("/charts/rancher-2.8.5.tgz", "mine", True),
        (UNKNOWN, "rancher", True),
        (UNKNOWN, "nginx", False),
        ("ingress-nginx", "rancher", False),
        ("rancher-backup", "rancher", False),
    ],
)
def test_which_release_is_rancher(chart: str, name: str, is_rancher: bool) -> None:
    props = release({"replicas": 1.0, **INGRESS_OFF}, chart=chart, name=name)
    assert bool(judged(kinds.RELEASE, props)) is is_rancher


@pytest.mark.parametrize("kind", kinds.INGRESSES)
@pytest.mark.parametrize(
    ("props", "accepted"),
    [
        ({"metadata": {"annotations": {"kubernetes.io/ingress.class": "nginx"}}}, True),
        ({"metadata": {}, "spec": {"ingressClassName": "nginx"}}, True),
        ({"metadata": {"annotations": {"kubernetes.io/ingress.class": "nsx"}}}, False),
        ({"metadata": {}, "spec": {}}, False),
        ({}, False),
        ({"metadata": {"annotations": {"kubernetes.io/ingress.class": UNKNOWN}}}, True),
        ({"metadata": {"annotations": UNKNOWN}}, True),
        ({"metadata": {}, "spec": {"ingressClassName": UNKNOWN}}, True),
        ({"metadata": UNKNOWN}, True),
    ],
)
def test_ingress_class(kind: str, props: dict[str, Any], accepted: bool) -> None:
    found = judged(kind, props)
    assert (found == []) is accepted
    assert all("NCP would serve it" in message for message in found)


TILLER = [{"kind": "ServiceAccount", "name": "tiller", "namespace": "kube-system"}]


@pytest.mark.parametrize("kind", kinds.CLUSTER_ROLE_BINDINGS)
@pytest.mark.parametrize(
    ("props", "accepted"),
    [
        ({"roleRef": {"name": "cluster-admin"}, "subjects": TILLER}, False),
        ({"roleRef": {"name": "view"}, "subjects": TILLER}, True),
        ({"roleRef": {"name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "carol"}]}, True),
        ({"roleRef": {"name": "cluster-admin"}}, True),
        ({"roleRef": {"name": UNKNOWN}, "subjects": TILLER}, True),
        ({"roleRef": {"name": "cluster-admin"}, "subjects": [{"name": UNKNOWN}]}, True),
        ({"roleRef": {"name": "cluster-admin"}, "subjects": UNKNOWN}, True),
    ],
)
def test_no_lasting_tiller(kind: str, props: dict[str, Any], accepted: bool) -> None:
    found = judged(kind, props)
    assert (found == []) is accepted
    assert all("tillerMode: local" in message for message in found)


@pytest.mark.parametrize(
    ("parameters", "services", "accepted"),
    [
        ({"lb_size": "medium"}, 1.0, True),
        ({}, 8.0, True),
        ({"lb_size": "small"}, 9.0, False),
        ({}, 9.0, False),
        ({"lb_size": "large"}, 600.0, False),
        ({"lb_size": UNKNOWN}, 9.0, True),
        (UNKNOWN, 9.0, True),
    ],
)
def test_load_balancer_size(parameters: object, services: float, accepted: bool) -> None:
    found = judged(kinds.NETWORK_PROFILE, {"parameters": parameters}, loadBalancerServices=services)
    assert (found == []) is accepted


def test_the_size_that_suffices_is_named() -> None:
    [message] = judged(kinds.NETWORK_PROFILE, {"parameters": {}}, loadBalancerServices=9.0)
    assert "holds 20 virtual servers" in message
    assert "needs 21. Set lb_size to medium" in message


def test_the_cluster_is_protected_unless_the_environment_says_otherwise() -> None:
    props = {"name": UNKNOWN}
    assert judged(kinds.CLUSTER, props, protect=True) == []
    assert "Set protectCluster to true" in judged(kinds.CLUSTER, props)[0]
    assert judged(kinds.CLUSTER, props, protectCluster=False) == []


def secret(name: str, kind: str = "Opaque", *, as_text: bool = False, **data: str) -> dict[str, Any]:
    names = {key.replace("_", "."): text for key, text in data.items()}
    if as_text:
        return {"metadata": {"name": name}, "type": kind, "stringData": names}
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in names.items()}
    return {"metadata": {"name": name}, "type": kind, "data": encoded}


def trusted(kind: str, props: dict[str, Any], **config: Any) -> list[str]:
    return judge(TRUSTED_CERTIFICATES, kind, props, **config)


CA = pki.root().pem


@pytest.mark.parametrize("as_text", [False, True])
def test_the_ca_is_under_the_key_that_rancher_reads(as_text: bool) -> None:
    assert trusted(kinds.SECRET, secret("tls-ca", cacerts_pem=CA, as_text=as_text)) == []
    [message] = trusted(kinds.SECRET, secret("tls-ca", ca_crt=CA, as_text=as_text))
    assert "1 keys (ca.crt) and not cacerts.pem" in message
    assert trusted(kinds.SECRET, secret("other", ca_crt=CA, as_text=as_text)) == []


@pytest.mark.parametrize(
    "props",
    [
        {"metadata": {"name": "tls-ca"}, "data": UNKNOWN},
        {"metadata": {"name": "tls-ca"}, "data": {"cacerts.pem": UNKNOWN}},
        {"metadata": {"name": UNKNOWN}, "type": UNKNOWN, "data": UNKNOWN},
        {"metadata": {"name": "web"}, "type": "kubernetes.io/tls", "data": {"tls.crt": UNKNOWN}},
    ],
)
def test_secrets_that_are_not_known_yet_wait_for_the_update(props: dict[str, Any]) -> None:
    assert trusted(kinds.SECRET, props) == []


@pytest.mark.parametrize(
    ("left", "needed", "accepted"), [(60, 14, True), (10, 14, False), (10, 5, True), (-1, 0, False)]
)
def test_certificates_last(left: int, needed: int, accepted: bool) -> None:
    certificate = pki.make("web", days=(-90, left)).pem
    web = secret("web", "kubernetes.io/tls", tls_crt=certificate, tls_key="x")
    authority = secret("tls-ca", cacerts_pem=certificate)
    for props in (web, authority):
        found = trusted(kinds.SECRET, props, certificateDays=float(needed))
        assert (found == []) is accepted
        assert all(f"at least {needed} must be left" in message for message in found)


OLD_ROOT, NEW_ROOT = pki.make("Old", ca=True, days=(-90, 5)), pki.root("New")
EXPIRED_ROOT = pki.make("Old", ca=True, key=OLD_ROOT.key, days=(-90, -5))


@pytest.mark.parametrize(
    ("bundle", "issuer", "accepted"),
    [
        ([NEW_ROOT, OLD_ROOT], NEW_ROOT, True),
        ([NEW_ROOT, EXPIRED_ROOT], NEW_ROOT, True),
        ([NEW_ROOT, OLD_ROOT], OLD_ROOT, False),
        ([EXPIRED_ROOT, NEW_ROOT], EXPIRED_ROOT, False),
        ([OLD_ROOT], OLD_ROOT, False),
    ],
)
@pytest.mark.parametrize("through", [True, False])
def test_b10_the_path_in_use_counts(
    bundle: list[pki.Identity], issuer: pki.Identity, accepted: bool, through: bool
) -> None:
    between = pki.intermediate(issuer)
    sent = [pki.server(between), between] if through else [pki.server(issuer)]
    authority = secret("tls-ca", cacerts_pem="".join(ca.pem for ca in bundle))
    web = secret("web", "kubernetes.io/tls", tls_crt="".join(part.pem for part in sent), tls_key="x")
    found = judge_stack(
        TRUSTED_CERTIFICATES_STACK, [(kinds.SECRET, "ca", authority), (kinds.SECRET, "web", web)]
    )
    assert (found == []) is accepted
    assert all('CA "CN=Old"' in message and "at least 14 must be left" in message for message in found)
    assert (trusted(kinds.SECRET, authority) == []) is (len(bundle) == 2)
    assert trusted(kinds.SECRET, web) == []


def test_b10_what_is_not_known_yet_waits() -> None:
    unknown = {"metadata": {"name": "web"}, "type": "kubernetes.io/tls", "data": {"tls.crt": UNKNOWN}}
    resources: list[Resource] = [
        (kinds.SECRET, "ca", secret("tls-ca", cacerts_pem=OLD_ROOT.pem)),
        (kinds.SECRET, "web", unknown),
    ]
    assert judge_stack(TRUSTED_CERTIFICATES_STACK, resources) == []


def test_a_secret_without_a_certificate_is_refused() -> None:
    [message] = trusted(kinds.SECRET, secret("web", "kubernetes.io/tls", tls_crt="nothing"))
    assert "has no certificate under tls.crt" in message
    broken = {"metadata": {"name": "web"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "%"}}
    assert trusted(kinds.SECRET, broken)


def test_no_message_shows_what_a_secret_holds() -> None:
    found = trusted(kinds.SECRET, secret("tls-ca", tls_key="very-secret", as_text=True))
    assert found
    assert "very-secret" not in "".join(found)


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({"privateCA": True}, True),
        ({"privateCA": "true"}, True),
        ({"privateCA": False}, False),
        ({}, False),
        ({"privateCA": UNKNOWN}, True),
        (UNKNOWN, True),
    ],
)
def test_agents_get_a_private_ca(values: object, accepted: bool) -> None:
    assert (trusted(kinds.RELEASE, release(values)) == []) is accepted
    assert trusted(kinds.RELEASE, release(values), publicCa=True) == []
    assert trusted(kinds.RELEASE, release(values, chart="ingress-nginx")) == []


def rule(name: str, **props: Any) -> Resource:
    return kinds.ANTI_AFFINITY_RULE, name, props


CLUSTER: Resource = (kinds.CLUSTER, "cluster", {})
BOTH = [CLUSTER, rule("placement-master"), rule("placement-worker")]


def test_both_roles_are_kept_apart() -> None:
    assert judge_stack(HOST_FAILURE, BOTH) == []
    [message] = judge_stack(HOST_FAILURE, BOTH[:2])
    assert "no anti-affinity rule keeps the workers" in message
    assert judge_stack(HOST_FAILURE, [CLUSTER], antiAffinity=False) == []
    assert judge_stack(HOST_FAILURE, []) == []


def test_a_role_with_one_machine_a_vsphere_cluster_needs_no_rule() -> None:
    spread: list[Resource] = [
        (kinds.VIRTUAL_MACHINES, f"p-{role}s", {"role": role}) for role in ("master", "worker")
    ]
    assert judge_stack(HOST_FAILURE, [CLUSTER, *spread]) == []
    [message] = judge_stack(HOST_FAILURE, [CLUSTER, *spread[:1]])
    assert "keeps the workers" in message


def test_a_rule_that_is_switched_off_does_not_count() -> None:
    switched_off = [
        CLUSTER,
        rule("placement-master", enabled=False),
        rule("placement-worker", enabled=UNKNOWN),
    ]
    [message] = judge_stack(HOST_FAILURE, switched_off)
    assert "placement-master is not enabled" in message


@pytest.mark.parametrize(
    ("machines", "hosts", "accepted"),
    [
        (["a", "b", "c"], 3.0, True),
        (["a", "b", "c", "d"], 3.0, False),
        (["a", "b", "c", "d"], 0.0, True),
        (["a", UNKNOWN, "c", "d"], 3.0, True),
        (UNKNOWN, 3.0, True),
    ],
)
def test_there_are_hosts_enough(machines: object, hosts: float, accepted: bool) -> None:
    resources = [CLUSTER, rule("m-master", virtualMachineIds=machines), rule("m-worker")]
    found = judge_stack(HOST_FAILURE, resources, hosts=hosts)
    assert (found == []) is accepted
    assert all("keeps 4 machines apart, but there are only 3 hosts" in message for message in found)
