"""``PullSecret``: the login with which nodes pull images."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field

import pulumi

from components.images.credentials import CREDENTIALS
from components.kubernetes.objects import Secret


@dataclass(frozen=True, kw_only=True)
class PullSecretArgs:
    """Arguments of :class:`PullSecret`.

    Attributes:
        secret_name: Name of the Secret.
        namespace: Namespace that exists.
        host: Host of the registry, with its port if it has one.
        username: User of the registry.
        password: Secret; the environment (``CREDENTIALS``) takes precedence.
    """

    secret_name: str
    namespace: pulumi.Input[str]
    host: str
    username: str
    password: pulumi.Input[str] = field(repr=False)


class PullSecret(Secret):
    """A Secret ``kubernetes.io/dockerconfigjson``."""

    def __init__(self, name: str, args: PullSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it; the options must name the cluster's Kubernetes provider."""
        given = CREDENTIALS.read(lambda _key: None, os.environ)["password"] or args.password
        document = pulumi.Output.secret(given).apply(lambda password: _config(args, password))
        super().__init__(
            name,
            metadata={"name": args.secret_name, "namespace": args.namespace},
            type="kubernetes.io/dockerconfigjson",
            data={".dockerconfigjson": document},
            opts=opts,
        )


def _config(args: PullSecretArgs, password: str) -> str:
    """The config of a container engine, in base64."""
    auth = _base64(f"{args.username}:{password}")
    login = {"username": args.username, "password": password, "auth": auth}
    return _base64(json.dumps({"auths": {args.host: login}}))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
