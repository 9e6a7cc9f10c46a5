"""From a log line to what is drawn of it.

Every line passes the scrubber and the display guard once more (Security: 8, 14) before it is measured, cut, searched or
copied; the colours that a program printed are kept.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_frames import fitted
from dlthub_tui.viewmodel.logs.search_terms import SearchTerm
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Ink, Line, Role, Span, cell_width, fit, muted, plain_of, take_cells, width_of
from dlthub_tui.viewmodel.words import plural
from planes.wire.log_levels import find_level

_SGR = re.compile("\x1b\\[([0-9;:]*)m")
_MASK = re.compile(r"\[masked(?::[^\]\n]*)?\]")
_HEAD = re.compile(r"[ |+]*(?:Exception Group )?Traceback \(most recent call last\):")
# In a group of exceptions, behind a bar: what one says, and the border to the next.
_OF_GROUP = re.compile(r" +(?:\| \S|\+-)")
# Frames of the JVM, JavaScript, .NET and Ruby stand below what went wrong, without a head of their own.
_CALL = re.compile(r" +(?:at \S|from \S+:\d+:in )")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_TAB = 8
LogTimes = Literal["local", "utc", "start"]


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line ready to be drawn. `plain` is what search and copy see."""

    number: int
    spans: Line
    plain: str
    gutter: str
    at: datetime | None
    is_masked: bool
    is_error: bool
    is_traceback: bool = False
    is_frame: bool = False
    is_call: bool = False
    source: str = "user"


def get_ready() -> None:
    """Loads the scrubber and makes its rules: 150 ms that the first log, or the first error of a job, waits for."""
    from planes.scrub import prepare

    prepare()


def log_row(line: LogLine, look: Look) -> LogRow:
    """Scrubs, guards and colours a line."""
    from planes.scrub import display_guard, scrub_text

    guarded = display_guard(scrub_text(line.content)).replace("\n", look.glyphs.turns)
    spans = _mark_masks(_coloured(guarded))
    plain = "".join(span.text for span in spans)
    told = find_level(plain, line.source)  # in what is shown, so nothing that was masked is found
    if told is not None:
        role = Role.WARN if told.level == "warning" else Role.FAIL
        spans = _split(spans, [(told.start, told.end)], role, only=Role.TEXT)
    base = _role(line)
    if base is not Role.TEXT:
        spans = tuple(span._replace(role=base) if span.role is Role.TEXT else span for span in spans)
    is_user = line.source == "user"
    is_head = is_user and _HEAD.match(plain) is not None
    return LogRow(
        number=line.number,
        spans=spans,
        plain=plain,
        gutter=_gutter(line, look),
        at=line.at,
        is_masked=any(span.role is Role.MASKED for span in spans),
        is_error=told is not None and told.level == "error",
        is_traceback=is_head,
        is_frame=is_user and not is_head and plain.startswith("  ") and _OF_GROUP.match(plain) is None,
        is_call=is_user and _CALL.match(plain) is not None,
        source=line.source,
    )


def shown_text(text: str) -> str:
    """Lines as they may be kept in a file: scrubbed once more, without colours or other sequences."""
    from planes.scrub import display_guard, scrub_text

    return "".join(f"{plain_of(display_guard(line))}\n" for line in scrub_text(text).split("\n")[:-1])


def _role(line: LogLine) -> Role:
    if line.source in {"runner", "setup"}:
        return Role.MUTED
    return Role.TEXT


def _gutter(line: LogLine, look: Look) -> str:
    if line.source == "runner":
        return look.glyphs.runner
    if line.source == "setup":
        return "+"
    return "!" if line.stream == "stderr" else " "


def _coloured(text: str) -> tuple[Span, ...]:
    if "\x1b" not in text:
        return (Span(_expand(text, 0)),) if text else ()
    spans: list[Span] = []
    ink: Ink | None = None
    position, column = 0, 0
    for found in _SGR.finditer(text):
        piece = _expand(text[position : found.start()], column)
        if piece:
            spans.append(Span(piece, Role.TEXT, ink))
            column += cell_width(piece)
        ink = _next_ink(ink, found[1])
        position = found.end()
    rest = _expand(text[position:].replace("\x1b", "␛"), column)
    return (*spans, Span(rest, Role.TEXT, ink)) if rest else tuple(spans)


def _expand(text: str, column: int) -> str:
    if "\t" not in text:
        return text
    pieces: list[str] = []
    for character in text:
        if character == "\t":
            character = " " * (_TAB - column % _TAB)
        pieces.append(character)
        column += cell_width(character)
    return "".join(pieces)


def _next_ink(ink: Ink | None, codes: str) -> Ink | None:
    now = ink or Ink()
    numbers = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", codes)]
    while numbers:
        code = numbers.pop(0)
        if code in {38, 48}:
            color = _extended(numbers)
            now = replace(now, color=color) if code == 38 else replace(now, background=color)
        else:
            now = _simple(now, code)
    return None if now == Ink() else now


def _extended(numbers: list[int]) -> str | None:
    kind = numbers.pop(0) if numbers else 0
    if kind == 5 and numbers:
        return f"color({numbers.pop(0) & 255})"
    if kind == 2 and len(numbers) >= 3:
        red, green, blue = (numbers.pop(0) & 255 for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return None


def _simple(ink: Ink, code: int) -> Ink:
    match code:
        case 0:
            return Ink()
        case 1:
            return replace(ink, is_bold=True)
        case 3:
            return replace(ink, is_italic=True)
        case 4:
            return replace(ink, is_underlined=True)
        case 7:
            return replace(ink, is_reversed=True)
        case 22:
            return replace(ink, is_bold=False)
        case 23:
            return replace(ink, is_italic=False)
        case 24:
            return replace(ink, is_underlined=False)
        case 27:
            return replace(ink, is_reversed=False)
        case 39:
            return replace(ink, color=None)
        case 49:
            return replace(ink, background=None)
        case _ if 30 <= code <= 37:
            return replace(ink, color=_NAMES[code - 30])
        case _ if 40 <= code <= 47:
            return replace(ink, background=_NAMES[code - 40])
        case _ if 90 <= code <= 97:
            return replace(ink, color=f"bright_{_NAMES[code - 90]}")
        case _ if 100 <= code <= 107:
            return replace(ink, background=f"bright_{_NAMES[code - 100]}")
        case _:
            return ink


def _split(
    spans: Line, ranges: list[tuple[int, int]], role: Role, *, underlined: bool = False, only: Role | None = None
) -> Line:
    """The line with the characters in `ranges` in another role; `only` leaves spans of other roles as they are."""
    out: list[Span] = []
    position = 0
    for span in spans:
        cuts = sorted({0, len(span.text)} | {
            edge - position for pair in ranges for edge in pair if 0 < edge - position < len(span.text)
        })  # fmt: skip
        if only is not None and (span.role is not only or span.ink is not None):
            out.append(span)
            position += len(span.text)
            continue
        for start, end in itertools.pairwise(cuts):
            inside = any(first <= position + start < last for first, last in ranges)
            ink = Ink(is_underlined=True) if inside and underlined else (None if inside else span.ink)
            out.append(Span(span.text[start:end], role if inside else span.role, ink))
        position += len(span.text)
    return tuple(out)


def _mark_masks(spans: Line) -> Line:
    plain = "".join(span.text for span in spans)
    if "[masked" not in plain:
        return spans
    return _split(spans, [found.span() for found in _MASK.finditer(plain)], Role.MASKED)


def with_matches(row: LogRow, needle: str, *, is_current: bool) -> Line:
    """The row's text with every hit of a search on its own ground; the current row's hits are underlined."""
    ranges = SearchTerm(needle).ranges(row.plain)
    return _split(row.spans, ranges, Role.MATCH, underlined=is_current) if ranges else row.spans


@dataclass(frozen=True, slots=True)
class LogStyle:
    """What of a line is shown: `number_width` 0 shows none; `left` is how far it is scrolled sideways."""

    number_width: int = 0
    left: int = 0
    needle: str = ""
    is_broken: bool = False
    times: LogTimes = "local"
    begun: datetime | None = None


def _time(row: LogRow, style: LogStyle, look: Look) -> str:
    if row.at is None:
        return " " * 8
    if style.times == "start" and style.begun is not None:
        seconds = int((row.at - style.begun).total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{f'{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}':>8}"
    at = row.at.astimezone(UTC) if style.times == "utc" else look.local(row.at)
    return f"{at:%H:%M:%S}"


def margin(row: LogRow, style: LogStyle, look: Look, *, is_marked: bool = False) -> Line:
    """Number, time, the mark of the line's source, and whether somebody marked it."""
    mark_role = Role.WARN if row.gutter == "!" else Role.MUTED
    mark = Span(look.glyphs.mark, Role.ACCENT) if is_marked else Span(" ")
    spans: Line = (muted(_time(row, style, look)), Span(row.gutter, mark_role), mark)
    if style.number_width:
        return (muted(f"{row.number + 1:>{style.number_width},} "), *spans)
    return spans


@dataclass(frozen=True, slots=True)
class RowState:
    """What is the case with a row now: the cursor is on it, it is marked, so many lines are folded into it."""

    is_current: bool = False
    is_marked: bool = False
    folded: int = 0


def drawn(row: LogRow, style: LogStyle, look: Look, width: int, state: RowState = RowState()) -> list[Line]:
    """The rows a line takes: one, or as many as it needs where long lines are broken."""
    head = margin(row, style, look, is_marked=state.is_marked)
    body = with_matches(row, style.needle, is_current=state.is_current)
    tail = (muted(f" {plural(state.folded, 'line')} folded"),) if state.folded else ()
    room = max(8, width - width_of(head))
    if not style.is_broken and not style.left:
        left = max(8, room - width_of(tail))
        body = fitted(body, left, look.glyphs.cut)
        if state.is_current:
            body = _from_match(body, left, look.glyphs.cut)
        if tail and width_of(body) > left:  # a line that is cut still says that others are folded into it
            body = fit(body, left, mark=look.glyphs.cut)
    body = (*body, *tail)
    if not style.is_broken:
        return [(*head, *from_column(body, style.left))]
    rows = _broken(body, room)
    blank = Span(" " * (width - room))
    return [(*(head if position == 0 else (blank,)), *piece) for position, piece in enumerate(rows)]


def _from_match(spans: Line, room: int, cut: str) -> Line:
    """The line from a place on at which the first match is seen; as it is, where that is seen from the beginning."""
    before = 0
    for span in spans:
        behind = before + cell_width(span.text)
        if span.role is Role.MATCH:
            start = min(before, max(before - room // 3, behind + 1 - room))
            return spans if behind < room else (muted(cut), *from_column(spans, start + cell_width(cut)))
        before = behind
    return spans


def from_column(spans: Line, left: int) -> Line:
    """The line without its first `left` cells."""
    if not left:
        return spans
    out: list[Span] = []
    for span in spans:
        if left >= cell_width(span.text):
            left -= cell_width(span.text)
            continue
        out.append(span._replace(text=span.text[len(take_cells(span.text, left)) :]))
        left = 0
    return tuple(out)


def _broken(spans: Line, room: int) -> list[Line]:
    rows: list[Line] = []
    row: list[Span] = []
    left = room
    for span in spans:
        rest = span.text
        while rest:
            piece = take_cells(rest, left)
            if not piece:
                rows.append(tuple(row))
                row, left = [], room
                continue
            row.append(span._replace(text=piece))
            left -= cell_width(piece)
            rest = rest[len(piece) :]
    rows.append(tuple(row))
    return rows
