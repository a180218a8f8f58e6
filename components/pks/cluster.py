"""PKS cluster: created, adopted, resized, read and deleted to the end (docs-pks 1.5 `create-cluster`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from components.pks.cli import PksError, TransientPksError
from components.pks.cli_process import CallTimeoutError
from components.pks.provider import PksProvider
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, changed, plain, wait

REPLACING = ["cluster", "external_hostname", "plan"]
"""Properties that PKS cannot change: `update-cluster` has no flag for them."""

_UPDATING = ["workers", "network_profile", "compute_profile", "tags"]
_INPUTS = [*REPLACING, *_UPDATING, "timeout_minutes"]
_STALE_POLLS = 3
"""After an order the API may show the state before it for a few polls (terraform-provider-pks)."""


class ClusterProvider(PksProvider):
    """Orders go through the CLI, which never waits; the state is polled here."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        olds, wanted = plain(_olds), plain(news)
        if not olds or any(olds.get(name) != wanted.get(name) for name in REPLACING):
            return CheckResult(news, [])
        failures = [
            CheckFailure(name, f"PKS cannot take the {words} from a cluster: set config {key} again")
            for name, words, key in (
                ("network_profile", "network profile", "networkProfile"),
                ("compute_profile", "compute profile", "computeProfile"),
            )
            if olds.get(name) and not wanted.get(name)
        ]
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        replaces = changed(_olds, _news, REPLACING)
        different = changed(_olds, _news, _INPUTS)
        # Name and hostname are unique in the foundation: the old cluster has to go first.
        return DiffResult(changes=bool(different), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        name = wanted["cluster"]
        try:
            options = _options(wanted, [item for item in _UPDATING if wanted[item]])
            self.pks.create_cluster(name, wanted["external_hostname"], wanted["plan"], options)
        except (PksError, CallTimeoutError) as error:
            live = self.pks.cluster(name)
            if live is None:
                raise
            problems = adoption_problems(live, wanted)
            if problems:
                raise ProviderError(f"{error}. " + " ".join(problems)) from None
            log.info("cluster %s exists (%s) and matches: taken over", name, _state(live))
        live = self._await(wanted, "CREATE")
        outputs = {**wanted, **outputs_of(live)}
        if outputs["workers"] != wanted["workers"]:
            outputs = self._change(outputs, wanted, ["workers"])
        return CreateResult(str(live["uuid"]), outputs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        live = self.pks.cluster(known["cluster"])
        if live is None or live["uuid"] != id_:
            return ReadResult("", {})
        found = {**known, **outputs_of(live)}
        # The live values also become the inputs, so that the next preview shows what it would change back.
        return ReadResult(id_, found, {name: found[name] for name in _INPUTS})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        olds, wanted = plain(_olds), plain(_news)
        return UpdateResult(self._change({**olds, **wanted}, wanted, changed(olds, wanted, _UPDATING)))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        known = plain(_props)
        name = known["cluster"]
        live = self.pks.cluster(name)
        if live is None or live["uuid"] != _id:
            return
        if not _deleting(live):
            self._order_deletion(known, live)

        def gone() -> tuple[str, bool | None]:
            live = self._look(name)
            if isinstance(live, str):
                return live, None
            if live is None or live["uuid"] != _id:
                return "gone", True
            if live.get("last_action") == "DELETE" and _failed(live):
                raise ProviderError(f"PKS failed to delete cluster {name}: {_state(live)}. {_ADVICE}")
            return _state(live), None

        wait(
            f"deletion of cluster {name}",
            gone,
            timeout=_timeout(known),
            resume="Run the command again: it goes on waiting.",
        )

    def _order_deletion(self, known: Properties, live: Mapping[str, Any]) -> None:
        """PKS refuses it while another action runs: that one is waited for, however it ends."""
        name = known["cluster"]

        def idle() -> tuple[str, bool | None]:
            live = self._look(name)
            if isinstance(live, str):
                return live, None
            return ("gone", True) if live is None else (_state(live), not _in_progress(live) or None)

        if _in_progress(live):
            wait(f"cluster {name}", idle, timeout=_timeout(known), resume="Run the command again.")
        try:
            self.pks.delete_cluster(name)
        except (PksError, CallTimeoutError):
            now = self.pks.cluster(name)
            if now is not None and not _deleting(now):
                raise

    def _change(self, state: Properties, wanted: Properties, names: list[str]) -> Properties:
        if not names:
            return state
        name = wanted["cluster"]
        live = self.pks.cluster(name)
        if live is None:
            raise ProviderError(
                f"cluster {name} is gone. Run `pulumi refresh`, then `pulumi up` creates it anew"
            )
        if _in_progress(live):
            live = self._await(wanted, str(live.get("last_action")))
        present = outputs_of(live)
        needed = [
            item
            for item in names
            if present.get(item, state.get(item)) != wanted.get(item) or item not in present
        ]
        if needed:
            self.pks.update_cluster(name, _options(wanted, needed))
            live = self._await(wanted, "UPDATE", stale=_STALE_POLLS)
        return {**state, **outputs_of(live)}

    def _await(self, wanted: Properties, action: str, stale: int = 0) -> dict[str, Any]:
        """Wait until the running action has succeeded; up to ``stale`` early "succeeded" are not believed."""
        name = wanted["cluster"]
        doubts, absences = stale, _STALE_POLLS

        def done() -> tuple[str, dict[str, Any] | None]:
            nonlocal doubts, absences
            live = self._look(name)
            if isinstance(live, str):
                return live, None
            if live is None:
                absences -= 1
                if absences < 0:
                    raise ProviderError(
                        f"cluster {name} vanished while waiting for {action}. Run `pulumi up` again"
                    )
                return "not listed yet", None
            if _failed(live) and not doubts:
                raise ProviderError(f"PKS failed: cluster {name}: {_state(live)}. {_ADVICE}")
            if _in_progress(live):
                doubts = 0
            elif doubts:
                doubts -= 1
            elif live.get("last_action_state") == "succeeded" and master_ips(live):
                return _state(live), live
            return _state(live), None

        return wait(
            f"{action} of cluster {name}",
            done,
            timeout=_timeout(wanted),
            resume="Run `pulumi up` again: it goes on waiting (longer with config clusterTimeoutMinutes).",
        )

    def _look(self, name: str) -> dict[str, Any] | str | None:
        """The cluster; or, when the API cannot be asked just now, the reason: one bad poll ends no wait."""
        try:
            return self.pks.cluster(name)
        except (TransientPksError, CallTimeoutError) as error:
            return str(error)


class Cluster(Resource, module="pks", name="Cluster"):
    """A cluster of the foundation, type ``pulumi-python:dynamic/pks:Cluster``; its id is the PKS UUID."""

    uuid: pulumi.Output[str]
    master_ips: pulumi.Output[list[str]]
    kubernetes_version: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        cluster: str,
        external_hostname: str,
        plan: str,
        workers: int,
        network_profile: str,
        compute_profile: str,
        tags: Mapping[str, str],
        timeout_minutes: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "cluster": cluster,
            "external_hostname": external_hostname,
            "plan": plan,
            "workers": workers,
            "network_profile": network_profile,
            "compute_profile": compute_profile,
            "tags": dict(tags),
            "timeout_minutes": timeout_minutes,
            "uuid": None,
            "master_ips": None,
            "kubernetes_version": None,
        }
        super().__init__(ClusterProvider(), resource_name, props, opts)


def adoption_problems(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Why a cluster that exists under the wanted name cannot be taken over; empty when it can."""
    parameters = live.get("parameters") or {}
    pairs = {
        "plan": (live.get("plan_name"), wanted["plan"]),
        "external hostname": (parameters.get("kubernetes_master_host"), wanted["external_hostname"]),
        "network profile": (live.get("network_profile_name") or "", wanted["network_profile"]),
        "compute profile": (live.get("compute_profile_name") or "", wanted["compute_profile"]),
    }
    name = live["name"]
    problems = [
        f"Cluster {name!r} exists with {what} {has!r} where the config says {should!r}: change the config "
        f"or choose another clusterName."
        for what, (has, should) in pairs.items()
        if has is not None and has != should
    ]
    if live.get("last_action") == "DELETE":
        problems.append(f"Cluster {name!r} is being deleted ({_state(live)}): wait until it is gone.")
    elif _failed(live):
        problems.append(f"Cluster {name!r} exists but has failed ({_state(live)}). {_ADVICE}")
    return problems


def outputs_of(live: Mapping[str, Any]) -> Properties:
    """The live values of the resource's properties, as far as the API tells them."""
    parameters = live.get("parameters") or {}
    outputs = {
        "uuid": live["uuid"],
        "plan": live.get("plan_name"),
        "external_hostname": parameters.get("kubernetes_master_host"),
        "workers": parameters.get("kubernetes_worker_instances"),
        "network_profile": live.get("network_profile_name") or "",
        "compute_profile": live.get("compute_profile_name") or "",
        "tags": _tags(parameters.get("cluster_tags")),
        "master_ips": master_ips(live),
        "kubernetes_version": live.get("k8s_version") or "",
    }
    return {name: value for name, value in outputs.items() if value is not None}


def master_ips(live: Mapping[str, Any]) -> list[str]:
    """The control plane's addresses (with NSX-T: its one virtual IP); empty while "In Progress"."""
    return [ip for ip in live.get("kubernetes_master_ips") or [] if ip[:1].isdigit()]


_ADVICE = (
    "See `bosh tasks` for the cause. When it is mended, run `pulumi up` again; or remove the cluster with "
    "`pks delete-cluster` and run `pulumi up`"
)


def _state(live: Mapping[str, Any]) -> str:
    words = (live.get("last_action"), live.get("last_action_state"), live.get("last_action_description"))
    return ", ".join(str(word) for word in words if word)


def _failed(live: Mapping[str, Any]) -> bool:
    return live.get("last_action_state") in {"failed", "error"}  # both occur in the documentation


def _deleting(live: Mapping[str, Any]) -> bool:
    return live.get("last_action") == "DELETE" and _in_progress(live)


def _in_progress(live: Mapping[str, Any]) -> bool:
    return bool(live.get("last_action_state") == "in progress")


def _timeout(wanted: Mapping[str, Any]) -> float:
    return float(wanted["timeout_minutes"]) * 60


def _options(wanted: Mapping[str, Any], names: list[str]) -> dict[str, str]:
    flags = {
        "workers": ("num-nodes", str(wanted["workers"])),
        "network_profile": ("network-profile", wanted["network_profile"]),
        "compute_profile": ("compute-profile", wanted["compute_profile"]),
        "tags": (
            "tags",
            ",".join(f"{key}:{value}".rstrip(":") for key, value in sorted(wanted["tags"].items())),
        ),
    }
    return dict(flags[name] for name in names)


def _tags(live: object) -> dict[str, str] | None:
    """The tags as a mapping; None when this PKS does not tell them. Both documented forms are understood."""
    if isinstance(live, list):
        return {str(tag["name"]): str(tag.get("value") or "") for tag in live}
    if isinstance(live, str):
        pairs = (item.partition(":") for item in live.split(",") if item)
        return {key.strip(): value.strip() for key, _, value in pairs}
    return dict(live) if isinstance(live, Mapping) else None
