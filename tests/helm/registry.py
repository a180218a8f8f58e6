"""A real OCI registry on loopback (Debian's package docker-registry), and a token server for it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import socket
import ssl
import subprocess
import tarfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests import pki
from tests.servers import ADDRESS, Request, Response

USER, PASSWORD = "me", "s3cret-password"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_HTPASSWD = "me:$2b$04$0OHkYvgwy9mFZrn9m5XUzu8YHTGp0RRu3uZcwk39DxaaZIto3Nxvi\n"
CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
LAYER_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def packaged(chart: dict[str, Any]) -> bytes:
    """A chart as ``helm package`` makes it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        text = yaml.safe_dump(chart).encode()
        entry = tarfile.TarInfo(f"{chart['name']}/Chart.yaml")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    port: int
    ca_file: Path

    @property
    def address(self) -> str:
        return f"oci://{ADDRESS}:{self.port}"

    def push(self, repository: str, chart: dict[str, Any], config_type: str = CONFIG_TYPE) -> str:
        """Store a chart in an open registry as ``helm push`` does; returns the digest of its manifest."""
        root = f"https://{ADDRESS}:{self.port}/v2/{repository}"
        with httpx.Client(verify=ssl.create_default_context(cafile=self.ca_file)) as http:

            def blob(content: bytes, media_type: str) -> dict[str, Any]:
                digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
                place = http.post(f"{root}/blobs/uploads/").raise_for_status().headers["location"]
                url = httpx.URL(place).copy_merge_params({"digest": digest})
                http.put(url, content=content).raise_for_status()
                return {"mediaType": media_type, "digest": digest, "size": len(content)}

            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": blob(json.dumps(chart).encode(), config_type),
                "layers": [blob(packaged(chart), LAYER_TYPE)],
            }
            tag = chart["version"].replace("+", "_")
            headers = {"Content-Type": MANIFEST_TYPE}
            answer = http.put(f"{root}/manifests/{tag}", content=json.dumps(manifest), headers=headers)
            return answer.raise_for_status().headers["docker-content-digest"]


@contextmanager
def running(folder: Path, auth: dict[str, Any] | None = None) -> Iterator[Registry]:
    """Run a registry that keeps its content in ``folder``; ``auth`` is its section of that name."""
    command = shutil.which("docker-registry")
    if command is None:
        missing = "docker-registry is not installed (Debian: apt-get install docker-registry)"
        if os.environ.get("REQUIRE_REGISTRY"):  # as in .ci/run
            pytest.fail(missing)
        pytest.skip(missing)
    ca = pki.root()
    identity = pki.server(ca, ADDRESS)
    (folder / "ca.pem").write_text(ca.pem)
    (folder / "server.pem").write_text(identity.pem)
    (folder / "server.key").write_text(identity.key_pem)
    port = _free_port()
    config = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {
            "addr": f"{ADDRESS}:{port}",
            "secret": "of no importance",
            "tls": {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")},
        },
        **({"auth": auth} if auth else {}),
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen([command, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        while True:
            if process.poll() is not None:
                raise AssertionError(f"the registry ended:\n{(folder / 'registry.log').read_text()}")
            with socket.socket() as client:
                if client.connect_ex((ADDRESS, port)) == 0:
                    break
            time.sleep(0.02)
        yield Registry(port, folder / "ca.pem")
    finally:
        process.terminate()
        process.wait()


def basic_auth(folder: Path) -> dict[str, Any]:
    """Section ``auth`` of a registry with a password file."""
    (folder / "htpasswd").write_text(_HTPASSWD)
    return {"htpasswd": {"realm": "charts", "path": str(folder / "htpasswd")}}


class TokenServer:
    """Gives tokens to the user (Distribution specification: "Token Authentication")."""

    service, issuer = "charts", "tests"

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._identity = pki.make("Token server", key=self._key, ca=True)
        (folder / "token.pem").write_text(self._identity.pem)
        self._bundle = str(folder / "token.pem")
        self.anonymous = False

    def auth(self, url: str) -> dict[str, Any]:
        """Section ``auth`` of a registry that trusts this server, which is at ``url``."""
        where = {"realm": f"{url}/token", "service": self.service, "issuer": self.issuer}
        return {"token": {**where, "rootcertbundle": self._bundle}}

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != BASIC and not self.anonymous:
            return Response(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        kind, name, actions = parse_qs(urlsplit(request.path).query)["scope"][0].rsplit(":", 2)
        now = int(time.time())
        access = [{"type": kind, "name": name, "actions": actions.split(",")}]
        claims = {"iss": self.issuer, "sub": USER, "aud": self.service, "jti": uuid.uuid4().hex}
        times = {"exp": now + 300, "nbf": now - 10, "iat": now}
        return Response(body={"token": self._signed({**claims, **times, "access": access})})

    def _signed(self, claims: dict[str, Any]) -> str:
        chain = [base64.b64encode(self._identity.der).decode()]
        parts = [{"typ": "JWT", "alg": "ES256", "x5c": chain}, claims]
        text = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        return int(taken.getsockname()[1])
