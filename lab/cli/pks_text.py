"""Text output of ``pks`` (docs-pks 1.5, the article; with the lines of TKGI 1.19 when run as ``tkgi``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lab.cli.console import table

Document = Mapping[str, Any]

_DETAILS = {
    "lb_size": "Load Balancer Size",
    "nodes_dns": "Nodes DNS Setting",
    "node_routable": "Node IP addresses are routable [no-nat]",
    "node_subnet_prefix": "Nodes subnet prefix",
    "pod_routable": "POD IP addresses are routable [no-nat]",
    "pod_subnet_prefix": "PODs subnet prefix",
    "master_vms_nsgroup_id": "NS Group ID of master VMs",
    "t0_router_id": "Tier 0 Router identifier",
    "fip_pool_ids": "Floating IP Pool identifiers",
    "node_ip_block_ids": "Node IP block identifiers",
    "pod_ip_block_ids": "POD IP block identifiers",
}


def cluster(document: Document, product: str) -> str:
    """Formats one cluster; ``product`` is PKS or TKGI, which shows more lines."""
    parameters = document["parameters"]
    rows = {
        f"{product} Version": document["pks_version"],
        "Name": document["name"],
        "K8s Version": document["k8s_version"],
        "Plan Name": document["plan_name"],
        "UUID": document["uuid"],
        "Last Action": document["last_action"],
        "Last Action State": document["last_action_state"],
        "Last Action Description": document["last_action_description"],
        "Kubernetes Master Host": parameters["kubernetes_master_host"],
        "Kubernetes Master Port": parameters["kubernetes_master_port"],
        "Worker Nodes": parameters["kubernetes_worker_instances"],
        "Kubernetes Master IP(s)": ", ".join(document["kubernetes_master_ips"]),
        "Network Profile Name": document["network_profile_name"],
    }
    if product == "TKGI":
        tags = parameters["cluster_tags"] or []
        rows |= {
            "Kubernetes Profile Name": document["kubernetes_profile_name"],
            "Compute Profile Name": document["compute_profile_name"],
            "Tags": ", ".join(f"{tag['name']}:{tag['value']}".rstrip(":") for tag in tags),
        }
    return "\n".join(f"{label + ':':<26}{value}".rstrip() for label, value in rows.items())


def details(document: Document) -> str:
    """Formats ``cluster --details``. Keys: docs-pks 1.5 ``view-cluster-details``; layout invented."""
    network = document["parameters"]["nsxt_network_details"] or {}
    lines = [
        f"  {label:<40}{f'({key}):':<27}{json.dumps(network[key])}"
        for key, label in _DETAILS.items()
        if key in network
    ]
    return "\n".join(["NSXT Network Details:", *lines, "Kubernetes Settings Details:", "  Set by Plan:"])


def clusters(documents: Sequence[Document], product: str) -> str:
    """Formats all clusters, with the five columns of PKS 1.5 or those of later versions."""
    columns = {
        "Name": "name",
        "Plan Name": "plan_name",
        "UUID": "uuid",
        "Status": "last_action_state",
        "Action": "last_action",
    }
    if product == "TKGI":
        columns = {"TKGI Version": "pks_version", "Name": "name", "k8s Version": "k8s_version", **columns}
    rows = [[str(document[key]) for key in columns.values()] for document in documents]
    return table(list(columns), rows)


def plans(documents: Sequence[Document]) -> str:
    """Formats all plans."""
    return table(["Name", "ID", "Description"], [[d["name"], d["id"], d["description"]] for d in documents])


def profiles(documents: Sequence[Document]) -> str:
    """Formats all profiles of a kind."""
    return table(["Name", "Description"], [[d["name"], d["description"]] for d in documents])


def profile(document: Document) -> str:
    """Formats one profile; layout invented."""
    head = f"{'Name:':<26}{document['name']}\n{'Description:':<26}{document['description']}"
    return f"{head}\nParameters:\n{json.dumps(document['parameters'], indent=2)}"
