"""What the parsers normally read: documented and recorded answers, and examples of this repository."""

from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from components.pks.cluster import ClusterProvider
from domain.helm_history import encode
from tests import pki
from tests.ci import logs
from tests.fuzz.web import Answer
from tests.helm.v2.tiller_release import Chart, Release, Status
from tests.kubernetes_api import kubeconfig

ROOT = Path(__file__).parents[2]
HOST = "rancher.example.com"
KUBECONFIG = kubeconfig("https://10.50.0.71:8443")
_CA = pki.root()
_SERVER = pki.server(_CA)
_INTERMEDIATE = pki.make("intermediate", _CA, ca=True)
CA_PEM = _CA.pem
CERTIFICATES = (
    (_SERVER.pem + _CA.pem).encode(),
    (_SERVER.pem + _INTERMEDIATE.pem + _CA.pem).encode(),
    _SERVER.der,
)
KEYS = (_SERVER.key_pem.encode(), (_SERVER.pem + _SERVER.key_pem).encode())
_SOON = f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}"


def documented(folder: str, pattern: str) -> list[Any]:
    """The JSON documents below a folder of documented answers."""
    return [
        json.loads(file.read_text())
        for file in sorted((ROOT / "tests" / folder / "documented").glob(pattern))
    ]


def pks_json() -> tuple[Any, ...]:
    return tuple(item for file in documented("pks", "*/*.json") for item in (file, *_parts(file)))


def pks_texts() -> tuple[bytes, ...]:
    errors = [item["text"] for file in documented("pks", "*/errors.json") for item in file]
    return tuple(text.encode() for text in (*errors, "Error: Cluster c not found"))


def profiles() -> tuple[Any, ...]:
    found = [item for file in documented("pks", "*/network-profiles.json") for item in _parts(file)]
    return tuple(item.get("parameters", item) for item in found if isinstance(item, dict))


def bosh() -> tuple[Any, ...]:
    return tuple(documented("placement", "*/*.json"))


def _parts(document: Any) -> list[Any]:
    values = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    return [item for item in values if isinstance(item, dict | list)]


def stack_files() -> tuple[bytes, ...]:
    files = [*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("examples/*/Pulumi.*.yaml")]
    return tuple(file.read_bytes() for file in sorted(files))


def sites() -> tuple[bytes, ...]:
    given = {
        "users": [{"name": "jane", "displayName": "Jane Doe"}],
        "sites": [
            {
                **{"name": "berlin-01", "kubeconfig": "berlin.yaml", "labels": {"region": "emea"}},
                "members": [{"user": "jane", "role": "cluster-member"}],
                "projects": [{"name": "kiosk", "members": [{"user": "jane", "role": "project-owner"}]}],
            },
            {"name": "ship-17", "registrationOnly": True, "annotations": {"a": "b"}, "adopt": True},
        ],
    }
    aliases = "".join(
        f"{name}: &{name} [{', '.join([f'*{one}'] * 9)}]\n" for one, name in pairwise("abcdefghij")
    )
    laughs = f"a: &a [x, x]\n{aliases}sites:\n  - name: *j\n    labels: *j\n    projects: *i\n"
    files = sorted((ROOT / "examples/fleet/sites").glob("*.yaml"))
    return (yaml.safe_dump(given).encode(), laughs.encode(), *(file.read_bytes() for file in files))


def kubeconfigs() -> tuple[bytes, ...]:
    document = yaml.safe_load(KUBECONFIG)
    users: list[dict[str, Any]] = [
        {"token": "t"},
        {"username": "u", "password": "p"},
        {"client-certificate-data": _b64(_SERVER.pem), "client-key-data": _b64(_SERVER.key_pem)},
        {"client-certificate": "cert.pem", "client-key": "key.pem"},
        {
            "auth-provider": {
                "name": "oidc",
                "config": {"idp-issuer-url": "https://uaa:8443", "id-token": "a.e30.c"},
            }
        },
        {"exec": {"command": "id"}},
        {"tokenFile": "/etc/passwd"},
    ]
    return tuple(
        yaml.safe_dump({**document, "users": [{"name": "u", "user": user}]}).encode() for user in users
    )


def events() -> tuple[Any, ...]:
    old, new = (
        {"workers": 3, "tags": {"a": "1"}, "names": ["x"]},
        {"workers": 4, "tags": {"b": "1"}, "names": []},
    )
    return (
        [
            logs.step("update", logs.CLUSTER, "rancher-cluster", old, new, diffs=["workers"]),
            logs.step("create", logs.RELEASE, "release", None, new),
            logs.step("replace", logs.CLUSTER, "c", old, new, keys=["workers"], detailedDiff={"tags.a": {}}),
            logs.step(
                "same", logs.CLUSTER, "d", {"a": logs.SECRET}, {"a": logs.UNKNOWN}, event="resOutputsEvent"
            ),
            logs.violation("too many"),
            logs.diagnostic("warning", "careful"),
            logs.diagnostic("error", "failed"),
            logs.summary(update=1, same=3),
        ],
    )


def pickles() -> tuple[bytes, ...]:
    return pickle.dumps(ClusterProvider(), 4), pickle.dumps(print, 4), pickle.dumps({"a": [1, "b"]}, 5)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# --- Kubernetes ---------------------------------------------------------------------------------------------
_OWNED = {"meta.helm.sh/release-name": "rancher", "meta.helm.sh/release-namespace": "cattle-system"}


def _item(kind: str, name: str, **content: Any) -> dict[str, Any]:
    metadata = {
        **{"name": name, "namespace": "cattle-system", "generation": 2, "annotations": dict(_OWNED)},
        "creationTimestamp": "2026-05-01T10:00:00Z",
        "labels": {"app": name},
    }
    return {"kind": kind, "apiVersion": "v1", "metadata": metadata, **content}


def _list(*items: Any) -> dict[str, Any]:
    return {"kind": "List", "apiVersion": "v1", "metadata": {"continue": ""}, "items": list(items)}


def kubernetes() -> list[Answer]:
    condition = {
        "type": "Available",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
        "message": "no",
    }
    selector = {"matchLabels": {"app": "rancher"}}
    container = {
        **{"name": "rancher", "ready": False, "restartCount": 3},
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
    }
    pod = {
        **{"phase": "Pending", "conditions": [{"type": "Ready", "status": "False", "reason": "X"}]},
        **{"containerStatuses": [container], "initContainerStatuses": [container]},
    }
    replicas = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 1}
    daemons = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}
    event = {"involvedObject": {"kind": "Pod", "name": "rancher"}, "reason": "Failed", "message": "no image"}
    base = "/apis/apps/v1/namespaces/cattle-system"
    core = "/api/v1/namespaces/cattle-system"
    addresses = {"loadBalancer": {"ingress": [{"ip": "10.50.0.79"}, {"ip": "100.64.128.125"}]}}
    release = {
        **{"name": "rancher", "version": 2, "info": {"status": "pending-upgrade", "description": "d"}},
        "chart": {"metadata": {"name": "rancher"}},
    }
    tiller = Release(
        "rancher", 1, "cattle-system", Chart("rancher", "2.2.8"), "kind: Service\n", "", Status.DEPLOYED
    )
    tiller_labels = {"OWNER": "TILLER", "NAME": "rancher", "STATUS": "DEPLOYED", "VERSION": "1"}
    binding = {
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "tiller", "namespace": "kube-system"}],
    }
    resources = [
        {"kind": "Deployment", "name": "deployments", "namespaced": True},
        {"kind": "Namespace", "name": "namespaces", "namespaced": False},
    ]
    return [
        (
            rf"GET {base}/deployments\?.*",
            200,
            _list(
                _item(
                    "Deployment",
                    "rancher",
                    spec={"replicas": 3, "selector": selector},
                    status={**replicas, "conditions": [condition]},
                )
            ),
        ),
        (
            rf"GET {base}/daemonsets\?.*",
            200,
            _list(_item("DaemonSet", "nginx", spec={"selector": selector}, status=daemons)),
        ),
        (rf"GET {base}/statefulsets\?.*", 200, _list()),
        (rf"GET {core}/pods\?.*", 200, _list(_item("Pod", "rancher-1", status=pod))),
        (
            rf"GET {core}/events\?.*",
            200,
            _list(_item("Event", "e", **event, lastTimestamp="2026-05-01T10:00:00Z")),
        ),
        (rf"GET {core}", 200, _item("Namespace", "cattle-system", status={"phase": "Active"})),
        (
            rf"GET {core}/services\?.*",
            200,
            _list(_item("Service", "nginx", spec={"type": "LoadBalancer"}, status=addresses)),
        ),
        (
            rf"GET {core}/secrets\?.*",
            200,
            _list({**_item("Secret", "sh.helm.release.v1.rancher.v2"), "data": {"release": encode(release)}}),
        ),
        (
            rf"GET {core}/secrets/bootstrap-secret",
            200,
            {**_item("Secret", "bootstrap-secret"), "data": {"bootstrapPassword": _b64("first")}},
        ),
        (
            r"GET /api/v1/namespaces/kube-system/configmaps\?.*",
            200,
            _list(
                {
                    "metadata": {"name": "rancher.v1", "labels": tiller_labels},
                    "data": {"release": tiller.encode()},
                }
            ),
        ),
        (r"GET /api/v1/namespaces/kube-system/secrets\?.*", 200, _list()),
        (
            r"GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings\?.*",
            200,
            _list(_item("ClusterRoleBinding", "tiller", **binding)),
        ),
        (
            r"POST /apis/authorization.k8s.io/.*",
            201,
            {"kind": "SubjectAccessReview", "status": {"allowed": True}},
        ),
        (r"GET /apis/apps/v1", 200, {"kind": "APIResourceList", "resources": resources}),
        (r"GET /api/v1", 200, {"kind": "APIResourceList", "resources": resources}),
        (
            rf"GET {base}/deployments/cattle-cluster-agent",
            200,
            _item(
                "Deployment",
                "cattle-cluster-agent",
                spec={
                    "template": {
                        "spec": {
                            "containers": [{"env": [{"name": "CATTLE_SERVER", "value": f"https://{HOST}"}]}]
                        }
                    }
                },
            ),
        ),
        (
            r"GET /apis/(vmware.eng|nsx.vmware).com/v1/nsxerrors\?.*",
            200,
            _list(
                _item(
                    "NSXError",
                    "e",
                    spec={
                        "message": ["no IP"],
                        "error-object-type": "pod",
                        "error-object-name": "p",
                        "error-object-ns": "n",
                    },
                )
            ),
        ),
        (r"GET /api/v1/namespaces\?.*", 200, _list(_item("Namespace", "default"))),
        (r"(PUT|PATCH|DELETE|POST) .*", 200, {"kind": "Status", "status": "Success"}),
    ]


# --- Rancher ------------------------------------------------------------------------------------------------
def rancher() -> list[Answer]:
    conditions = [
        {"type": name, "status": "True", "message": ""}
        for name in ("Ready", "BackingNamespaceCreated", "DefaultProjectCreated", "SystemProjectCreated")
    ]
    local = {
        **{"id": "local", "name": "local", "type": "cluster", "state": "active", "transitioningMessage": ""},
        "conditions": conditions,
    }
    edge = {
        **{"id": "c-abc12", "name": "berlin-01", "state": "pending", "createdTS": 1750000000000},
        "conditions": [*conditions, {"type": "Connected", "status": "False", "message": "no agent"}],
        "labels": {"region": "emea"},
        "annotations": {
            "rancher-on-pks/fleet": "o",
            "lifecycle.cattle.io/create.mgmt-cluster-rbac-remove": "true",
        },
    }
    user = {"id": "user-abc12", "username": "admin", "name": "Default Admin", "description": "Made by o"}
    token = {
        **{"id": "token-abc12", "name": "token-abc12", "token": "token-abc12:secret", "ttl": 7776000000},
        **{"description": "rancher-on-pks", "userId": "user-abc12", "expiresAt": _SOON},
    }
    registration = {
        **{"id": "c-abc12:crt", "token": "t", "command": "kubectl apply -f x", "expiresAt": _SOON},
        "manifestUrl": f"https://{HOST}/v3/import/t_c-abc12.yaml",
    }
    manifest = yaml.safe_dump_all(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cattle-system"}},
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "a", "namespace": "cattle-system"},
            },
        ]
    )
    project = {"id": "c-abc12:p-abc12", "name": "kiosk", "clusterId": "c-abc12"}
    binding = {"id": "b", "userId": "user-abc12", "roleTemplateId": "cluster-member", "clusterId": "c-abc12"}
    leaked = {"metadata": {"name": "c-zzz99-p-xyz12", "deletionTimestamp": "2026-05-01T10:00:00Z"}}
    return [
        (r"POST /v3-public/localProviders/local\?action=login", 201, token),
        (r"POST /v1-public/login", 201, token),
        (r"GET /v3/users.*", 200, _data(user)),
        (r"POST /v3/users.*", 200, user),
        (r"GET /v3/settings/.*", 200, {"name": "server-url", "value": f"https://{HOST}"}),
        (r"GET /v3/tokens", 200, _data(token, {**token, "id": "token-old12"})),
        (r"GET /v3/tokens/.*", 200, token),
        (r"POST /v3/tokens", 201, token),
        (r"GET /v3/clusters/local", 200, local),
        (r"GET /v3/clusters/.*", 200, edge),
        (r"GET /v3/clusters.*", 200, {**_data(edge, local), "pagination": {"limit": 1000}}),
        (r"POST /v3/clusters", 201, edge),
        (r"GET /v3/clusterregistrationtokens/.*", 200, registration),
        (r"GET /v3/clusterregistrationtokens.*", 200, _data(registration)),
        (r"POST /v3/clusterregistrationtokens", 201, registration),
        (r"GET /v3/import/.*", 200, manifest.encode()),
        (r"GET /v3/projects.*", 200, _data(project)),
        (r"GET /v3/(cluster|project)roletemplatebindings.*", 200, _data(binding)),
        (
            r"GET /v3/globalrolebindings.*",
            200,
            _data({"id": "g", "userId": "user-abc12", "globalRoleId": "user-base"}),
        ),
        (
            r"GET /k8s/clusters/local/api/v1/namespaces",
            200,
            {"items": [leaked, {"metadata": {"name": "default"}}]},
        ),
        (r"(POST|PUT) /v3/.*", 200, {"id": "x", "name": "x"}),
        (r"DELETE /v3/clusters/.*", 204, b""),
        (r"DELETE .*", 204, b""),
    ]


def _data(*items: Any) -> dict[str, Any]:
    return {"type": "collection", "data": list(items)}


# --- NSX-T and charts ---------------------------------------------------------------------------------------
def nsx() -> tuple[list[Answer], ...]:
    return tuple(
        [(rf"GET {path}(\?.*)?", 200, body) for path, body in file.items()]
        + [(r"GET /(policy/)?api/v1/.*", 200, {"results": []})]
        for file in documented("capacity", "*/m*.json") + documented("capacity", "*/p*.json")
    )


def chart_index() -> list[Answer]:
    index = {
        "apiVersion": "v1",
        "entries": {
            "rancher": [
                {
                    **{"name": "rancher", "version": "2.8.5", "apiVersion": "v2", "digest": "ab" * 32},
                    **{"urls": ["rancher-2.8.5.tgz"], "kubeVersion": "< 1.29.0-0", "appVersion": "v2.8.5"},
                }
            ]
        },
    }
    return [
        (r"GET /charts/index.yaml", 200, yaml.safe_dump(index).encode()),
        (r"GET /charts/rancher.*", 200, b"archive"),
    ]


def registry() -> list[Answer]:
    manifest = {
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:ab"},
        "layers": [],
    }
    return [
        (r"GET /v2/charts/rancher/manifests/2.8.5", 200, manifest),
        (
            r"GET /v2/charts/rancher/blobs/.*",
            200,
            {"name": "rancher", "version": "2.8.5", "apiVersion": "v2"},
        ),
        (r"GET /v2/charts/rancher/tags/list", 200, {"name": "rancher", "tags": ["2.8.5", "2.8.4"]}),
        (r"GET /token.*", 200, {"token": "t"}),
    ]


def github() -> list[Answer]:
    comment = {
        "url": "https://api.github.com/x",
        "body": "<!-- m -->\nold",
        "user": {"login": "github-actions[bot]"},
    }
    return [
        (r"GET .*", 200, [comment, {**comment, "user": {"login": "somebody"}}]),
        (r"(PATCH|POST) .*", 200, {"html_url": "https://github.com/x"}),
    ]
