"""Tasks of the BOSH Director: what ``bosh`` does is a task, whose events and result it reads afterwards.

The requests of the lab respond when their work is done, so every task is finished. Numbers restart with the
foundation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from lab.foundation.errors import DirectorError
from lab.foundation.inventory import Object

_FIRST = 1000


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        description: As ``bosh tasks`` shows it.
        deployment: Name.
        result: Output of type ``result``.
        events: Output of type ``event``, one JSON object a line.
        summary: Result in ``bosh tasks``.
        started: Seconds since 1970.
        finished: Seconds since 1970.
    """

    description: str
    deployment: str
    result: str
    events: str = ""
    summary: str = ""
    started: float = 0.0
    finished: float = field(default_factory=time.time)


class Tasks:
    """Past tasks and their routes."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._tasks: list[Task] = []

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes of ``/tasks``."""
        return [
            web.get("/tasks", self._list),
            web.get("/tasks/{id}", self._show),
            web.get("/tasks/{id}/output", self._output),
        ]

    def begun(self, task: Task) -> web.Response:
        """Records a task and returns the response to the request that started it."""
        self._tasks.append(task)
        return web.Response(status=302, headers={"Location": f"/tasks/{_FIRST + len(self._tasks) - 1}"})

    async def _list(self, request: web.Request) -> web.Response:
        """Handles ``bosh tasks``, where none is running, and ``bosh tasks --recent``."""
        numbers = [] if "state" in request.query else range(_FIRST, _FIRST + len(self._tasks))
        found = [self._document(number) for number in reversed(numbers)]
        if deployment := request.query.get("deployment"):
            found = [item for item in found if item["deployment"] == deployment]
        return web.json_response(found[: int(request.query.get("limit", len(found)))])

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._document(self._number(request)))

    async def _output(self, request: web.Request) -> web.Response:
        """Responds with the output from the offset that the CLI has not read."""
        task = self._tasks[self._number(request) - _FIRST]
        text = task.events if request.query.get("type") == "event" else task.result
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        return web.Response(status=416) if start and start >= len(text) else web.Response(text=text[start:])

    def _number(self, request: web.Request) -> int:
        text = request.match_info["id"]
        number = int(text) if text.isdigit() else 0
        if not 0 <= number - _FIRST < len(self._tasks):
            raise DirectorError(404, 10000, f"Task {text} doesn't exist")
        return number

    def _document(self, number: int) -> Object:
        task = self._tasks[number - _FIRST]
        return {
            "id": number,
            "state": "done",
            "description": task.description,
            "timestamp": int(task.finished),
            "started_at": int(task.started),
            "result": task.summary,
            "user": self._user,
            "deployment": task.deployment,
            "context_id": "",
        }


def events(stage: str, tasks: Sequence[tuple[str, str]], started: float) -> str:
    """Returns the events of a stage: for each task, a name and a tag, its start and its end."""
    lines = []
    for index, (name, tag) in enumerate(tasks, start=1):
        for state, progress, at in (("started", 0, started), ("finished", 100, time.time())):
            event = {"time": int(at), "stage": stage, "tags": [tag], "total": len(tasks), "task": name}
            lines.append(json.dumps({**event, "index": index, "state": state, "progress": progress}) + "\n")
    return "".join(lines)
