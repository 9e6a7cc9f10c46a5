"""Service logs: one JSON line each, without names, paths or values from users (Security: 9).

Crashes are logged as classes and places in the code. What a foreign exception says stays out: it often repeats what was
rejected. Libraries that log for themselves, as the HTTP server does, end in the same lines by the same rule.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from planes.domain.errors import PlaneError

# A message without arguments may have been put together from anything; the HTTP server's never are.
_FIXED_WORDS = "uvicorn"
_LIBRARIES = ("uvicorn", "asyncio", "sqlalchemy", "alembic", "httpx", "httpcore", "aiosqlite", "anyio", "concurrent")


def configure_logging(*, level: str = "info", stream: TextIO | None = None) -> None:
    """Sets structlog and the standard library's logging up for this process. May run twice."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _say_code_of_error,
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            _withhold_messages,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Unfailing(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = [_LibraryLog(logging.WARNING)]
        library.propagate = False


class _Unfailing:
    """What cannot be written, as on a full disk or to a pipe that nobody reads, harms nobody who says it.

    Such lines are lost; the first one after them is followed by how many.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> None:
        """One or more whole lines."""
        try:
            self._stream.write(f"\n{text}" if self._lost else text)  # of the last lost one a part may be there
            self._stream.flush()
            if self._lost:
                said = {"count": self._lost, "event": "log_lines_lost", "level": "warning"}
                self._stream.write(f"{json.dumps(said)}\n")
                self._stream.flush()
                self._lost = 0
        except (OSError, ValueError):  # also closed
            self._lost += 1

    def flush(self) -> None:
        """Nothing is left to do."""


class _LibraryLog(logging.Handler):
    """Turns a library's record into one of our lines: its template, never the values that belong into it."""

    def emit(self, record: logging.LogRecord) -> None:
        is_template = bool(record.args) or record.name.startswith(_FIXED_WORDS)
        template = str(record.msg).partition("\n")[0][:200] if is_template else ""
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "library_said", library=record.name, template=template, exc_info=record.exc_info)


def _say_code_of_error(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Our own errors have a stable word, and the system's a number: both say what the text would."""
    found: object = event.get("exc_info")
    error = cast("tuple[object, ...]", found)[1] if isinstance(found, tuple) else found
    error = sys.exc_info()[1] if error is True else error
    if isinstance(error, PlaneError):
        event["code"] = error.code
    elif isinstance(error, OSError) and error.strerror:
        event["reason"] = error.strerror
    return event


def _withhold_messages(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if "exception" in event:
        event["exception"] = _without_messages(event["exception"])
    return event


def _without_messages(found: Any) -> Any:
    """The same stacks, and those inside of groups, with classes and places only."""
    if isinstance(found, list):
        return [_without_messages(one) for one in cast("list[Any]", found)]
    if not isinstance(found, dict):
        return "withheld"
    stack = cast("dict[str, Any]", found)
    kept = {name: stack[name] for name in ("exc_type", "frames", "is_cause", "is_group") if name in stack}
    return kept | {name: _without_messages(stack[name]) for name in ("stacks", "exceptions") if stack.get(name)}
