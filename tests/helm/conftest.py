"""A Kubernetes API for tests of what Helm leaves in a cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.kubernetes import api as kube
from components.kubernetes.api import Kubernetes
from tests import kubernetes_api
from tests.kubernetes_api import FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api.running() as running:
        yield running


@pytest.fixture
def kubernetes(api: FakeApi) -> Iterator[Kubernetes]:
    with kube.client(api.kubeconfig) as client:
        yield client
