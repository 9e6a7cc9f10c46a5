"""Lines of a run's log (Contract: 6)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from planes.wire.log_patterns import MAXIMUM_SOUGHT
from planes.wire.moments import Moment


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


class LogLevel(StrEnum):
    """How bad a line of the job says it is."""

    ERROR = "error"
    WARNING = "warning"


class LogDamage(BaseModel):
    """Lines from `from_line` up to and without `to_line` that are lost, or served unchecked; `why` says which."""

    from_line: int
    to_line: int
    why: str


class LogRange(BaseModel):
    """A range of a log (our own route). `total` counts the lines there are now; after the seal no more will come.

    `damage` names what is damaged in the stored pieces that hold the range, and every piece that is gone. In `lines`
    one line of the source `runner` stands for each run of lost lines.
    """

    lines: list[LogLine]
    total: int
    is_sealed: bool
    damage: list[LogDamage]


class SearchQuery(BaseModel):
    """What a search in a log wants (our own route). `source`, `stream` and `level` are words between commas."""

    text: str = Field("", max_length=MAXIMUM_SOUGHT)
    regex: str = Field("", max_length=MAXIMUM_SOUGHT)
    source: str = Field("", max_length=64)
    stream: str = Field("", max_length=64)
    level: str = Field("", max_length=64)
    since: Moment | None = None
    until: Moment | None = None
    from_line: int = Field(0, ge=-(2**53), le=2**53)
    backwards: bool = False
    limit: int = Field(1000, ge=1, le=10_000)


class FirstLine(BaseModel):
    """The number of a line."""

    number: int
