"""Checks the way to Rancher from outside: the virtual IP, TLS with our CA, and who answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from components.rancher.https_probe import Answer, ProbeError, Target, ask
from components.runtime.provider import Properties, Provider, changed, plain, unknown, wait

Expect = Literal["ingress", "rancher"]
"""``ingress``: nginx serves the host name, Rancher may be missing. ``rancher``: it answers ``/ping``."""

_IDENTITY = ["address", "port", "hostname", "ca_bundle", "expect", "triggers"]
_PONGS = 5
"""Answers in a row, each over its own connection: different nginx and Rancher pods get them."""
_PONG_PAUSE = 0.2
_PATHS: dict[Expect, str] = {"ingress": "/", "rancher": "/ping"}


class CheckProvider(Provider):
    """Checks at creation and whenever something on the way has changed."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        failures = []
        bundle = news.get("ca_bundle")
        if not unknown(bundle) and not bundle:
            failures.append(
                CheckFailure("ca_bundle", "is empty; give the PEM of the CA that issued the certificate")
            )
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=bool(changed(_olds, _news, _IDENTITY)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        _wait(wanted)
        return CreateResult(f"{wanted['hostname']}:{wanted['port']}", wanted)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        wanted = plain(_news)
        _wait(wanted)
        return UpdateResult(wanted)


class Check(Resource, module="endpoint", name="Check"):
    """A way to Rancher that works, type ``pulumi-python:dynamic/endpoint:Check``."""

    def __init__(
        self,
        resource_name: str,
        *,
        address: pulumi.Input[str],
        port: int,
        hostname: str,
        ca_bundle: pulumi.Input[str],
        expect: Expect,
        timeout_minutes: int,
        triggers: Sequence[pulumi.Input[Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            address: The virtual IP; the host name need not resolve.
            port: Its port for HTTPS.
            hostname: Rancher's DNS name: sent as SNI and Host, and verified in the certificate.
            ca_bundle: PEM of the CAs to trust, and no others.
            expect: Who has to answer.
            timeout_minutes: Longest time until then.
            triggers: Values whose change makes the check run again.
            opts: Must depend on what makes the way.
        """
        props = {
            "address": address,
            "port": port,
            "hostname": hostname,
            "ca_bundle": ca_bundle,
            "expect": expect,
            "timeout_minutes": timeout_minutes,
            "triggers": list(triggers),
        }
        super().__init__(CheckProvider(), resource_name, props, opts)


def _wait(wanted: Properties) -> None:
    expect: Expect = wanted["expect"]
    target = Target(
        wanted["address"], wanted["port"], wanted["hostname"], wanted["ca_bundle"], _PATHS[expect]
    )
    judge = _JUDGES[expect]

    def poll() -> tuple[str, bool | None]:
        try:
            return judge(target)
        except ProbeError as error:
            return str(error), None

    wait(
        f"endpoint {target}",
        poll,
        timeout=wanted["timeout_minutes"] * 60,
        first=0.3,
        cap=5,
        resume="Run pulumi up again when that is mended",
    )


def _ingress(target: Target) -> tuple[str, bool | None]:
    """The TLS secret and the Ingress are in force, whatever is behind them."""
    answer = ask(target)
    if answer.status == 404 and _is_nginx(answer):
        return (
            f"HTTP: status 404: nginx has no rule for {target.hostname}. Check that its Ingress exists, "
            "has this host and the annotation kubernetes.io/ingress.class: nginx",
            None,
        )
    return f"HTTP: status {answer.status}", True


def _rancher(target: Target) -> tuple[str, bool | None]:
    """Rancher's pods answer, one request after the other."""
    for number in range(_PONGS):
        if number:
            time.sleep(_PONG_PAUSE)
        answer = ask(target)
        if answer.status != 200 or answer.body.strip() != "pong":
            return f"HTTP: {_meaning(answer, target)} (after {number} good answers in a row)", None
    return f"{_PONGS} times pong", True


def _meaning(answer: Answer, target: Target) -> str:
    meanings = {
        404: f"nobody serves /ping of {target.hostname}: check Rancher's Ingress",
        502: "nginx cannot connect to Rancher's pods: see their log",
        503: "Rancher's Service has no ready pod: see kubectl get pods -l app=rancher",
        504: "Rancher's pods do not answer in time: see their log",
    }
    told = meanings.get(answer.status) or f"the answer is {answer.body.strip()[:60]!r}, not 'pong'"
    return f"status {answer.status}: {told}"


def _is_nginx(answer: Answer) -> bool:
    """Whether nginx itself (or its default backend) found no rule, rather than Rancher no page."""
    return "default backend - 404" in answer.body or "<center>nginx" in answer.body or not answer.body.strip()


_JUDGES: dict[Expect, Callable[[Target], tuple[str, bool | None]]] = {
    "ingress": _ingress,
    "rancher": _rancher,
}
