"""Sets GitHub's Markdown as an SVG, as far as the comments of ``ci`` use it: no HTML, no nesting."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_SIZE, _LINE, _MARGIN, _PAD = 12.5, 20, 24, 10
_WIDTH = 7.4
"""Width of an average character; a table gives each column what its longest cell needs."""
_INK, _RULE, _HEAD = "#1f2933", "#d0d7de", "#f6f8fa"
_RUN = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")
_FONT = "DejaVu Sans, Verdana, sans-serif"
_CODE = "DejaVu Sans Mono, Menlo, monospace"


@dataclass
class Page:
    """What is drawn so far, and where the next line goes."""

    width: int
    y: float = _MARGIN
    parts: list[str] = field(default_factory=list)

    def line(self, text: str, x: float = _MARGIN, *, size: float = _SIZE, bold: bool = False) -> None:
        """Draws one line of text with its bold and code runs."""
        weight = " font-weight='bold'" if bold else ""
        runs = "".join(_runs(text))
        self.parts.append(
            f"<text x='{x:g}' y='{self.y + size:g}' font-size='{size:g}' fill='{_INK}'{weight} "
            f"xml:space='preserve'>{runs}</text>"
        )

    def rectangle(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Draws a cell."""
        self.parts.append(
            f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' fill='{fill}' "
            f"stroke='{_RULE}'/>"
        )


def svg(markdown: str, *, width: int, title: str) -> str:
    """The text as an SVG of that width."""
    page = Page(width)
    lines = [line for line in markdown.splitlines() if not line.startswith("<!--")]
    while lines:
        line = lines.pop(0)
        if line.startswith("|"):
            rows = [line]
            while lines and lines[0].startswith("|"):
                rows.append(lines.pop(0))
            _table(
                page,
                [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if "---" not in row],
            )
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            page.y += 6
            page.line(line.lstrip("# "), size=17 if level < 4 else 14, bold=True)
            page.y += 30 if level < 4 else 26
        elif line:
            for wrapped in textwrap.wrap(line, int((width - 2 * _MARGIN) / _WIDTH)):
                page.line(wrapped)
                page.y += _LINE
        else:
            page.y += 7
    height = page.y + _MARGIN - _LINE / 2
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height:g}' width='{width}' "
            f"height='{height:g}' role='img' font-family='{_FONT}'>",
            f"<title>{escape(title)}</title>",
            f"<rect x='0.5' y='0.5' width='{width - 1}' height='{height - 1:g}' rx='8' fill='#ffffff' "
            f"stroke='{_RULE}'/>",
            *page.parts,
            "</svg>",
            "",
        ]
    )


def _table(page: Page, rows: Sequence[Sequence[str]]) -> None:
    widths = [
        max(len(column[0]) + 1, *(len(_plain(cell)) for cell in column)) * _WIDTH + 2 * _PAD
        for column in zip(*rows, strict=True)
    ]
    height = _LINE + 8
    for number, row in enumerate(rows):
        x: float = _MARGIN
        for cell, width in zip(row, widths, strict=True):
            page.rectangle(x, page.y, width, height, _HEAD if number == 0 else "#ffffff")
            page.y += 7
            page.line(cell, x + _PAD, bold=number == 0)
            page.y -= 7
            x += width
        page.y += height
    page.y += 4


def _plain(text: str) -> str:
    return _RUN.sub(lambda found: found[1] or found[2], text)


def _runs(text: str) -> Iterator[str]:
    start = 0
    for found in _RUN.finditer(text):
        yield escape(text[start : found.start()])
        style = "font-weight='bold'" if found[1] else f"font-family='{_CODE}' font-size='{_SIZE - 1:g}'"
        yield f"<tspan {style}>{escape(found[1] or found[2])}</tspan>"
        start = found.end()
    yield escape(text[start:])
