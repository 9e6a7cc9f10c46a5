"""How bad a line of a job says that it is: what regions search for, and what the terminal app colours."""

import re
from typing import Literal, NamedTuple

LogLevel = Literal["warning", "error"]

# What says that there is none: `error=False`, `"error": null`, `error: 0`, `no error`.
_NONE = r"""["']?\s*(?:[:=]>?)\s*(?:false|null|none|nil|0|""|''|\[\]|\{\})(?![\w.])"""
_LEVEL = re.compile(
    r"\b(?<!\bno )(?<!\b0 )"
    r"(?:(?P<warning>warn(?:ing)?|[A-Za-z]*Warning)|(?P<error>[A-Za-z_.]*(?:error|exception)|critical|fatal))\b"
    rf"(?!{_NONE})",
    re.IGNORECASE,
)
# A frame of a traceback quotes code; what a group of exceptions holds stands indented as frames do, behind a bar.
_FRAME = re.compile(r" {2}(?! *\| \S)")


class Told(NamedTuple):
    """A level, and [start, end) of the word that says it."""

    level: LogLevel
    start: int
    end: int


def find_level(text: str, source: str) -> Told | None:
    """The first word of a job's line that says how bad it is; frames of a traceback say nothing."""
    if source != "user" or _FRAME.match(text):
        return None
    found = _LEVEL.search(text)
    if found is None:
        return None
    return Told("warning" if found.lastgroup == "warning" else "error", *found.span())
