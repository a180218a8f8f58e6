"""What ties the process of the dynamic providers to the engine: its log, its errors, its end."""

from __future__ import annotations

import os
import stat
import sys
import threading
import traceback

from components.runtime import command, private_files
from components.runtime.errors import ProviderError, start_log

_STDIN = 0
_watched = threading.Lock()
_interpreter_format_exc = traceback.format_exc


def attach() -> None:
    """Log to the engine, report errors without tracebacks, end with the engine. A repeated call does nothing.

    The engine keeps the other end of this process's standard input (``StdinPipe`` in the SDK's
    ``plugin.ExecPlugin``) and never writes to it: the kernel closes it with the engine, however that
    ends. The SDK's host does not notice, and a running ``create`` would wait on and give orders.
    """
    start_log()
    traceback.format_exc = _format_exc
    if stat.S_ISFIFO(os.fstat(_STDIN).st_mode) and _watched.acquire(blocking=False):
        threading.Thread(target=_end_with_engine, daemon=True).start()


def _end_with_engine() -> None:
    while os.read(_STDIN, 1024):
        pass
    command.kill_all()
    private_files.remove_all()
    os._exit(1)


def _format_exc(limit: int | None = None, chain: bool = True) -> str:
    """The host reports a provider's failure as ``traceback.format_exc()``: give the message alone."""
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, ProviderError) else _interpreter_format_exc(limit, chain)
