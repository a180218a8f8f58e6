"""``python -m settings new <env>``: the two files of a new environment, from the documented template."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from capacity.model.assessment import assess
from capacity.model.plan import Block, CapacityError, Demand, Network, Plan
from settings import stack_file
from settings.errors import SettingsError
from settings.reading import parse_file

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "docs" / "environment.template.yaml"
POLICIES = ROOT / "policy" / "config.prod.json"
"""Thresholds of production, which a new environment starts with."""
_ENVIRONMENT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_REQUIRED = "pks-api"
_NUMBERS = {"pod_subnet_prefix", "subnetPrefix"}
_PREFIXES = range(24, 28)
"""Prefixes of pod subnets from the default to the longest that holds the system's namespaces."""


@dataclass(frozen=True)
class Question:
    """A value that differs from environment to environment.

    Attributes:
        flag: Option of the command line, without its hyphens.
        key: Config key, or the last part of a key inside an object.
        text: What is asked.
        default: The answer if none is given, from the earlier answers and ``env``.
    """

    flag: str
    key: str
    text: str
    default: Callable[[Mapping[str, str]], str]


def _fixed(value: str) -> Callable[[Mapping[str, str]], str]:
    return lambda _answers: value


def _host(name: str) -> Callable[[Mapping[str, str]], str]:
    """A host in the domain of the PKS API."""
    return lambda answers: f"{name.format(**answers)}.{answers[_REQUIRED].partition('.')[2] or 'example.com'}"


QUESTIONS = (
    Question(_REQUIRED, "pksApi", "Host name of the PKS API", _fixed("")),
    Question(
        "cluster-name", "clusterName", "Name of the cluster in PKS", lambda found: f"{found['env']}-rancher"
    ),
    Question(
        "external-hostname", "externalHostname", "DNS name of its Kubernetes API", _host("{cluster-name}")
    ),
    Question("plan", "plan", "PKS plan with three masters", _fixed("rancher")),
    Question(
        "kubernetes-version", "kubernetesVersion", "Kubernetes version of the foundation", _fixed("1.28")
    ),
    Question("rancher-hostname", "rancherHostname", "DNS name of Rancher", _host("rancher")),
    Question("rancher-version", "rancherVersion", "Version of Rancher", _fixed("2.8.5")),
    Question(
        "ingress-chart-version", "ingressChartVersion", "Version of the chart ingress-nginx", _fixed("4.11.5")
    ),
    Question("pod-block", "cidr", "Pod IP block of the foundation", _fixed("172.16.0.0/16")),
    Question(
        "imported-clusters", "plannedImportedClusters", "Clusters that Rancher will import", _fixed("40")
    ),
    Question(
        "certificate-source",
        "certificateSource",
        "Certificate: csr (of the enterprise CA) or self-signed",
        _fixed("csr"),
    ),
    Question(
        "dns-server", "dnsServer", "DNS server that takes signed updates (none: no record)", _host("ns1")
    ),
    Question("vsphere-server", "vsphereServer", "vCenter (none: no DRS rules)", _host("vcenter")),
)


def main(arguments: Sequence[str]) -> int:
    """Writes the files; returns 1 with one message when they cannot be written, or would be invalid."""
    given = vars(_parser().parse_args(arguments))
    answers = {"env": str(given["env"])}
    try:
        _write(answers, given)
    except BrokenPipeError:
        raise
    except (SettingsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        print("\nNothing was written.", file=sys.stderr)
        return 130
    return 0


def _write(answers: dict[str, str], given: Mapping[str, object]) -> None:
    directory = Path(str(given["directory"]))
    settings = directory / f"Pulumi.{answers['env']}.yaml"
    policies = directory / "policy" / f"config.{answers['env']}.json"
    if settings.exists():
        raise OSError(f"{settings} exists already. Edit it, or choose another name")
    for question in QUESTIONS:
        flag = given[question.flag.replace("-", "_")]
        answers[question.flag] = str(flag) if flag is not None else _ask(question, answers)
    settings.write_text(environment(TEMPLATE.read_text(), answers))
    try:
        parse_file(stack_file.read(settings))
    except SettingsError:
        settings.unlink()
        raise
    if policies.exists():
        print(f"Wrote {settings}; {policies} exists and is kept. Next:")
    else:
        policies.parent.mkdir(exist_ok=True)
        policies.write_text(thresholds(POLICIES.read_text(), answers))
        print(f"Wrote {settings} and {policies}. Next:")
    for step in (
        f"pulumi stack init {answers['env']}",
        f"pulumi preview -s {answers['env']} --policy-pack policy --policy-pack-config {policies}",
    ):
        print(f"  {step}")


def environment(template: str, answers: Mapping[str, str]) -> str:
    """The template with the answers in place of its examples, its comments included."""
    text = template.replace("<env>", answers["env"])
    text = re.sub(
        r"\A(#.*\n)+", f"# Environment {answers['env']}; docs/configuration.md lists all keys.\n", text
    )
    values = {question.key: answers[question.flag] for question in QUESTIONS}
    values["networkProfile"] = f"{answers['cluster-name']}-lb-medium"
    values["pod_subnet_prefix"] = values["subnetPrefix"] = str(_prefix(answers))
    if answers["dns-server"] == "none":
        values |= {"dnsMode": "none", "dnsServer": ""}
    if answers["vsphere-server"] == "none":
        values |= {"antiAffinity": "off", "vsphereServer": ""}
    for key, value in values.items():
        shown = value if key in _NUMBERS else _scalar(value)
        line = re.search(rf"^( +(?:- |rancher-on-pks:)?{key}: ).*\n", text, re.MULTILINE)
        if line:
            text = text[: line.start()] + (f"{line[1]}{shown}\n" if shown else "") + text[line.end() :]
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _prefix(answers: Mapping[str, str]) -> int:
    """The shortest prefix of pod subnets with which the plan fits; the default if none does."""
    reserve = json.loads(POLICIES.read_text())["pod-network"]["reservePercent"]
    try:
        demand = Demand(
            name="rancher",
            rancher_version=answers["rancher-version"],
            imported_clusters=int(answers["imported-clusters"]),
        )
        for prefix in _PREFIXES:
            blocks = (Block(cidr=answers["pod-block"]),)
            network = Network(blocks=blocks, subnet_prefix=prefix, reserve_percent=reserve)
            if assess(Plan(network=network, demands=(demand,))).fits:
                return prefix
    except (CapacityError, ValueError):
        pass  # the check of the written file names the key
    return _PREFIXES[0]


def thresholds(template: str, answers: Mapping[str, str]) -> str:
    """The policies' thresholds; without vCenter none for the rules that the stack does not have."""
    document = json.loads(template)
    if answers["vsphere-server"] == "none":
        document["host-failure"]["antiAffinity"] = False
    return json.dumps(document, indent=2) + "\n"


def _ask(question: Question, answers: Mapping[str, str]) -> str:
    """The answer from the terminal; without one the default.

    Raises:
        OSError: There is neither.
    """
    default = question.default(answers)
    if not sys.stdin.isatty():
        if not default:
            raise OSError(f"--{question.flag} is missing: {question.text}")
        return default
    while True:
        shown = f" [{default}]" if default else ""
        if answer := input(f"{question.text}{shown}: ").strip() or default:
            return answer


def _scalar(value: str) -> str:
    """A text as YAML; in quotes when YAML would read something else."""
    try:
        same = not value or (yaml.safe_load(value) == value and value not in {"off", "on", "yes", "no"})
    except yaml.YAMLError:
        same = False
    return value if same else json.dumps(value)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m settings new",
        description="Writes Pulumi.<env>.yaml and policy/config.<env>.json. Asks for what no option gives; "
        "without a terminal the defaults apply.",
    )
    parser.add_argument(
        "env", type=_environment, metavar="<env>", help="name of the environment and its stack"
    )
    for question in QUESTIONS:
        parser.add_argument(f"--{question.flag}", metavar="VALUE", help=question.text)
    parser.add_argument("--directory", default=".", help="the checkout (default: here)")
    return parser


def _environment(text: str) -> str:
    if not _ENVIRONMENT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be lower-case letters, digits and hyphens")
    return text
