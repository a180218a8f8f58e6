"""The program's settings: read here and nowhere else, typed, and checked before any resource is made.

The keys, their meaning and defaults are described in ``Pulumi.yaml``. Every problem is reported at once: the
engine is given no types it would refuse one at a time, see the comment there.
"""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from components.certificates.files import CertificateFiles, check_files
from components.ingress import values as ingress_values
from components.pks import profile_parameters
from components.rancher import compatibility
from components.rancher import values as rancher_values

PROJECT = "rancher-on-pks"
"""Namespace of the config keys: the name in ``Pulumi.yaml``."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(
            "must be 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end"
        )
    return value


def _dns_name(value: str) -> str:
    labels = value.split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("must be a DNS name in lower case, without port or scheme")
    return value


def _cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("must be a CIDR with no host bits set, such as 10.50.0.0/24") from None
    return value


def _file(value: str) -> str:
    if not Path(value).is_file():
        raise ValueError(
            "is no file; give a path that exists, relative to the folder of Pulumi.yaml or absolute"
        )
    return value


def _tags(value: dict[str, str]) -> dict[str, str]:
    # `--tags "k1:v1,k2:v2,keyOnly"` (TKGI 1.19 `cli/index`) has no way to quote its separators.
    if any(not key or set(":,") & set(key + text) for key, text in value.items()):
        raise ValueError("names must not be empty, and neither names nor values may hold a comma or colon")
    return value


def _masters(value: int) -> int:
    if value not in {1, 3, 5}:  # docs-pks 1.5 `plans`
        raise ValueError("must be 1, 3 or 5")
    return value


Label = Annotated[str, AfterValidator(_label)]
DnsName = Annotated[str, AfterValidator(_dns_name)]
File = Annotated[str, AfterValidator(_file)]
Port = Annotated[int, Field(ge=1, le=65535)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]
Days = Annotated[int, Field(ge=1, le=3650)]
Values = dict[str, Any]


class Settings(BaseModel):
    """The settings of one stack; a field is a config key in snake case. Times are whole minutes or days."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    cluster_name: Label = Field(examples=["czpksrancher05"])
    external_hostname: DnsName = Field(examples=["czpksrancher05.example.com"])
    plan: str = Field(examples=["rancher"])
    plan_masters: Annotated[int, AfterValidator(_masters)] = 3
    plan_workers: Annotated[int, Field(ge=1)] = 3
    plan_privileged: bool = True
    workers: Annotated[int, Field(ge=0)] = 0
    kubernetes_version: str = Field(examples=["1.28"], pattern=r"^1\.\d{1,2}$")
    network_profile: str = ""
    network_profile_description: str = ""
    network_profile_parameters: Values = {}
    compute_profile: str = ""
    cluster_tags: Annotated[dict[str, str], AfterValidator(_tags)] = {}
    api_access: Literal["hostname", "master-ip"] = "hostname"
    cluster_timeout_minutes: Minutes = 90
    protect_cluster: bool = False

    # Access to PKS is resolved by components/pks/access.py in the providers' process, not handed on.
    pks_cli: str = "pks"
    pks_api: str = ""
    pks_username: str = ""
    pks_password: SecretStr | None = None
    pks_client: str = ""
    pks_client_secret: SecretStr | None = None
    pks_ca_certificate_file: File | None = None

    certificate_source: Literal["files", "csr", "internal-ca", "self-signed"] = Field(examples=["csr"])
    certificate_file: str | None = None
    private_key_file: str | None = None
    private_key: SecretStr | None = None
    ca_certificate_file: str | None = None
    ca_private_key_file: str | None = None
    ca_private_key: SecretStr | None = None
    certificate_organization: str = ""
    certificate_validity_days: Days = 365
    certificate_warning_days: Days = 30
    tls_secret_name: DnsName = "tls-rancher-ingress"  # noqa: S105 - a name

    ingress_chart: str = "ingress-nginx"
    ingress_chart_repository: str = "https://kubernetes.github.io/ingress-nginx"
    ingress_chart_version: str = Field(examples=["4.11.5"])
    ingress_values: Values = {}
    ingress_http_port: Port = 80
    ingress_https_port: Port = 443
    vip_cidr: Annotated[str, AfterValidator(_cidr)] | None = None
    ingress_timeout_minutes: Minutes = 10
    chart_repository_ca_file: File | None = None
    chart_repository_username: str = ""
    chart_repository_password: SecretStr | None = None

    rancher_hostname: DnsName = Field(examples=["rancher.example.com"])
    rancher_chart: str = "rancher"
    rancher_chart_repository: str = "https://releases.rancher.com/server-charts/stable"
    rancher_version: str = Field(examples=["2.8.5"], pattern=r"^\d+\.\d+\.\d+([-+].+)?$")
    rancher_replicas: Annotated[int, Field(ge=1)] = 3
    rancher_values: Values = {}
    rancher_timeout_minutes: Minutes = 20

    @property
    def certificate_files(self) -> CertificateFiles:
        """The certificate settings as the certificate component takes them."""
        return CertificateFiles(
            source=self.certificate_source,
            hostname=self.rancher_hostname,
            certificate_file=self.certificate_file,
            private_key_file=self.private_key_file,
            private_key=secret_text(self.private_key),
            ca_certificate_file=self.ca_certificate_file,
            ca_private_key_file=self.ca_private_key_file,
            ca_private_key=secret_text(self.ca_private_key),
            validity_days=self.certificate_validity_days,
            warning_days=self.certificate_warning_days,
        )


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the config.

    Attributes:
        key: The config key.
        reason: What is wrong, and what to do about it.
        value: The value as far as it may be shown; empty when there is none.
        others: Keys that the complaint depends on; it is dropped while one of them is wrong by itself.
    """

    key: str
    reason: str
    value: str = ""
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key} = {self.value}: {self.reason}" if self.value else f"{self.key}: {self.reason}"


class SettingsError(Exception):
    """The config cannot be used; ``problems`` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        """Make the error of at least one problem."""
        count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"the configuration has {count}; nothing was changed:{lines}")
        self.problems = problems


def parse(config: Mapping[str, str], encrypted: Collection[str] | None = None) -> Settings:
    """The settings that a stack's config describes.

    Args:
        config: Key (without the project's name) to value, objects as JSON. Empty values count as not set.
        encrypted: The keys that are encrypted in the stack's file; None when that is of no concern.

    Raises:
        SettingsError: With every problem found.
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, text in config.items():
        if text == "":
            continue
        given[key] = text
        if key in _OBJECTS:
            with contextlib.suppress(ValueError):  # the model says what is wrong
                given[key] = json.loads(text)
        if key in _SECRETS and encrypted is not None and key not in encrypted:
            problems.append(Problem(key, f"is in plain text. Run: pulumi config set --secret {key}", "***"))
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems += [_field_problem(item) for item in error.errors()]
        settings = _stand_in(given, {problem.key for problem in problems})
    broken = {problem.key for problem in problems}
    problems += [found for found in _cross_problems(settings) if not broken & {found.key, *found.others}]
    if problems:
        raise SettingsError(problems)
    return settings


def load() -> Settings:
    """The settings of the current stack. Ends the program with one message when they cannot be used."""
    import pulumi  # noqa: PLC0415 - parse() is of use without Pulumi
    from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret  # noqa: PLC0415

    prefix = f"{PROJECT}:"
    stack = {**get_config_env(), **CONFIG.get()}
    config = {key.removeprefix(prefix): value for key, value in stack.items() if key.startswith(prefix)}
    encrypted = {key for key in config if is_config_secret(prefix + key)}
    try:
        return parse(config, encrypted)
    except SettingsError as error:
        pulumi.log.error(f"stack {pulumi.get_stack()}: {error}")
        sys.exit(32)  # the language host's code for "the user has been told": no second error line


def secret_text(secret: SecretStr | None) -> str | None:
    """The text of a secret setting."""
    return secret.get_secret_value() if secret else None


def _aliases(*, annotation: object) -> frozenset[str]:
    fields = Settings.model_fields.values()
    return frozenset(str(field.alias) for field in fields if field.annotation == annotation)


_SECRETS = _aliases(annotation=SecretStr | None)
_OBJECTS = _aliases(annotation=dict[str, Any]) | _aliases(annotation=dict[str, str])
_EXAMPLES = {
    str(field.alias): field.examples[0] for field in Settings.model_fields.values() if field.examples
}
_KEYS = [str(field.alias) for field in Settings.model_fields.values()]


def _field_problem(error: Mapping[str, Any]) -> Problem:
    """A complaint of the model in our words."""
    key = str(error["loc"][0])
    match error["type"]:
        case "missing":
            return Problem(key, f"is not set. Run: pulumi config set {key} {_EXAMPLES[key]}")
        case "extra_forbidden":
            close = difflib.get_close_matches(key, _KEYS, n=1)
            question = f"did you mean {close[0]}?" if close else "Pulumi.yaml has the keys."
            return Problem(key, f"is no key of this program; {question} Remove it: pulumi config rm {key}")
        case "string_pattern_mismatch":
            reason = "does not have the right form"
        case "int_parsing" | "int_from_float" | "int_type":
            reason = "must be a whole number"
        case "bool_parsing" | "bool_type":
            reason = "must be true or false"
        case "dict_type":
            reason = f"must be an object. Set a member with: pulumi config set --path {key}.NAME VALUE"
        case _:
            reason = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    example = f", for example {_EXAMPLES[key]}" if key in _EXAMPLES else ""
    value = "***" if key in _SECRETS else json.dumps(error["input"], default=str)
    inside = "".join(f" (at {part})" for part in error["loc"][1:])
    return Problem(key, f"{reason}{inside}{example}", value)


def _stand_in(given: Mapping[str, Any], broken: Collection[str]) -> Settings:
    """Settings with harmless values for the broken keys, so that the others can still be compared."""
    sound = {key: value for key, value in given.items() if key not in broken}
    return Settings.model_validate(
        {**{key: _EXAMPLES[key] for key in _EXAMPLES if key not in sound}, **sound}
    )


def _cross_problems(settings: Settings) -> Iterator[Problem]:
    """What is wrong between keys, each of which is right by itself."""
    if settings.rancher_hostname == settings.external_hostname:
        yield Problem(
            "rancherHostname",
            "is also externalHostname, which leads to the Kubernetes API; Rancher needs a name of its own. "
            "Choose another name for one of them",
            settings.rancher_hostname,
            ("externalHostname",),
        )
    for text in profile_parameters.problems(settings.network_profile_parameters):
        yield Problem(
            "networkProfileParameters", f"{text}. See `network-profiles-define` in the TKGI documentation"
        )
    if settings.network_profile_parameters and not settings.network_profile:
        yield Problem(
            "networkProfile",
            "is not set, but networkProfileParameters is. Run: pulumi config set networkProfile lb-medium",
        )
    if settings.pks_username and settings.pks_client:
        yield Problem(
            "pksClient",
            "pksUsername is set as well. Keep one: pulumi config rm pksClient",
            settings.pks_client,
        )
    if settings.ingress_http_port == settings.ingress_https_port:
        yield Problem(
            "ingressHttpPort",
            "is also ingressHttpsPort. Use 80 and 443, or two other ports",
            str(settings.ingress_http_port),
            ("ingressHttpsPort",),
        )
    yield from _chart_problems(settings)
    yield from _rancher_problems(settings)
    yield from _certificate_problems(settings)


def _chart_problems(settings: Settings) -> Iterator[Problem]:
    repositories = {
        "ingressChartRepository": settings.ingress_chart_repository,
        "rancherChartRepository": settings.rancher_chart_repository,
    }
    for key, address in repositories.items():
        if address and not address.startswith(("https://", "http://", "oci://")):
            yield Problem(key, "must be an https://, http:// or oci:// address", address)
    if bool(settings.chart_repository_username) != bool(settings.chart_repository_password):
        yield Problem(
            "chartRepositoryUsername",
            "goes together with chartRepositoryPassword. Set both or neither",
            settings.chart_repository_username,
            ("chartRepositoryPassword",),
        )


def _rancher_problems(settings: Settings) -> Iterator[Problem]:
    versions = ("rancherVersion", "kubernetesVersion")
    if mismatch := compatibility.problem(settings.rancher_version, settings.kubernetes_version):
        yield Problem("rancherVersion", mismatch, settings.rancher_version, versions)
    for text in ingress_values.problems(settings.ingress_values):
        yield Problem("ingressValues", text)
    hostname, replicas = settings.rancher_hostname, settings.rancher_replicas
    found = rancher_values.problems(
        settings.rancher_values, settings.rancher_version, hostname=hostname, replicas=replicas
    )
    for text in found:
        yield Problem("rancherValues", text, others=("rancherHostname", "rancherReplicas", *versions))


def _certificate_problems(settings: Settings) -> Iterator[Problem]:
    for finding in check_files(settings.certificate_files, now=datetime.now(UTC)):
        if finding.severity == "error":
            key, _, file = finding.where.partition(" ")
            others = (
                "certificateSource",
                "rancherHostname",
                "certificateValidityDays",
                "certificateWarningDays",
            )
            yield Problem(key, f"{finding.problem}; {finding.remedy}", file.strip("()"), others)
