"""Parsers of what servers answer: Kubernetes, Rancher, NSX-T, chart repositories, registries, GitHub, DNS."""

from __future__ import annotations

import email.message
import io
import re
import zlib
from collections.abc import Callable
from random import Random
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import dns.update
import pulumi

from capacity.model.plan import Block, CapacityError, Network
from ci import github
from ci.problem import StepError
from components.capacity import nsx_errors, nsx_manager
from components.dns.credentials import TSIG
from components.dns.server import Server as DnsServer
from components.helm import chart_repository, history
from components.helm.rollout import RolloutProvider
from components.helm.v2 import history as tiller
from components.helm.v2 import ownership, permissions
from components.ingress.virtual_ip import VirtualIpProvider
from components.kubernetes import api as kube
from components.kubernetes import oidc
from components.kubernetes.deleted_object import DeletedObjectProvider
from components.rancher.admin import AdminProvider
from components.rancher.local_cluster import LocalClusterProvider
from components.runtime.errors import ProviderError
from domain.charts import ChartReference
from domain.oidc import OidcLogin
from fleet import edge, kubeconfigs
from fleet.agent_connections import AgentConnectionsProvider
from fleet.session import FleetProvider, Sessions
from fleet.site import SiteProvider
from fleet.user import UserProvider
from tests.dns.sites import KEY, SECRET
from tests.fuzz import samples, web
from tests.fuzz.mutation import raw
from tests.fuzz.running import Target

_Answers = list[tuple[str, int, bytes, dict[str, str]]]
_RELEASE = {"release": "rancher", "namespace": "cattle-system", "revision": 1, "timeout_minutes": 1}
_IN_CLUSTER = {"kubeconfig": samples.KUBECONFIG}
_ENDPOINT = {"address": "10.50.0.79", "port": 443, "hostname": samples.HOST, "ca_bundle": samples.CA_PEM}
_ADMIN = {
    **{"endpoint": _ENDPOINT, "version": "2.8.5", "password": "correct horse battery", "token_days": 90},
    **{"server_url": f"https://{samples.HOST}", "telemetry": "out", "renew_days": 30, **_IN_CLUSTER},
    "description": "rancher-on-pks",
}
_LOCAL = {"endpoint": _ENDPOINT, "server_url": "x", "token": "t", "timeout_minutes": 1}
_ACCESS = {"endpoint": _ENDPOINT, "server_uuid": "u", "token": "token-abc12:secret"}
_SITE = {
    **_ACCESS,
    **{"name": "berlin-01", "adopt": False, "cluster_labels": {"region": "emea"}, "cluster_annotations": {}},
    "members": [{"user": "admin", "role": "cluster-member"}],
    "projects": [{"name": "kiosk", "members": [{"user": "admin", "role": "project-owner"}]}],
    **{"kubeconfig_file": "", "fingerprint": "", "owner": "o", "project_limit": 3},
}
_KNOWN_SITE = {
    **_SITE,
    "cluster_id": "c-abc12",
    "objects": [],
    "project_ids": {"kiosk": "p"},
    "binding_ids": {"a": "b"},
}
_CONNECTIONS = {
    **_ACCESS,
    "awaited": {"berlin-01": "c-abc12"},
    "registered": {},
    "problems": {},
    "timeout_minutes": 1,
}
_USER = {**_ACCESS, "name": "jane", "display_name": "Jane", "owner": "o"}
_ERRORS = (ProviderError, CapacityError)


def _all(answers: _Answers, *calls: Callable[[], object]) -> None:
    """Run one of the calls against the answers: which one depends on them alone."""
    with web.serving(answers):
        calls[zlib.crc32(b"".join(content for _, _, content, _ in answers)) % len(calls)]()


def _kubernetes(answers: _Answers) -> None:
    def with_api(call: Callable[[kube.Kubernetes], object]) -> Callable[[], None]:
        def called() -> None:
            with kube.client(samples.KUBECONFIG) as api:
                call(api)

        return called

    parsed = kubeconfigs.from_text(samples.KUBECONFIG)
    vip = {**_RELEASE, **_IN_CLUSTER, "network": "10.50.0.0/24", "service": 1}
    gone = {"path": "/apis/apps/v1/namespaces/cattle-system/deployments/x", "creator": 1, **_IN_CLUSTER}
    _all(
        answers,
        with_api(lambda api: history.prepare_create(api, "cattle-system", "rancher", "rancher")),
        with_api(lambda api: history.prepare_update(api, "cattle-system", "rancher")),
        with_api(lambda api: [tiller.content(item) for item in tiller.find(api, "rancher")]),
        with_api(lambda api: tiller.move(api, "rancher", "secrets")),
        with_api(permissions.revoke_all),
        with_api(lambda api: ownership.annotate(api, _MANIFEST, "cattle-system", "rancher")),
        lambda: RolloutProvider().create({**_RELEASE, **_IN_CLUSTER}),
        lambda: VirtualIpProvider().create(vip),
        lambda: VirtualIpProvider().read("x", {**vip, "address": "10.50.0.79"}),
        lambda: DeletedObjectProvider().create(gone),
        lambda: edge.apply(parsed, _MANIFEST, "c-abc12", f"https://{samples.HOST}", adopt=False),
        lambda: edge.remove(parsed, ["/api/v1/namespaces/cattle-system"], "c-abc12"),
        _nsx_errors,
    )


def _nsx_errors() -> None:
    with mock.patch.multiple(pulumi.log, warn=mock.DEFAULT, info=mock.DEFAULT):
        nsx_errors.report(samples.KUBECONFIG)


_MANIFEST = (
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: cattle-system}\n---\n"
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: cattle-system}\n"
)


def _rancher(answers: _Answers) -> None:
    known = {**_ADMIN, "token": "token-abc12:secret", "token_name": "token-abc12", "token_expires": ""}
    _all(
        answers,
        lambda: AdminProvider().create(dict(_ADMIN)),
        lambda: AdminProvider().update("admin", known, dict(_ADMIN)),
        lambda: AdminProvider().read("admin", known),
        lambda: AdminProvider().delete("admin", known),
        lambda: LocalClusterProvider().create(dict(_LOCAL)),
        lambda: LocalClusterProvider().read("local", dict(_LOCAL)),
    )


def _fleet(answers: _Answers) -> None:
    def made(kind: type[FleetProvider]) -> FleetProvider:
        provider = kind()
        provider.sessions = Sessions(1.0)
        return provider

    _all(
        answers,
        lambda: made(SiteProvider).create(dict(_SITE)),
        lambda: made(SiteProvider).read("berlin-01", dict(_KNOWN_SITE)),
        lambda: made(SiteProvider).delete("berlin-01", dict(_KNOWN_SITE)),
        lambda: made(UserProvider).create(dict(_USER)),
        lambda: made(UserProvider).read("user-abc12", {**_USER, "user_id": "user-abc12"}),
        lambda: made(AgentConnectionsProvider).create(dict(_CONNECTIONS)),
        lambda: made(AgentConnectionsProvider).read("fleet", {**_CONNECTIONS, "states": {}}),
    )


def _nsx(answers: _Answers) -> None:
    credentials = {"NSXT_MANAGER": "nsx.test", "NSXT_USERNAME": "u", "NSXT_PASSWORD": "p"}
    login = nsx_manager.NSX.read(lambda _: None, credentials)
    network = Network(blocks=(Block(cidr="192.168.0.0/16"),), segment_limit=500, tier1_limit=500)
    pool = next((found[1] for item in answers if (found := re.search(r"ip-pools/([\w-]+)", item[0]))), "pool")
    _all(
        answers,
        lambda: nsx_manager.read(login, network, None, [pool]),
        lambda: nsx_manager.read(login, network, "uuid", [pool]),
    )


def _chart(answers: _Answers) -> None:
    chart = ChartReference("rancher", "https://charts.test/charts", "2.8.5", username="u", password="p")
    _all(answers, lambda: chart_repository.resolve(chart))


def _registry(answers: _Answers) -> None:
    chart = ChartReference("rancher", "oci://registry.test/charts", "2.8.5", username="u", password="p")
    _all(answers, lambda: chart_repository.resolve(chart))


def _oidc(answers: _Answers) -> None:
    login = OidcLogin("https://uaa.test:8443", "c", "", "r", samples.CA_PEM)
    _all(answers, lambda: oidc.id_token(login))


_DISCOVERY = {"issuer": "https://uaa.test:8443", "token_endpoint": "https://uaa.test:8443/oauth/token"}
_OIDC: list[web.Answer] = [
    (r"GET /.well-known/.*", 200, _DISCOVERY),
    (r"POST /oauth/token", 200, {"id_token": "a.e30.c", "expires_in": 600}),
]


def _github(answers: _Answers) -> None:
    class Opener:
        def open(self, request: Any, timeout: float) -> Any:
            del timeout
            asked = f"{request.get_method()} {urlsplit(request.full_url).path}"
            for pattern, _, content, headers in answers:
                if re.fullmatch(pattern, asked):
                    found = email.message.Message()
                    found["Link"] = headers.get("Link", "")
                    answer = io.BytesIO(content)
                    answer.headers = found  # type: ignore[attr-defined]
                    return answer
            raise OSError("no answer")

    hub = github.GitHub("https://api.github.com", "o/r", "t")
    with mock.patch.object(github, "_OPENER", Opener()):
        hub.comment(1, "<!-- m -->\nnew")
        hub.issue("title", "<!-- m -->\nnew", "drift")
        hub.close_issue("<!-- m -->\nnew", "drift")


_TSIG = {"DNS_TSIG_NAME": KEY, "DNS_TSIG_SECRET": SECRET}
_RECORDS = (
    ("lab.test.", "SOA", "ns.lab.test. admin.lab.test. 1 2 3 4 5"),
    ("lab.test.", "NS", "ns.other.test."),
    ("rancher.lab.test.", "A", "10.50.0.79"),
    ("rancher.lab.test.", "CNAME", "lab.test."),
    ("*.lab.test.", "A", "10.50.0.80"),
    (".", "SOA", ". . 0 0 0 0 0"),
)


def _dns(seed: int) -> None:
    """Signed and unsigned answers of any records and codes; half of them damaged on the way."""
    draw = Random(seed)  # noqa: S311 - repeatable, not secret

    def receive(*_: object, **_kwargs: object) -> tuple[dns.message.Message, float]:
        asked = sent[-1]
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.AA
        if not isinstance(asked, dns.update.UpdateMessage):
            answer.answer.append(dns.rrset.from_text(*_RECORDS[0][:1], 300, "IN", *_RECORDS[0][1:]))
        if draw.random() < 0.8:
            return dns.message.from_wire(answer.to_wire(), keyring=False), 0.0
        answer.set_rcode(dns.rcode.Rcode(draw.randrange(11)))
        answer.flags = draw.getrandbits(16) | dns.flags.QR if draw.random() < 0.3 else answer.flags
        for owner, kind, text in draw.sample(_RECORDS, draw.randrange(4)):
            section = draw.choice((answer.answer, answer.authority, answer.additional))
            section.append(dns.rrset.from_text(owner, draw.choice((0, 300)), "IN", kind, text))
        if draw.random() < 0.2:
            answer.tsig = None
        wire = answer.to_wire()
        wire = raw(draw, wire) if draw.random() < 0.5 else wire
        return dns.message.from_wire(wire, keyring=False), 0.0

    sent: list[dns.message.Message] = []
    server = DnsServer("127.0.0.1:53", TSIG.read(lambda _: None, _TSIG))

    def send(_: object, wire: bytes, *__: object) -> None:
        sent.append(dns.message.from_wire(wire, keyring=server._transport.key))

    with (
        mock.patch("socket.create_connection", mock.MagicMock()),
        mock.patch.object(dns.query, "send_tcp", send),
        mock.patch.object(dns.query, "receive_tcp", receive),
        web.serving([]),
    ):
        name = "rancher.lab.test"
        zone = server.zone_of(name) if draw.random() < 0.5 else "lab.test"
        server.address_record(zone, name)
        server.is_free(zone, name)
        server.check_update(zone)
        server.ensure(zone, name, ("10.50.0.79",), "10.50.0.80", 300)
        server.taken(name)
        server.remove(zone, name, ("10.50.0.79",))


_CORPUS = samples.kubernetes()
_RANCHER = samples.rancher()
_FIRST_LOGIN = [answer for answer in _CORPUS if "bootstrap-secret" in answer[0]]
TARGETS = (
    Target("Kubernetes API", (_CORPUS,), web.mutated, _kubernetes, _ERRORS),
    Target("Rancher API", (_FIRST_LOGIN + _RANCHER,), web.mutated, _rancher, _ERRORS),
    Target("fleet's Rancher API", (_RANCHER,), web.mutated, _fleet, _ERRORS),
    Target("NSX-T bodies", samples.nsx(), web.mutated, _nsx, _ERRORS),
    Target("chart indexes", (samples.chart_index(),), web.mutated, _chart, _ERRORS),
    Target("OCI registries", (samples.registry(),), web.mutated, _registry, _ERRORS),
    Target("OIDC issuers", (_OIDC,), web.mutated, _oidc, _ERRORS),
    Target("DNS answers", (0,), lambda draw, _: draw.getrandbits(64), _dns, _ERRORS),
    Target("GitHub API", (samples.github(),), web.mutated, _github, (StepError,)),
)
