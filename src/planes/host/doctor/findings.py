"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`off`: not active, which may be as it should be. `warning`: works, with less than there could be."""

    GOOD = "good"
    OFF = "off"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`area` groups findings, `subject` names what was looked at, `advice` says what to do where something is."""

    area: str
    subject: str
    state: State
    detail: str
    advice: str | None = None
