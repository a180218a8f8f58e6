"""Draws the pictures of the documentation: ``python docs/pictures.py [--check]``.

The plot and the comment are what the program makes of the article's environment; the architecture is drawn
from the rows below. With the pinned packages the files are the same on every machine, so ``--check`` finds
stale ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import console
from capacity.model.assessment import assess
from capacity.model.plan import Block, Demand, Network, Plan
from capacity.report import plot
from capacity.report.tables import as_comparison
from ci import comment
from ci.events import Change, Property, Report, Violation
from policy.plan import problems

sys.path.insert(0, str(Path(__file__).parent))
import markdown_picture

PICTURES = Path(__file__).parent / "pictures"
_FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"
_INK, _LINE, _PAPER = "#1f2933", "#7b8794", "#ffffff"


@dataclass(frozen=True)
class Box:
    """A part of the architecture.

    Attributes:
        name: What it is called.
        lines: What it does.
        x: Left edge.
        width: Its width.
    """

    name: str
    lines: tuple[str, ...]
    x: int
    width: int


_ROWS: tuple[tuple[str, str, int, tuple[Box, ...]], ...] = (
    (
        "You give",
        "#e8f1fb",
        64,
        (
            Box("Pulumi.<env>.yaml", ("every error at once,", "before anything changes"), 130, 240),
            Box("credentials", ("environment or secret", "config, never inputs"), 390, 200),
            Box("policy pack", ("refuses what does not fit", "the pod network or the design"), 610, 250),
        ),
    ),
    (
        "Preflight",
        "#fff3d6",
        64,
        (
            Box("PKS", ("plan, profile,", "names"), 130, 130),
            Box("charts", ("both exist for this", "Kubernetes"), 275, 140),
            Box("pod network", ("plan against the", "blocks in NSX-T"), 430, 135),
            Box("DNS", ("key may update", "the zone"), 580, 125),
            Box("vCenter", ("hosts enough for", "the DRS rules"), 720, 140),
        ),
    ),
    (
        "Cluster",
        "#e3f6e8",
        64,
        (
            Box("PksCluster", ("network profile, 3 masters,", "3 workers, access"), 130, 260),
            Box("AntiAffinity", ("masters, workers on", "different ESXi hosts"), 410, 200),
            Box("RancherCertificates", ("files, request, CA:", "Secrets tls-ca and TLS"), 630, 230),
        ),
    ),
    (
        "Way in",
        "#e3f6e8",
        64,
        (
            Box("IngressController", ("nginx DaemonSet behind", "an NSX-T virtual IP"), 130, 220),
            Box("DnsRecord", ("name to virtual IP,", "visible everywhere"), 370, 180),
            Box("RancherIngress", ("one Ingress, then", "503 with a green lock"), 570, 290),
        ),
    ),
    (
        "Rancher",
        "#e3f6e8",
        64,
        (
            Box("RancherServer", ("3 replicas rolled out,", "/ping answers"), 130, 220),
            Box("RancherBootstrap", ("password, URL, token,", "cluster local active"), 370, 220),
            Box("stack outputs", ("typed contract: URL, CA,", "token, headroom"), 610, 250),
        ),
    ),
    (
        "Then",
        "#f3e8fb",
        64,
        (
            Box("fleet", ("hundreds of imported", "edge clusters"), 130, 190),
            Box("pipelines", ("comment, approval,", "drift every night"), 335, 180),
            Box("drill", ("what users notice when", "a host dies"), 530, 175),
            Box("other stacks", ("read outputs, judged", "by the same pack"), 720, 140),
        ),
    ),
)


def architecture() -> str:
    """The parts in the order in which a run meets them, as SVG."""
    gap, top, width = 34, 20, 880
    height = top * 2 + sum(row[2] for row in _ROWS) + gap * (len(_ROWS) - 1)
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' {_FONT}>",
        "<title>From an empty PKS foundation to a fleet behind a trusted Rancher</title>",
        f"<rect width='{width}' height='{height}' fill='{_PAPER}'/>",
        "<defs><marker id='a' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
        f"orient='auto'><path d='M0 0L8 4L0 8z' fill='{_LINE}'/></marker></defs>",
    ]
    y = top
    for number, (title, colour, tall, boxes) in enumerate(_ROWS):
        lines.append(_text(20, y + tall // 2 + 5, title, size=14, bold=True))
        for box in boxes:
            lines += _box(box, y, tall, colour)
        if number + 1 < len(_ROWS):
            middle = (130 + 860) // 2
            lines.append(
                f"<path d='M{middle} {y + tall + 3}V{y + tall + gap - 4}' stroke='{_LINE}' "
                "stroke-width='1.6' fill='none' marker-end='url(#a)'/>"
            )
        y += tall + gap
    return "\n".join([*lines, "</svg>", ""])


def _box(box: Box, y: int, height: int, colour: str) -> Iterator[str]:
    yield (
        f"<rect x='{box.x}' y='{y}' width='{box.width}' height='{height}' rx='6' fill='{colour}' "
        f"stroke='{_LINE}'/>"
    )
    centre = box.x + box.width // 2
    yield _text(centre, y + 20, box.name, size=13, bold=True, middle=True)
    for number, line in enumerate(box.lines):
        yield _text(centre, y + 38 + 15 * number, line, size=11, middle=True)


def _text(x: int, y: int, text: str, *, size: int, bold: bool = False, middle: bool = False) -> str:
    weight = " font-weight='bold'" if bold else ""
    anchor = " text-anchor='middle'" if middle else ""
    return f"<text x='{x}' y='{y}' font-size='{size}' fill='{_INK}'{weight}{anchor}>{escape(text)}</text>"


def capacity() -> str:
    """The plot of the article's plan, as ``python -m capacity plot`` draws it."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "plan.svg")
        found = _plan(40)
        plot.draw(found, plot.prefixes_for(found), file)
        return file.read_text()


def pull_request() -> str:
    """The comment on a pull request that plans 60 imported clusters instead of 40 and adds a worker."""
    before, after = assess(_plan(40)), assess(_plan(60))
    report = Report(
        changes=[
            _change("rancher-cluster", "pulumi-python:pks:Cluster", Property("workers", "3", "4")),
            _change(
                "capacity-figures",
                "pulumi-python:capacity:PodNetwork",
                Property("figures.demands[0].importedClusters", "40", "60"),
            ),
        ],
        counts={"same": 42, "update": 2},
        violations=[Violation("pod-network", True, "capacity-figures", text) for text in problems(after)],
        finished=True,
    )
    found = comment.Preview(
        stack="prod", report=report, failed=True, capacity=as_comparison(before, after, running=True)
    )
    return markdown_picture.svg(comment.render(found), width=900, title="The comment on a pull request")


def _change(name: str, kind: str, changed: Property) -> Change:
    return Change(f"urn:pulumi:prod::rancher-on-pks::{kind}::{name}", kind, "update", (changed,))


def _plan(imported: int) -> Plan:
    network = Network(blocks=(Block(cidr="172.16.0.0/16"),), reserve_percent=10)
    demand = Demand(name="czpksrancher05", rancher_version="2.8.5", imported_clusters=imported)
    return Plan(network=network, demands=(demand,))


DRAWN = {"architecture.svg": architecture, "capacity.svg": capacity, "comment.svg": pull_request}


def main() -> int:
    """Draw the pictures, or with ``--check`` name those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a picture is stale")
    check, stale = parser.parse_args().check, []
    PICTURES.mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        file, text = PICTURES / name, draw()
        if not file.exists() or file.read_text() != text:
            stale.append(name)
            if not check:
                file.write_text(text)
    for name in stale if check else ():
        print(f"docs/pictures/{name} is stale; run `make docs`", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    console.run(main)
