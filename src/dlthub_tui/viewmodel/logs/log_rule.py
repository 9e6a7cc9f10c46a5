"""The rule of a log: where one stands in it, and what is to be known of it before reading."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.logs.log_hits import MOST_HITS, Hits
from dlthub_tui.viewmodel.logs.log_views import LinesShown
from dlthub_tui.viewmodel.logs.log_window import LogWindow
from dlthub_tui.viewmodel.look import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStanding:
    """How a log stands on the screen.

    `current` is the line that somebody went to, `last_shown` the last on the screen where that is not the end, `new`
    how many came since it was left, `column` the first that is shown, `stream` what its stream does, `damage` ranges
    of lines that cannot be read, `masked` how many values are masked and `errors` how many lines tell an error, where
    nothing else says so.
    """

    window: LogWindow
    shown: LinesShown
    region: str | None
    stream: str
    current: int | None
    last_shown: int | None
    is_following: bool
    new: int
    column: int
    marked: int
    damage: Collection[tuple[int, int]]
    masked: int
    errors: int
    hits: Hits | None


def log_rule(log: LogStanding, look: Look) -> str:
    """In words, the most particular last."""
    return "   ".join([*_apart(log), _where(log, look), *_found(log)])


def log_foot(log: LogStanding, look: Look) -> tuple[str, str]:
    """The same below a log that has the whole screen: where one stands at its left, the rest at its right."""
    return _where(log, look), "   ".join([*_apart(log), *_found(log)])


def _apart(log: LogStanding) -> list[str]:
    parts: list[str] = []
    if log.marked:
        parts.append(f"{log.marked:,} marked")
    if log.damage:
        parts.append(f"{words.plural(sum(end - first for first, end in log.damage), 'line')} damaged")
    if log.column:
        parts.append(f"from column {log.column + 1:,}")
    return parts


def _found(log: LogStanding) -> list[str]:
    parts: list[str] = []
    if log.masked and (log.hits is None or log.hits.kind != "masked"):
        parts.append(f"{log.masked:,} masked")
    if log.errors and (log.hits is None or log.hits.kind != "error"):
        count = f"{log.errors:,}+ errors" if log.errors >= MOST_HITS else words.plural(log.errors, "error")
        parts.append(count)
    if log.hits is not None and log.hits.numbers:
        parts.append(log.hits.on_rule(log.current))
    return parts


def _where(log: LogStanding, look: Look) -> str:
    window, is_all = log.window, log.shown.kind == "all"
    total = words.plural(window.total, "line")
    if not is_all:
        total = f"{window.places:,} of {total}, {log.shown.name}"
    if log.current is not None:
        row = window.find(log.current)
        where = f"line {log.current + 1:,} of {window.total:,}"
        where += "" if is_all else f", {log.shown.name}"
        return where if row is None or row.at is None else f"{where}   {words.clock(row.at, look)}"
    if not log.is_following and not window.is_sealed:
        return f"paused, {log.new:,} new below, {total}" if log.new else f"paused, {total}"
    if log.last_shown is not None and is_all:
        return f"to line {log.last_shown + 1:,}, {total}"
    if log.stream == "live":
        return f"following, {total}"
    if log.stream == "silent":
        return f"{log.region} is silent, up to here: {total}" if window.total else f"{log.region} is silent"
    if window.total:
        return total
    said = {
        "": f"loading{look.glyphs.cut}", "waiting": "not there yet", "gone": "there is no log",
        "forbidden": "not shown",
    }  # fmt: skip
    return said.get(log.stream, total)
