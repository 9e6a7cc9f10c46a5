"""Lines of a run's log (Contract: 6)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel


class LogStream(StrEnum):
    """Where the process wrote it; `other` for lines that no process wrote."""

    STDOUT = "stdout"
    STDERR = "stderr"
    OTHER = "other"


class LogSource(StrEnum):
    """Who speaks: the job, the environment's build, or the platform."""

    USER = "user"
    SETUP = "setup"
    RUNNER = "runner"


class LogStage(StrEnum):
    """When: while the environment is built, or while the job runs."""

    BUILD = "build"
    RUN = "run"


class LogLine(BaseModel):
    """One line, scrubbed. `line_num` counts from 0; `content` has no newline."""

    content: str
    io_stream: LogStream
    line_num: int
    reported_at: datetime
    source: LogSource
    stage: LogStage


class LogRange(BaseModel):
    """A range of a log (our own route). `total` counts the lines there are now; after the seal no more will come."""

    lines: list[LogLine]
    total: int
    is_sealed: bool
