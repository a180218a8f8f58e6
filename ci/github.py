"""One comment for each stack on a pull request, and one issue, edited in place through GitHub's REST API.

It runs where nothing is installed, so it uses the standard library alone.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ci.problem import StepError
from domain.documents import loads
from domain.shapes import Shape, ShapeError, check

_SECONDS = 30
_MOST_PAGES = 100
_WRITTEN: Shape = {"url!": str, "body": str, "user": {"login": str}}
_MOST_BYTES = 32 * 2**20
_WORKFLOWS = "github-actions[bot]"
"""Login of what a workflow writes with its own token."""
_NEXT = re.compile(r'<([^>]+)>; rel="next"')


@dataclass(frozen=True)
class GitHub:
    """A repository at GitHub.

    Attributes:
        api: Address of the API.
        repository: ``owner/name``.
        token: May write pull requests, or issues.
    """

    api: str
    repository: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> GitHub:
        """The repository of the workflow that this runs in.

        Raises:
            StepError: A variable is not set.
        """
        missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environment.get(name)]
        if missing:
            raise StepError(
                f"{' and '.join(missing)} not set. In a workflow, give the step `env: GITHUB_TOKEN`"
            )
        api = environment.get("GITHUB_API_URL", "https://api.github.com")
        return cls(api, environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"])

    def comment(self, pull_request: int, body: str) -> str:
        """Write a comment, or replace the one that begins with the same line; returns its address.

        Raises:
            StepError: GitHub refused it.
        """
        return self._upsert(f"issues/{pull_request}/comments", "per_page=100", {"body": body})

    def issue(self, title: str, body: str, label: str) -> str:
        """Write an issue, or replace the open one that begins with the same line; returns its address.

        Raises:
            StepError: GitHub refused it.
        """
        document = {"title": title, "body": body, "labels": [label]}
        return self._upsert("issues", f"state=open&labels={label}&per_page=100", document)

    def close_issue(self, body: str, label: str) -> str:
        """Close the open issue that begins with the same line as ``body``; returns its address, or nothing.

        Raises:
            StepError: GitHub refused it.
        """
        found = self._own("issues", f"state=open&labels={label}&per_page=100", body)
        if found is None:
            return ""
        _, written = self._send("PATCH", found["url"], {"state": "closed", "body": body})
        return self._address(written)

    def _upsert(self, path: str, query: str, document: Mapping[str, Any]) -> str:
        found = self._own(path, query, document["body"])
        if found:
            _, written = self._send("PATCH", found["url"], document)
        else:
            _, written = self._send("POST", f"{self.api}/repos/{self.repository}/{path}", document)
        return self._address(written)

    def _own(self, path: str, query: str, body: str) -> Any:
        """What this repository's workflows wrote that begins with the same line; None if there is nothing.

        Anybody can begin a text with that line, and so can any other bot.
        """
        mark = body.splitlines()[0]
        for item in self._pages(f"{self.api}/repos/{self.repository}/{path}?{query}"):
            author = (item.get("user") or {}).get("login")
            if author == _WORKFLOWS and (item.get("body") or "").splitlines()[:1] == [mark]:
                return item
        return None

    def _pages(self, url: str) -> Iterator[Any]:
        for _ in range(_MOST_PAGES):
            link, items = self._send("GET", url)
            yield from self._checked(items, [_WRITTEN], url)
            found = _NEXT.search(link)
            if not found:
                return
            url = found[1]
        raise StepError(f"{url} has more than {_MOST_PAGES} pages")

    def _address(self, written: object) -> str:
        """Address of what was written."""
        return str(self._checked(written, {"html_url!": str}, self.api)["html_url"])

    def _checked(self, document: Any, shape: Shape, url: str) -> Any:
        try:
            check(document, shape)
        except ShapeError as error:
            raise StepError(f"{url}: the answer is not one of GitHub: {error}") from None
        return document

    def _send(self, method: str, url: str, document: object = None) -> tuple[str, Any]:
        """Send a request; returns the answer's Link header and its document."""
        if not url.startswith(f"{self.api}/"):  # the token is for GitHub alone
            raise StepError(f"{url} is not of {self.api}")
        request = urllib.request.Request(  # noqa: S310 - of the API, see above
            url,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                text = answer.read(_MOST_BYTES).decode(errors="replace")
                return answer.headers.get("Link", ""), loads(text)
        except urllib.error.HTTPError as error:
            words = error.read(500).decode(errors="replace")
            remedy = (
                " The job needs `pull-requests: write` for comments, `issues: write` for issues."
                if error.code in {401, 403, 404}
                else ""
            )
            raise StepError(f"{method} {url}: HTTP {error.code}: {words}.{remedy}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            # Not the error's own text: it may quote a header.
            reason = getattr(error, "reason", "") or type(error).__name__
            raise StepError(f"{method} {url}: {reason}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another host, or turn a write into a read: it is an error."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
