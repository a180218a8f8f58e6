"""Small access to a Kubernetes API for the dynamic providers and hooks, from the text of a kubeconfig.

It speaks plain JSON over the ``kubernetes`` package's connection: what is read here (a few fields of a few
kinds) needs no typed model, and the same code reads every version of the API.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import yaml

from components.provider import ProviderError, unknown

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_CONNECT_SECONDS, _READ_SECONDS = 5.0, 30.0
_PAGE = 500

_loading = threading.Lock()
"""The package remembers the temporary files it writes, process-wide: one kubeconfig at a time."""


class KubernetesError(ProviderError):
    """The API refused a request."""

    def __init__(self, status: int, message: str) -> None:
        """Make the error of an HTTP status (0: there was no answer)."""
        super().__init__(message)
        self.status = status


class UnreachableError(KubernetesError):
    """There was no answer, or a temporary one: another try may do."""


class Kubernetes:
    """JSON requests to one API. Paths begin with ``/api`` or ``/apis``."""

    def __init__(self, api: ApiClient) -> None:
        """Use ``client`` instead."""
        self._api = api

    def get(self, path: str) -> Object | None:
        """The object at ``path``; None when it (or its kind) does not exist.

        Raises:
            UnreachableError: No answer, or a temporary failure.
            KubernetesError: The API refused.
        """
        try:
            return self._request("GET", path)
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, **query: str) -> list[Object]:
        """All objects of a collection, page by page; none when the API does not know the kind.

        Args:
            path: Path of the collection.
            query: Such as ``labelSelector`` or ``fieldSelector``.

        Raises:
            UnreachableError: No answer, or a temporary failure.
            KubernetesError: The API refused.
        """
        found: list[Object] = []
        position = ""
        while True:
            paging = {"limit": str(_PAGE), **({"continue": position} if position else {})}
            page = self.get(f"{path}?{urlencode({**query, **paging})}")
            if page is None:
                return found
            found += page.get("items") or []
            position = (page.get("metadata") or {}).get("continue") or ""
            if not position:
                return found

    def replace(self, path: str, body: Object) -> Object:
        """Put ``body`` in the place of the object; refused (409) when it has changed since it was read."""
        return self._request("PUT", path, body)

    def create(self, path: str, body: Object) -> Object:
        """Add ``body`` to the collection at ``path``; refused (409) when there is one of that name."""
        return self._request("POST", path, body)

    def merge(self, path: str, changes: Object) -> Object | None:
        """Change only these fields of the object (a JSON merge patch); None when there is no object."""
        try:
            return self._request("PATCH", path, changes, "application/merge-patch+json")
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    def apply(self, path: str, body: Object, manager: str) -> Object:
        """Make the object at ``path`` have these fields (server-side apply, Kubernetes 1.16 on).

        Fields that another manager set otherwise are taken over.
        """
        query = urlencode({"fieldManager": manager, "force": "true"})
        return self._request("PATCH", f"{path}?{query}", json.dumps(body), "application/apply-patch+yaml")

    def delete(self, path: str) -> bool:
        """Delete the object; False when there was none."""
        try:
            self._request("DELETE", path)
        except KubernetesError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _request(
        self, method: str, path: str, body: Object | str | None = None, media_type: str = "application/json"
    ) -> Object:
        from kubernetes.client import ApiException  # noqa: PLC0415 - 0.3 s, and a preview needs none
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        configuration = self._api.configuration
        headers = {"Accept": "application/json", "User-Agent": "rancher-on-pks"}
        if body is not None:
            headers["Content-Type"] = media_type
        for setting in configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        what = f"Kubernetes API {configuration.host}"
        try:
            response = self._api.rest_client.request(  # type: ignore[no-untyped-call]
                method,
                configuration.host + path,
                headers=headers,
                body=body,
                _request_timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            )
            text = response.read()
        except (HTTPError, ApiException, OSError) as error:
            raise UnreachableError(0, f"{what}: {_cause(error)}") from None
        if response.status < 300:
            answer: Object = json.loads(text)
            return answer
        message = f"{what}: {method} {path.partition('?')[0]}: {response.status} {_message(text)}"
        temporary = response.status == 429 or response.status >= 500
        raise (UnreachableError if temporary else KubernetesError)(response.status, message)


@contextmanager
def client(kubeconfig: str) -> Iterator[Kubernetes]:
    """Access to the cluster of the kubeconfig's current context.

    Certificates are always verified; ``tls-server-name`` is honoured. Certificates and keys that the text
    holds are in a private temporary directory only until they are loaded.

    Raises:
        ProviderError: The kubeconfig cannot be used.
    """
    with _loading:  # the package imports itself in a circle, which deadlocks in two threads at once
        from kubernetes.client import ApiClient  # noqa: PLC0415 - see _request

        configuration, context = _load(kubeconfig)
        api = ApiClient(configuration)
    api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    try:
        yield Kubernetes(api)
    finally:
        api.rest_client.close()


def same_cluster(one: object, other: object) -> bool:
    """Whether two kubeconfigs lead to the same API, with whatever credentials. Unknown ones do not."""
    if unknown(one, other):
        return False
    return one == other or _address(str(one)) == _address(str(other))


def _load(kubeconfig: str) -> tuple[Configuration, ssl.SSLContext]:
    from kubernetes.client import Configuration  # noqa: PLC0415 - see _request
    from kubernetes.config import ConfigException, load_kube_config_from_dict  # noqa: PLC0415

    configuration = Configuration()
    try:
        document = yaml.safe_load(kubeconfig)
        with tempfile.TemporaryDirectory(prefix="rancher-on-pks-") as directory:
            load_kube_config_from_dict(  # type: ignore[no-untyped-call]
                document, client_configuration=configuration, persist_config=False, temp_file_path=directory
            )
            context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
            if configuration.cert_file:
                context.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (ConfigException, yaml.YAMLError, AttributeError, TypeError, ValueError, OSError) as error:
        # Not the error's own text: it may quote the kubeconfig.
        raise ProviderError(f"the kubeconfig cannot be used ({type(error).__name__})") from None
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    configuration.verify_ssl = True
    configuration.retries = False
    return configuration, context


def _address(kubeconfig: str) -> tuple[object, object] | None:
    try:
        document = yaml.safe_load(kubeconfig)
        cluster: Mapping[str, object] = document["clusters"][0]["cluster"]
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        return None
    return cluster.get("server"), cluster.get("certificate-authority-data")


def _cause(error: BaseException) -> str:
    """The innermost reason, without the names of pools and objects around it."""
    reason = getattr(error, "reason", None)
    while isinstance(reason, BaseException):
        error, reason = reason, getattr(reason, "reason", None)
    text = str(reason or error).strip().rpartition("\n")[2]
    return text.partition(": ")[2] or text if text.startswith("<") else text


def _message(text: bytes | str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        shown = text.decode(errors="replace") if isinstance(text, bytes) else text
        return shown.strip()[:200]
