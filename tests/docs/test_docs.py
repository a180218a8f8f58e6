"""The documentation holds together: no page is stale, no link is dead."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.config import REPO

PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md"), *REPO.glob("examples/*.md")])
_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("script", ["docs/reference.py", "docs/pictures.py"])
def test_what_is_made_from_the_code_is_current(script: str) -> None:
    command = [sys.executable, script, "--check"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if not link.startswith(("https://", "http://", "#")):
            name, _, anchor = link.partition("#")
            target = page.parent / name
            assert target.exists(), link
            if anchor:
                assert anchor in _anchors(target), link


def test_every_page_is_in_the_site_and_says_something() -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    with tempfile.TemporaryDirectory() as site:
        done = subprocess.run([*command, site], cwd=REPO, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        for page in REPO.glob("docs/*.md"):
            text = Path(site, f"{page.stem}.html").read_text()
            title = page.read_text().splitlines()[0].removeprefix("# ").partition("`")[0]
            assert title in html.unescape(text)
            assert "https://unpkg" not in text, "a site without network access works"


def test_every_picture_has_a_description() -> None:
    for page in PAGES:
        for text, target in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text()):
            assert len(text) > 10, (page, target)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
