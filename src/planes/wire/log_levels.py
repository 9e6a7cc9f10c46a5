"""How bad a line of a job says that it is: what regions search for, and what the terminal app colours."""

import re
from typing import Literal, NamedTuple

LogLevel = Literal["warning", "error"]

# What says that there is none: `error=False`, `"error": null`, `error: 0`, `no error`.
_NONE = r"""["']?\s*(?:[:=]>?)\s*(?:false|null|none|nil|0|""|''|\[\]|\{\})(?![\w.])"""
# Short and other words for levels count as loggers write them. A word with dots is bounded: each part begins one.
_LEVEL = re.compile(
    r"\b(?<!\bno )(?<!\b0 )"
    r"(?:(?P<warning>warn(?:ing)?|[A-Za-z]*Warning|(?-i:WRN))"
    r"|(?P<error>[A-Za-z_.]{0,80}(?:error|exception)|critical|fatal"
    r"|(?-i:ERR|FTL|CRIT|SEVERE|panic(?=:)|panicked(?= at)|Segmentation fault)))\b"
    rf"(?!{_NONE})",
    re.IGNORECASE,
)
# A level by its name wins over words: a retry after an error that a line tells as `info` is none. Numbers are those of
# bunyan and pino.
_STATED = re.compile(
    r"""(?:level|severity|levelname|lvl|@l)["']?[ ]?[:=][ ]?["']?(?:"""
    r"(?P<warning>warn(?:ing)?)|(?P<error>err(?:or)?|crit(?:ical)?|fatal|panic|alert|emerg(?:ency)?)"
    r"|(?P<less>trace|debug|verbose|info(?:rmation)?|notice|success))\b"
    r"""|"level":[ ]?(?:(?P<bunyan_warning>40)|(?P<bunyan_error>50|60)|(?P<bunyan_less>[1-3]0))\b""",
    re.IGNORECASE | re.ASCII,
)
# The level that stands in front of what a line tells: ` INFO `, `|[INFO]|`, `[info     ]`.
_HARMLESS = re.compile(r"\b(?:TRACE|TRC|DEBUG|DBG|VERBOSE|INFO|INF|NOTICE|SUCCESS)\b|\[(?:debug|info|notice) *\]")
_IN_FRONT = 64
# A frame of a traceback quotes code; what a group of exceptions holds stands indented as frames do, behind a bar.
_FRAME = re.compile(r" {2}(?! *\| \S)")


class Told(NamedTuple):
    """A level, and [start, end) of the word that says it."""

    level: LogLevel
    start: int
    end: int


def find_level(text: str, source: str) -> Told | None:
    """The level that a job's line states, or the first word that says how bad it is; frames say nothing."""
    if source != "user" or _FRAME.match(text):
        return None
    stated = _STATED.search(text)
    if stated is not None:
        kind = str(stated.lastgroup).removeprefix("bunyan_")
        return None if kind == "less" else _told(kind, *stated.span(str(stated.lastgroup)))
    found = _LEVEL.search(text)
    if found is None:
        return None
    harmless = _HARMLESS.search(text, 0, _IN_FRONT)
    if harmless is not None and harmless.start() < found.start():
        return None
    return _told(str(found.lastgroup), *found.span())


def _told(kind: str, start: int, end: int) -> Told:
    return Told("warning" if kind == "warning" else "error", start, end)
