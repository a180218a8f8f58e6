"""``tiller``: serves Tiller's calls on an address, with the permissions of the kubeconfig.

The lab's ``helm2`` calls it over HTTP, where the real one uses gRPC.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import console
from lab.helm2.kubectl import Helm2Error, Kubectl
from lab.helm2.storage import Storage
from lab.helm2.tiller import VERSION, Tiller

_STORAGES = {"configmap": "configmaps", "secret": "secrets"}
CALLS = ("releases", "history", "status", "manifest", "install", "upgrade", "rollback", "delete")


def main() -> int:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(prog="tiller", allow_abbrev=False)
    parser.add_argument("--storage", choices=_STORAGES, default="configmap")
    parser.add_argument("--listen", default=":44134")
    parser.add_argument("--probe-listen", default=":44135")
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("--history-max", type=int, default=int(os.environ.get("TILLER_HISTORY_MAX", "0")))
    arguments = parser.parse_args()
    kubectl = Kubectl()
    tiller = Tiller(kubectl, Storage(kubectl, _STORAGES[arguments.storage]))
    server = _serve(arguments.listen, tiller)
    probe = _serve(arguments.probe_listen, None)
    threading.Thread(target=probe.serve_forever, daemon=True).start()
    print(
        f"[main] Starting Tiller {VERSION} (tls=false)\n[main] GRPC listening on {arguments.listen}",
        flush=True,
    )
    print(f"[main] Storage driver is {arguments.storage.capitalize()}", flush=True)
    server.serve_forever()
    return 0


def call(host: str, method: str, **arguments: Any) -> Any:
    """Calls the Tiller at ``host``.

    Raises:
        Helm2Error: The call fails or gets no response.
    """
    body = json.dumps({"method": method, "arguments": arguments}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}", body) as response:
            answer = json.load(response)
    except (urllib.error.URLError, OSError):
        raise Helm2Error("context deadline exceeded") from None
    if "error" in answer:
        raise Helm2Error(answer["error"])
    return answer["result"]


def _serve(address: str, tiller: Tiller | None) -> ThreadingHTTPServer:
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                result = run(tiller, request["method"], request["arguments"]) if tiller else None
                self._answer({"result": result})
            except Helm2Error as error:
                self._answer({"error": str(error)})

        def _answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    return ThreadingHTTPServer((host or "127.0.0.1", int(port)), Handler)


def run(tiller: Tiller, method: str, arguments: dict[str, Any]) -> Any:
    """Executes one call."""
    if method == "version":
        return tiller.version
    if method not in CALLS:
        raise Helm2Error(f"unknown method {method}")
    return getattr(tiller, method)(**arguments)


if __name__ == "__main__":
    console.run(main)
