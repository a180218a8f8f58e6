"""What all commands share: the log's level, one sentence for a missing extra, silence for a closed pipe.

It needs Python alone. Import it first: a missing package is then reported from the first import on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import TracebackType

CLOSED_PIPE = 141
"""Exit code after the reader of the output has gone, as of a process that SIGPIPE ends (128 + 13)."""
MISSING = 2
LOG_LEVEL_VARIABLE = "RANCHER_ON_PKS_LOG"
"""Environment variable with the level of a run's log.

``DEBUG`` adds the providers' calls and their durations, and what the SDK says to ``pulumi --debug``.
"""

_EXTRAS = {
    "matplotlib": "report",
    "prometheus_client": "report",
    "rich": "report",
    "pulumi_policy": "policy",
    "aiohttp": "lab",
}
_PROGRAM = "program"
"""The extra of every other package."""
_OWN = frozenset(
    [
        "airgap",
        "bench",
        "capacity",
        "ci",
        "components",
        "console",
        "domain",
        "drill",
        "fleet",
        "lab",
        "policy",
        "provider_host",
        "rancher_on_pks",
        "settings",
        "steps",
    ]
)


def log_level() -> str:
    """The level of the log, as Python's ``logging`` names it."""
    return os.environ.get(LOG_LEVEL_VARIABLE, "INFO").upper()


def run(main: Callable[[], int]) -> None:
    """Ends the process with the exit code of a command; closed pipes and missing extras are no traceback."""
    code: int | str | None
    try:
        try:
            code = main()
        except SystemExit as ended:  # of argparse
            code = ended.code
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CLOSED_PIPE
    except ModuleNotFoundError as error:
        message = missing(error)
        if message is None:
            raise
        print(message, file=sys.stderr)
        code = MISSING
    sys.exit(code)


def missing(error: ModuleNotFoundError) -> str | None:
    """The sentence for a package that is not installed; None for one of the project's own modules."""
    package = (error.name or "").partition(".")[0]
    if not package or package in _OWN:
        return None
    extra = _EXTRAS.get(package, _PROGRAM)
    return f"error: {package} is not installed. Run in the checkout: pip install -e '.[{extra}]'"


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    message = missing(error) if isinstance(error, ModuleNotFoundError) else None
    if message is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(message, file=sys.stderr)


sys.excepthook = _report
