"""What every dynamic provider of this program shares: clean errors, progress, waiting, plain numbers."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pulumi.dynamic import ConfigureRequest, ResourceProvider
from pulumi.output import Unknown

log = logging.getLogger("rancher-on-pks")
"""Lines written here by a provider appear in the engine's output."""

LOG_LEVEL_VARIABLE = "RANCHER_ON_PKS_LOG"
"""Environment variable with the level of the providers' log; ``DEBUG`` adds each call and its duration."""

Properties = dict[str, Any]
"""A property bag as the engine hands it over."""

_PROVIDER_KEY = "__provider"
_REPORT_SECONDS = 60.0
_ENGINE_SECONDS = 5.0

T = TypeVar("T")


class ProviderError(Exception):
    """A failure whose message says everything: the engine shows it without a traceback."""


class Provider(ResourceProvider):
    """Base of the dynamic providers.

    Subclasses live in importable modules and hold no state, so they are pickled by reference: their
    module path and name are part of the stack's state.
    """

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 - subclasses use it
        """Prepare the provider's process; called once for each provider, only there."""
        traceback.format_exc = _format_exc
        if not log.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(message)s"))
            log.addHandler(handler)
            log.setLevel(os.environ.get(LOG_LEVEL_VARIABLE, "INFO").upper())
            threading.Thread(target=_end_with_engine, args=(sys.argv[-1],), daemon=True).start()


def plain(properties: Mapping[str, Any]) -> Properties:
    """The properties without the pickled provider, whole floats (protobuf has no integers) as ints."""
    return {name: _plain(value) for name, value in properties.items() if name != _PROVIDER_KEY}


def unknown(*values: object) -> bool:
    """Whether one of the values is not known yet (only at preview)."""
    return any(isinstance(value, Unknown) for value in values)


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], names: Iterator[str] | list[str]) -> list[str]:
    """Those of ``names`` whose value differs, or may differ because the new one is not known yet."""
    before, after = plain(olds), plain(news)
    return [name for name in names if unknown(after.get(name)) or before.get(name) != after.get(name)]


def wait(
    what: str,
    poll: Callable[[], tuple[str, T | None]],
    *,
    timeout: float,
    first: float = 2.0,
    cap: float = 30.0,
    resume: str,
) -> T:
    """Call ``poll`` until it returns a value.

    The pause grows with the time already waited (a tenth of it, from ``first`` to ``cap`` seconds), so
    the end is noticed soon and a long wait makes few calls. The state is logged once a minute.

    Args:
        what: The thing waited for, for messages.
        poll: Returns the last observed state in words, and the result once there is one.
        timeout: Deadline in seconds.
        first: First pause in seconds.
        cap: Longest pause in seconds.
        resume: What the user does to go on after a timeout.

    Raises:
        ProviderError: The deadline passed; the message has the last state and ``resume``.
    """
    start = time.monotonic()
    reported = start
    while True:
        state, result = poll()
        if result is not None:
            return result
        now = time.monotonic()
        if now - start >= timeout:
            raise ProviderError(
                f"{what}: not done after {timeout / 60:g} minutes; last state: {state}. {resume}"
            )
        if now - reported >= _REPORT_SECONDS:
            log.info("%s: %s (%d min)", what, state, (now - start) // 60)
            reported = now
        pause = min(max(first, (now - start) / 10), cap, start + timeout - now)
        time.sleep(max(pause, 0.0))


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _end_with_engine(address: str) -> None:
    """End this process when the engine has ended without telling it, so that nobody goes on giving orders.

    The SDK's provider host does not notice a killed engine, and a running ``create`` would wait on.
    """
    host, _, port = address.rpartition(":")
    while port.isdigit():
        time.sleep(_ENGINE_SECONDS)
        try:
            socket.create_connection((host, int(port)), timeout=_ENGINE_SECONDS).close()
        except OSError:
            os._exit(1)


_interpreter_format_exc = traceback.format_exc


def _format_exc(limit: int | None = None, chain: bool = True) -> str:
    """The host reports a provider's failure as ``traceback.format_exc()``: give the message alone."""
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, ProviderError) else _interpreter_format_exc(limit, chain)
