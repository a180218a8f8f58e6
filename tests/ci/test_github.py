"""One comment a stack, and one issue, edited in place; against a server that pages as GitHub does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ci.github import GitHub
from ci.problem import StepError
from tests.config import REPO
from tests.servers import Request, Response, Server, serve

PAGE = 2
TOKEN = "ghs_token"
BOT = {"type": "Bot", "login": "github-actions[bot]"}
PERSON = {"type": "User", "login": "somebody"}


class Fake:
    """Comments of pull request 7, and issues."""

    def __init__(self) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {"issues/7/comments": [], "issues": []}
        self.server: Server

    def add(self, path: str, body: str | None, user: dict[str, str], **more: str) -> dict[str, Any]:
        number = len(self.items[path]) + 1
        kind = "issues/comments" if path.endswith("comments") else "issues"
        item = {"url": f"{self.server.url}/repos/o/r/{kind}/{number}", "html_url": f"https://x.test/{number}"}
        self.items[path].append({**item, "body": body, "user": user, "state": "open", **more})
        return self.items[path][-1]

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer ghs_token":
            return Response(403, {"message": "Resource not accessible by integration"})
        url = urlsplit(request.path)
        path = url.path.removeprefix("/repos/o/r/")
        if request.method == "GET":
            return self._page(path, parse_qs(url.query), request.path)
        if request.method == "POST":
            return Response(201, self.add(path, user=BOT, **request.json))
        [item] = [
            item for items in self.items.values() for item in items if urlsplit(item["url"]).path == url.path
        ]
        item.update(request.json)
        return Response(200, item)

    def _page(self, path: str, query: dict[str, list[str]], asked: str) -> Response:
        page = int(query.get("page", ["1"])[0])
        known = [item for item in self.items[path] if item["state"] == query.get("state", ["open"])[0]]
        start = (page - 1) * PAGE
        headers = {}
        if len(known) > start + PAGE:
            bare = asked.partition("&page=")[0]
            headers["Link"] = f'<{self.server.url}{bare}&page={page + 1}>; rel="next", <x>; rel="last"'
        return Response(200, known[start : start + PAGE], headers)


@contextmanager
def fake() -> Iterator[Fake]:
    made = Fake()
    with serve(made.answer) as made.server:
        yield made


def github(made: Fake, token: str = TOKEN) -> GitHub:
    environment = {"GITHUB_API_URL": made.server.url, "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": token}
    return GitHub.of(environment)


def bodies(made: Fake, path: str = "issues/7/comments") -> list[str]:
    return [item["body"] for item in made.items[path]]


def test_the_first_comment_is_made_and_then_edited_on_whichever_page_it_is() -> None:
    with fake() as made:
        made.add("issues/7/comments", "<!-- prod -->\nby a person who copied the line", PERSON)
        assert github(made).comment(7, "<!-- prod -->\nfirst") == "https://x.test/2"
        for number in range(5):
            made.add("issues/7/comments", f"talk {number}", PERSON)
        github(made).comment(7, "<!-- edge -->\nother stack")
        assert github(made).comment(7, "<!-- prod -->\nsecond") == "https://x.test/2"
        assert github(made).comment(7, "<!-- edge -->\nagain") == "https://x.test/8"
        assert bodies(made)[:2] == [
            "<!-- prod -->\nby a person who copied the line",
            "<!-- prod -->\nsecond",
        ]
        assert bodies(made)[7:] == ["<!-- edge -->\nagain"]


def test_an_issue_is_opened_changed_closed_and_opened_anew() -> None:
    with fake() as made:
        made.add("issues", None, BOT)  # GitHub gives null for an empty text
        assert github(made).close_issue("<!-- prod -->\nno drift", "drift") == ""
        github(made).issue("prod: drift", "<!-- prod -->\nworkers", "drift")
        github(made).issue("prod: drift", "<!-- prod -->\nworkers, dns", "drift")
        assert [(item["title"], item["labels"]) for item in made.items["issues"][1:]] == [
            ("prod: drift", ["drift"])
        ]
        assert bodies(made, "issues")[1:] == ["<!-- prod -->\nworkers, dns"]
        assert github(made).close_issue("<!-- prod -->\nno drift", "drift") == "https://x.test/2"
        assert made.items["issues"][1]["state"] == "closed"
        github(made).issue("prod: drift", "<!-- prod -->\nagain", "drift")
        assert len(made.items["issues"]) == 3


def test_a_refusal_tells_the_remedy_and_not_the_token() -> None:
    with fake() as made:
        with pytest.raises(StepError) as caught:
            github(made, "ghs_other").comment(7, "<!-- prod -->")
        assert "HTTP 403" in str(caught.value)
        assert "pull-requests: write" in str(caught.value)
        assert "ghs_other" not in str(caught.value) + repr(github(made, "ghs_other"))
    with pytest.raises(StepError, match="GITHUB_TOKEN not set"):
        GitHub.of({"GITHUB_REPOSITORY": "o/r"})


def test_the_token_goes_to_github_alone() -> None:
    with fake() as made, serve(lambda _: Response(200, [])) as other:
        made.add("issues/7/comments", "<!-- prod -->", BOT, url=f"{other.url}/steal")
        with pytest.raises(StepError, match="is not of"):
            github(made).comment(7, "<!-- prod -->\nnew")
        assert other.requests == []


def test_the_commands(tmp_path: Path) -> None:
    """As a workflow runs them, on a machine that has Python alone."""

    def run(*arguments: str, fails: bool = False) -> str:
        environment = {
            **os.environ,
            "GITHUB_API_URL": made.server.url,
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_TOKEN": "ghs_token",
            "GITHUB_EVENT_PATH": str(event),
        }
        command = [sys.executable, "-S", "-m", "ci", *arguments]
        done = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == int(fails), done.stderr
        return done.stdout

    event, look = tmp_path / "event.json", tmp_path / "drift-0"
    file, bad = tmp_path / "preview-1/comment.md", tmp_path / "preview-7/comment.md"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    for artifact in (file, bad):
        artifact.parent.mkdir()
        artifact.write_text("<!-- rancher-on-pks: preview of edge -->\nfirst, says @everyone")
    look.mkdir()
    (look / "drift.md").write_text("<!-- look at prod -->\nworkers")
    with fake() as made:
        stacks = ["comment", "--stacks", '["edge", "prod"]']
        assert run(*stacks, str(file)) == "https://x.test/1\n"
        assert run(*stacks, str(bad), str(file), fails=True) == "https://x.test/1\n", (
            "a bad file stops no other"
        )
        for found in (True, False, False):
            (look / "result.json").write_text(
                json.dumps({"stack": "prod", "verdict": "drift", "found": found})
            )
            run("issue", str(look))
        assert bodies(made) == ["<!-- rancher-on-pks: preview of prod -->\nfirst, says @\u200beveryone"]
        assert [(item["title"], item["state"]) for item in made.items["issues"]] == [
            ("prod: drift", "closed")
        ]
