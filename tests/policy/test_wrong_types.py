"""Properties of types that no provider accepts: a finding each, never a crash."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

from domain import type_tokens as kinds
from policy.creators import DEMAND
from policy.guardrails import RANCHER_DESIGN
from policy.pack import POLICIES
from policy.sprawl import POD_NETWORK
from policy.sprawl_stack import POD_NETWORK_STACK
from policy.trust import TRUSTED_CERTIFICATES
from tests.policy.judging import UNKNOWN, judge, judge_stack
from tests.policy.test_pack import KINDS
from tests.policy.test_sprawl import CREATORS, PROJECTS, SITES, USERS

KEYS = [
    *("metadata", "name", "annotations", "figures", "network", "demands", "blocks", "cidr", "spec", "values"),
    *(
        "ingressClassName",
        "roleRef",
        "subjects",
        "replicas",
        "ingress",
        "enabled",
        "privateCA",
        "chart",
        "plan",
    ),
    *(
        "version",
        "namespace",
        "createNamespace",
        "resourceNames",
        "Namespace/v1",
        "masters",
        "parameters",
        "type",
    ),
    *("items", "projects", "quota", "namespaceOptions", "manifest", "apiVersion", "kind", "yamlBody"),
    *(
        "parameters",
        "lb_size",
        "cluster",
        "virtualMachineIds",
        "role",
        "data",
        "stringData",
        "tls.crt",
        "cacerts.pem",
    ),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20).map(float),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        [UNKNOWN, "tls-ca", "rancher", "kubernetes.io/tls", "cluster-admin", "true", "2.8", "172.16.0.0/16"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
PROPS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)
TYPES = st.sampled_from([*KINDS, *DEMAND, *SITES, *PROJECTS, *USERS, *CREATORS])


@settings(max_examples=400, deadline=None)
@given(TYPES, PROPS)
def test_d5_no_property_crashes_a_policy(kind: str, props: dict[str, Any]) -> None:
    for policy in POLICIES:
        if isinstance(policy, ResourceValidationPolicy):
            judge(policy, kind, props)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TYPES, st.sampled_from(["a-master", "b-worker"]), PROPS), max_size=5), VALUES)
def test_d5_no_property_crashes_a_policy_of_stacks(
    resources: list[tuple[str, str, dict[str, Any]]], figures: object
) -> None:
    for policy in POLICIES:
        if isinstance(policy, StackValidationPolicy):
            config: dict[str, Any] = {"hosts": 3.0} if policy.name == "host-failure" else {}
            judge_stack(policy, resources, **config)
    judge_stack(POD_NETWORK_STACK, resources, figures=figures)


@pytest.mark.parametrize(
    ("policy", "kind", "props", "message"),
    [
        (POD_NETWORK, kinds.NAMESPACE, {"metadata": {"name": 5.0}}, "metadata.name: must be a text"),
        (POD_NETWORK, kinds.NAMESPACE, {"metadata": "x"}, "metadata: must be an object"),
        (POD_NETWORK, kinds.RELEASE, {"createNamespace": 1.0}, "createNamespace: must be true or false"),
        (POD_NETWORK, kinds.RELEASE, {"resourceNames": [1.0]}, "resourceNames: must be an object"),
        (POD_NETWORK, kinds.RELEASE, {"resourceNames": {"Namespace/v1": "a"}}, "resourceNames.Namespace/v1"),
        (RANCHER_DESIGN, kinds.NETWORK_PROFILE, {"parameters": {"lb_size": {}}}, "lb_size: must be a text"),
        (
            RANCHER_DESIGN,
            kinds.INGRESSES[0],
            {"metadata": {"annotations": 3.0}},
            "metadata.annotations: must",
        ),
        (
            RANCHER_DESIGN,
            kinds.PREFLIGHT,
            {"foundation": {"masters": "many"}},
            "masters: must be a whole number",
        ),
        (
            TRUSTED_CERTIFICATES,
            kinds.SECRET,
            {"metadata": {"name": "tls-ca"}, "data": 3.0},
            "data: must be an ob",
        ),
    ],
)
def test_d5_a_wrong_type_is_a_finding(
    policy: ResourceValidationPolicy, kind: str, props: dict[str, Any], message: str
) -> None:
    assert message in judge(policy, kind, props)[0]


def test_d5_the_other_rules_are_still_read() -> None:
    props = {"chart": "rancher", "version": "2.8.5", "values": {"replicas": [], "ingress": {"enabled": True}}}
    wrong, ingress = judge(RANCHER_DESIGN, kinds.RELEASE, props)
    assert "values.replicas: must be a whole number" in wrong
    assert "Rancher's chart creates an Ingress" in ingress


def test_d5_one_wrong_value_is_one_finding() -> None:
    [message] = judge(TRUSTED_CERTIFICATES, kinds.SECRET, {"metadata": {"name": 5.0}})
    assert "metadata.name: must be a text" in message


def test_d5_a_namespace_of_a_wrong_type_counts() -> None:
    wrong, missing = judge_stack(POD_NETWORK_STACK, [(kinds.NAMESPACE, "a", {"metadata": {"name": []}})])
    assert "a: metadata.name: must be a text" in wrong
    assert "creates 1 namespaces" in missing


@pytest.mark.parametrize(
    ("kind", "props", "message", "counted"),
    [
        ("kubernetes:core/v1:NamespaceList", {"items": 3.0}, "items: must be a list", "1 namespaces"),
        (
            "kubernetes:capsule.clastix.io/v1beta2:Tenant",
            {"spec": {"namespaceOptions": {"quota": "many"}}},
            "spec.namespaceOptions.quota: must be a whole number",
            "1 namespaces",
        ),
        (kinds.SITE, {"projects": "kiosk"}, "projects: must be a list", "1 imported clusters"),
        (
            "kubernetes:index/manifest:Manifest",
            {"manifest": []},
            "manifest: must be an object",
            "1 namespaces",
        ),
        ("kubectl:index/manifest:Manifest", {"yamlBody": 5.0}, "yamlBody: must be a text", "1 namespaces"),
        (kinds.RELEASE, {"resourceNames": 5.0}, "resourceNames: must be an object", "1 namespaces"),
    ],
)
def test_d5_a_wrong_type_is_a_finding_and_counts(
    kind: str, props: dict[str, Any], message: str, counted: str
) -> None:
    wrong, missing = judge_stack(POD_NETWORK_STACK, [(kind, "it", props)])
    assert f"it: {message}" in wrong
    assert f"creates {counted}" in missing


def test_d5_a_chart_of_a_wrong_type_is_a_finding() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, [(kinds.RELEASE, "it", {"chart": 5.0})])
    assert "it: chart: must be a text" in message


def test_d5_no_message_quotes_a_secret() -> None:
    secret = {"metadata": {"name": "tls-ca"}, "data": {"cacerts.pem": ["hidden"]}, "stringData": "hidden"}
    found = judge(TRUSTED_CERTIFICATES, kinds.SECRET, secret)
    assert found
    assert "hidden" not in "".join(found)
