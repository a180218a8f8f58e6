"""CustomResourceDefinitions of the simulators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.cluster.api import Object

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(
    api: tuple[str, str],
    kind: str,
    *,
    namespaced: bool = False,
    columns: Mapping[str, str] | None = None,
    short_names: Sequence[str] = (),
) -> Object:
    """Returns a definition that accepts any field.

    Args:
        api: Group and version.
        kind: The resource's kind; its plural is that with an "s".
        namespaced: Whether its objects are in namespaces.
        columns: Columns of ``kubectl get``: title and path.
        short_names: Short names for ``kubectl``.
    """
    group, version = api
    plural = f"{kind.lower()}s"
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": title, "type": "string", "jsonPath": path} for title, path in (columns or {}).items()
        ],
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": plural, "kind": kind, "shortNames": list(short_names)},
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [served],
        },
    }
