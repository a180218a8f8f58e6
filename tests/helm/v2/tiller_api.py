"""A Kubernetes API with Tiller's records in it, and stand-ins for the ``helm`` v2 and ``tiller`` commands."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.helm.v2.tiller_release import Chart, Release, Status
from tests.kubernetes_api import NAMESPACE, FakeApi
from tests.servers import Request, Response

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: rancher, labels: {heritage: Tiller}}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: rancher}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: rancher}
"""
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_KINDS = {
    "apps/v1": ("Deployment", "deployments", True),
    "networking.k8s.io/v1": ("Ingress", "ingresses", True),
    "rbac.authorization.k8s.io/v1": ("ClusterRoleBinding", "clusterrolebindings", False),
}


def prepare(api: FakeApi) -> None:
    """Let the API take creations and merge patches, and tell which kinds it serves."""

    def before(request: Request) -> Response | None:  # noqa: PLR0911 - one a kind of request
        path = urlsplit(request.path).path
        if path.endswith("/subjectaccessreviews"):
            return Response(201, {"status": {"allowed": bool(bindings(api))}})
        if request.method == "POST":
            place = f"{path}/{request.json['metadata']['name']}"
            if place in api.objects:
                return Response(409, {"message": "already exists"})
            api.objects[place] = request.json
            return Response(201, request.json)
        if request.method == "PATCH" and path in api.objects:
            for name, values in request.json["metadata"].items():
                api.objects[path]["metadata"].setdefault(name, {}).update(values)
            return Response(body=api.objects[path])
        if request.method == "PATCH":
            return Response(404, {"message": "not found"})
        if found := _KINDS.get(path.removeprefix("/apis/")):
            kind, name, namespaced = found
            return Response(body={"resources": [{"kind": kind, "name": name, "namespaced": namespaced}]})
        return None

    api.before = before


def bindings(api: FakeApi) -> list[str]:
    """Names of the ClusterRoleBindings."""
    return [path.rpartition("/")[2] for path in api.objects if path.startswith(f"{BINDINGS}/")]


def add_record(
    api: FakeApi, *, storage: str = "configmaps", status: Status = Status.DEPLOYED, **kw: Any
) -> str:
    """Add one revision of a release; returns its path."""
    values: dict[str, Any] = {
        "name": "rancher",
        "revision": 1,
        "namespace": NAMESPACE,
        "chart": Chart("rancher", "2.2.8"),
        "manifest": MANIFEST,
        "config": "{}",
        **kw,
    }
    release = Release(status=status, **values)
    text = release.encode()
    name = f"{release.name}.v{release.revision}"
    labels = {
        "OWNER": "TILLER",
        "NAME": release.name,
        "STATUS": status.name,
        "VERSION": str(release.revision),
    }
    path = f"/api/v1/namespaces/kube-system/{storage}/{name}"
    api.objects[path] = {
        "metadata": {"name": name, "labels": labels},
        "data": {"release": base64.b64encode(text.encode()).decode() if storage == "secrets" else text},
    }
    return path


_HELM = """\
#!/usr/bin/env python3
import json, os, ssl, sys, time, urllib.request
here = {here!r}
stdin = sys.stdin.read() if "-" in sys.argv else ""
repositories = open(os.path.join(os.environ["HELM_HOME"], "repository", "repositories.yaml")).read()
call = {{"argv": sys.argv[1:], "stdin": stdin, "repositories": repositories,
        "kubeconfig": open(os.environ["KUBECONFIG"]).read(), "home": os.environ["HELM_HOME"],
        "mode": os.stat(os.environ["HELM_HOME"]).st_mode & 0o777,
        "host": os.environ.get("HELM_HOST", ""), "environment": sorted(os.environ)}}
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps(call) + "\\n")
answers = json.load(open(here + "/answers"))
time.sleep(answers.get("sleep:" + sys.argv[1], 0))
for posted in answers.get("post:" + sys.argv[1], []):
    body = json.dumps(posted[1]).encode()
    request = urllib.request.Request(posted[0], body, {{"Content-Type": "application/json"}})
    urllib.request.urlopen(request, context=ssl._create_unverified_context())
if sys.argv[1:] == ["version", "--client"]:
    answers["version"][1] = answers["version"][1].splitlines()[0]
code, out, err = answers.get(sys.argv[1], [0, "", ""])
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""
_TILLER = """\
#!/usr/bin/env python3
import http.server, sys
if sys.argv[1:] == ["--version"]:
    sys.exit(print(open({here!r} + "/tiller.version").read()))
host, port = next(word for word in sys.argv if word.startswith("--listen=")).split("=")[1].split(":")
open({here!r} + "/tiller.calls", "a").write(" ".join(sys.argv[1:]) + "\\n")
http.server.HTTPServer((host, int(port)), http.server.BaseHTTPRequestHandler).serve_forever()
"""
VERSIONS = 'Client: &version.Version{SemVer:"v2.17.0"}\nServer: &version.Version{SemVer:"v2.17.0"}\n'


@dataclass
class FakeHelm:
    """Commands in a directory: what they answer, and how they were called."""

    directory: Path

    def __post_init__(self) -> None:
        for name, text in {"helm2": _HELM, "tiller": _TILLER}.items():
            script = self.directory / name
            script.write_text(text.format(here=str(self.directory)))
            script.chmod(0o755)
        (self.directory / "tiller.version").write_text("v2.17.0")
        self.answer(version=(0, VERSIONS, ""), status=(0, '{"info": {"status": {"code": 1}}}', ""))

    def answer(self, **answers: Any) -> None:
        """Exit code, output and errors by sub-command; other sub-commands end well and silently."""
        file = self.directory / "answers"
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(
            json.dumps(known | {name.replace("__", ":"): value for name, value in answers.items()})
        )

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call so far, without one that is being written just now."""
        file = self.directory / "calls"
        whole = file.read_text().rpartition("\n")[0] if file.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]

    def words(self) -> list[str]:
        """The sub-command of each call."""
        return [call["argv"][0] for call in self.calls]
