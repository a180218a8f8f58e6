"""Assigns addresses from their namespace's subnets to pods; KWOK starts a pod once it has one."""

from __future__ import annotations

import ipaddress

from lab.cluster.api import Object, annotations_of
from lab.cluster.ncp.controller import State
from lab.cluster.ncp.namespaces import add_subnet, subnets
from lab.cluster.ncp.nsx import ExhaustedError
from lab.cluster.objects import path_of, report

ADDRESS = "ncp/pod-ip"


async def reconcile(state: State, key: str) -> None:
    """Assigns an address to a scheduled pod."""
    pod = state.pods.get(key)
    if pod is None:
        state.assigned.pop(key, None)
    if pod is None or not _needs_address(pod):
        return
    uid = pod["metadata"]["uid"]
    if state.assigned.get(key, ("", ""))[0] == uid:
        return  # the watch lags behind; a second address would keep the pod from starting
    namespace = pod["metadata"]["namespace"]
    if not subnets(state, namespace):
        await _report_waiting(state, pod)  # reconciled again when the namespace gets a subnet
        return
    address = _free_address(state, namespace)
    if address is None:
        try:
            await add_subnet(state, namespace)
        except ExhaustedError:
            await _report_waiting(state, pod)
            raise
        address = _free_address(state, namespace)
    # The uid prevents a replacement pod of the same name from getting this address.
    change = {"uid": uid, "annotations": {ADDRESS: str(address)}}
    if await state.api.patch(path_of(pod), {"metadata": change}):
        state.assigned[key] = (uid, str(address))


def _needs_address(pod: Object) -> bool:
    placed = "nodeName" in pod["spec"] and "deletionTimestamp" not in pod["metadata"]
    return placed and not pod["spec"].get("hostNetwork") and ADDRESS not in annotations_of(pod)


def _free_address(state: State, namespace: str) -> ipaddress.IPv4Address | None:
    """Returns the first free address; network, gateway and broadcast addresses are reserved."""
    prefix = f"{namespace}/"
    used = {annotations_of(pod).get(ADDRESS) for key, pod in state.pods.items() if key.startswith(prefix)}
    used |= {address for key, (_, address) in state.assigned.items() if key.startswith(prefix)}
    for subnet in sorted(subnets(state, namespace)):
        for number in range(2, subnet.num_addresses - 1):
            if str(subnet[number]) not in used:
                return subnet[number]
    return None


async def _report_waiting(state: State, pod: Object) -> None:
    message = "Failed to create pod sandbox: NCP has no IP for it: no subnet of its namespace has room"
    await report(state.api, pod, pod["metadata"]["uid"][:8], "FailedCreatePodSandBox", message)
