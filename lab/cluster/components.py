"""Command lines of a cluster's control plane, sized for a laptop: one etcd member, no leader election."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lab import options
from lab.cluster import nodes
from lab.cluster.certificates import ClusterPki
from lab.cluster.kubeconfig import kubeconfig
from lab.cluster.spec import ClusterFiles, ClusterSpec
from lab.pki import write_private

NAMES = frozenset({"etcd", "apiserver", "controller-manager", "scheduler", "kwok", "ncp", "pods"})
"""The daemons of a running cluster."""
SERVICE_CIDR = "10.100.200.0/24"
"""Cluster IPs of Services: the default range of the PKS tile."""
_Options = Mapping[str, str | int | Path]
_LEASE_SECONDS = 12
_STAGES = Path(__file__).with_name("stages.yaml")

# User of each component that calls the API server, and the group that grants it permissions beyond the
# default RBAC bindings of Kubernetes for that user.
_USERS = {
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kwok", "system:masters"),
    "ncp": ("ncp", "system:masters"),
}


def write_files(files: ClusterFiles, spec: ClusterSpec) -> None:
    """Writes the token file, the kubeconfigs and KWOK's configuration."""
    ca = files.ca.read_text()
    rows = [f'{spec.admin_token},admin,admin,"system:masters"']
    for component, (user, group) in _USERS.items():
        token = _token(spec, component)
        rows.append(f'{token},{user},{user},"{group}"' if group else f"{token},{user},{user}")
        text = kubeconfig(spec, ca, spec.server, user, token)
        write_private(files.kubeconfig(component), text.encode())
    write_private(_tokens(files), "\n".join([*rows, ""]).encode())
    write_private(files.kubeconfig("admin"), kubeconfig(spec, ca, spec.server).encode())
    # A node asks the registry before it starts a pod.
    stages = _STAGES.read_text()
    pulled = """- {key: '.metadata.annotations["lab/pulled"]', operator: Exists}"""
    stages = stages.replace("# IMAGES_PULLED", pulled if files.lab.registry_config.exists() else "")
    start_seconds = options.load(files.lab).rancher_start_seconds
    stages = stages.replace("RANCHER_START_MILLISECONDS", str(round(start_seconds * 1000)))
    stages = stages.replace("CONTROL_PLANE", files.lab.control_plane(spec.slot))
    write_private(files.path("stages.yaml"), stages.encode(), mode=0o644)


def control_plane(files: ClusterFiles, spec: ClusterSpec) -> dict[str, list[str]]:
    """Returns the commands of etcd and kube-apiserver, which depend on nothing else."""
    pki = ClusterPki(files)
    (api_certificate, api_key), (etcd_certificate, etcd_key) = map(pki.pair, ("apiserver", "etcd"))
    etcd = f"https://{files.lab.control_plane(spec.slot)}:2379"
    peer = f"https://{files.lab.control_plane(spec.slot)}:2380"
    etcd_options: _Options = {
        "name": "lab",
        "data-dir": files.path("etcd"),
        "listen-client-urls": etcd,
        "advertise-client-urls": etcd,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"lab={peer}",
        "cert-file": etcd_certificate,
        "key-file": etcd_key,
        "trusted-ca-file": files.ca,
        "client-cert-auth": "true",
        "peer-cert-file": etcd_certificate,
        "peer-key-file": etcd_key,
        "peer-trusted-ca-file": files.ca,
        "peer-client-cert-auth": "true",
        # A lab is recreated after a power failure; without fsync a slow disk cannot stall it.
        "unsafe-no-fsync": "true",
        "snapshot-count": 5000,
        "log-level": "warn",
    }
    eviction = round(options.load(files.lab).eviction_seconds)
    api_options: _Options = {
        "etcd-servers": etcd,
        "etcd-cafile": files.ca,
        "etcd-certfile": etcd_certificate,
        "etcd-keyfile": etcd_key,
        "bind-address": spec.api_address,
        "secure-port": spec.port,
        "advertise-address": spec.api_address,
        "endpoint-reconciler-type": "none",
        "external-hostname": spec.external_hostname,
        "tls-cert-file": api_certificate,
        "tls-private-key-file": api_key,
        "token-auth-file": _tokens(files),
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": SERVICE_CIDR,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": pki.service_account_key,
        "service-account-signing-key-file": pki.service_account_key,
        # KWOK plays the kubelets of all nodes, on one address.
        "kubelet-preferred-address-types": "InternalDNS",
        "kubelet-certificate-authority": files.ca,
        "allow-privileged": "true",
        "default-not-ready-toleration-seconds": eviction,
        "default-unreachable-toleration-seconds": eviction,
        # Pods do not run, so the webhook of a chart (upstream ingress-nginx has one) could not respond.
        "disable-admission-plugins": "MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
        "enable-priority-and-fairness": "false",
        "profiling": "false",
        # The caches cost half of what an idle server does, and few clients ask this one.
        "watch-cache": "false",
    }
    return {
        "etcd": ["etcd", *_flags(etcd_options)],
        "apiserver": ["kube-apiserver", *_flags(api_options)],
    }


def controllers(files: ClusterFiles, spec: ClusterSpec) -> dict[str, list[str]]:
    """Returns the commands that need a ready kube-apiserver: controllers, KWOK and the simulators."""
    pki = ClusterPki(files)
    manager_options: _Options = {
        "kubeconfig": files.kubeconfig("controller-manager"),
        "use-service-account-credentials": "true",
        "service-account-private-key-file": pki.service_account_key,
        "root-ca-file": files.ca,
        "cluster-name": spec.name,
        "leader-elect": "false",
        "secure-port": 0,
        "profiling": "false",
        # With the default of 20 requests per second the start alone takes five seconds.
        "kube-api-qps": 200,
        "kube-api-burst": 400,
        "node-monitor-period": "2s",
        "node-monitor-grace-period": f"{options.load(files.lab).node_grace_seconds:g}s",
    }
    scheduler_options: _Options = {
        "kubeconfig": files.kubeconfig("scheduler"),
        "leader-elect": "false",
        "secure-port": 0,
        "profiling": "false",
    }
    certificate, key = pki.pair("etcd")
    kwok_options: _Options = {
        "kubeconfig": files.kubeconfig("kwok"),
        "config": files.path("stages.yaml"),
        "server-address": f"{files.lab.control_plane(spec.slot)}:{nodes.KUBELET_PORT}",
        "tls-cert-file": certificate,
        "tls-private-key-file": key,
        "manage-nodes-with-label-selector": f"{nodes.POWERED}=on",
        # A kubelet renews its lease after a quarter of this.
        "node-lease-duration-seconds": _LEASE_SECONDS,
    }
    return {
        "controller-manager": ["kube-controller-manager", *_flags(manager_options)],
        "scheduler": ["kube-scheduler", *_flags(scheduler_options)],
        "kwok": ["kwok", *_flags(kwok_options)],
        "ncp": [sys.executable, "-m", "lab.cluster.ncp", "--uuid", spec.uuid],
        "pods": [sys.executable, "-m", "lab.pods", "--uuid", spec.uuid],
    }


def _token(spec: ClusterSpec, component: str) -> str:
    """Derives a component's token from the administrator's, so that it is stable across restarts."""
    return hmac.new(spec.admin_token.encode(), component.encode(), hashlib.sha256).hexdigest()


def _tokens(files: ClusterFiles) -> Path:
    return files.path("tokens.csv")


def _flags(values: _Options) -> Iterator[str]:
    return (f"--{name}={value}" for name, value in values.items())
