"""The simulator held to what a real Rancher v2.15.0 answered (``rancher_2_15.yaml``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.rancher_server import FIRST, Answer, Server, serving

Step = dict[str, Any]

SCENARIOS: dict[str, Step] = yaml.safe_load(Path(__file__).with_name("rancher_2_15.yaml").read_text())


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_simulator_answers_as_the_real_server(scenario: str) -> None:
    async with serving() as server:
        if SCENARIOS[scenario].get("login", True):
            await server.login()
        names: dict[str, Any] = {"first": FIRST}
        for number, step in enumerate(SCENARIOS[scenario]["steps"], 1):
            await _play(server, step, names, f"step {number}, {step['request']}")


async def _play(server: Server, step: Step, names: dict[str, Any], where: str) -> None:
    server.wait(step.get("after", 0))
    method, path = _filled(step["request"], names).split(" ", 1)
    auth = step.get("auth", "bearer")
    token = {"bearer": server.token, "none": "", "bad": "token-aaaaa:bbbbb"}.get(auth) if auth else ""
    body = names[step["resend"]] if "resend" in step else _filled(step.get("body"), names)
    answer = await server.ask(method, path, body, token=names[auth] if token is None else token)
    assert answer.status == step["status"], f"{where}: {answer.text}"
    _headers(answer, step, where)
    assert (not answer.text) >= step.get("empty", False), where
    if answer.body is not None:
        _body(answer.body, step, names, where)


def _headers(answer: Answer, step: Step, where: str) -> None:
    if "type" in step:
        assert answer.headers.get("content-type", "") == step["type"], where
    for name, value in step.get("headers", {}).items():
        assert answer.headers.get(name.lower()) == value, f"{where}: {name}"
    for name in step.get("without_headers", []):
        assert name.lower() not in answer.headers, where


def _body(body: Step, step: Step, names: dict[str, Any], where: str) -> None:
    _same(_filled(step.get("answer", {}), names), body, where)
    if "keys" in step:
        assert sorted(body) == step["keys"], where
    assert set(step.get("has", [])) <= set(body), where
    assert not set(step.get("lacks", [])) & set(body), where
    if "conditions" in step:
        found = {entry["type"]: entry["status"] for entry in body["conditions"]}
        assert found.items() >= step["conditions"].items(), where
    if "same" in step:
        assert body == names[step["same"]], where
    if "whole" in step:
        names[step["whole"]] = body
    for name, place in step.get("keep", {}).items():
        value: Any = body
        for part in place.split("."):
            value = value[int(part) if part.isdigit() else part]
        names[name] = value


def _same(wanted: object, found: object, where: str) -> None:
    """Every field of ``wanted`` is in ``found``; ``~`` begins a pattern for the whole text."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), where
        for name, value in wanted.items():
            assert name in found, f"{where}: no {name}"
            _same(value, found[name], f"{where}: {name}")
    elif isinstance(wanted, list) and wanted:
        assert isinstance(found, list), where
        for one, other in zip(wanted, found, strict=False):
            _same(one, other, where)
    elif isinstance(wanted, str) and wanted.startswith("~"):
        assert isinstance(found, str), where
        assert re.fullmatch(wanted[1:], found), f"{where}: {found}"
    else:
        assert found == wanted, where
        assert type(found) is type(wanted), where


def _filled(value: Any, names: dict[str, Any]) -> Any:
    """``<name>`` replaced by what was kept under the name."""
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    if isinstance(value, str):
        return re.sub(r"<([a-z]+)>", lambda found: str(names[found[1]]), value)
    return value
