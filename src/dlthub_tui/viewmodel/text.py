"""Spans of text with a role, and the arithmetic of terminal cells.

A screen is made of lines, a line of spans. A span names a role (SCREENS 1.2), never a colour.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Role(StrEnum):
    """What a piece of text means; the theme decides how that looks."""

    TEXT = "text"
    MUTED = "muted"
    ACCENT = "accent"
    OK = "ok"
    FAIL = "fail"
    WARN = "warn"
    MASKED = "masked"
    PLACE_1 = "place-1"
    PLACE_2 = "place-2"
    PLACE_3 = "place-3"
    PLACE_4 = "place-4"
    RULE = "rule"
    MATCH = "match"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Ink:
    """How a program coloured its own output. Colours are `red`, `color(208)` or `#rrggbb`."""

    color: str | None = None
    background: str | None = None
    is_bold: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_reversed: bool = False


class Span(NamedTuple):
    """A run of text of one role. Text from outside has passed `guard` before it gets here.

    A tuple, since a list of 1,000 rows has 10,000: made, hashed and compared in less than half the time.
    """

    text: str
    role: Role = Role.TEXT
    ink: Ink | None = None
    press: str = ""
    """The key that a click on it presses."""


Line = tuple[Span, ...]
_ISOLATE, _ISOLATED = "\u2068", "\u2069"
_FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})
EMPTY_LINE: Line = ()
MOST_SAID_CELLS = 30
LEAST_NAME = 8
_PIECES = re.compile(r"[ ]+|[^ ]+")


def line(*parts: str | Span) -> Line:
    """A line from strings (role `text`) and spans."""
    return tuple([Span(part) if isinstance(part, str) else part for part in parts])


def muted(text: str) -> Span:
    """Labels, units, what went well."""
    return Span(text, Role.MUTED)


def accent(text: str) -> Span:
    """What has the focus, and key names."""
    return Span(text, Role.ACCENT)


def pressed_at(spans: Line, cell: int) -> str:
    """The key that a click on this cell presses; empty where it presses none."""
    for span in spans:
        cell -= cell_width(span.text)
        if cell < 0:
            return span.press
    return ""


def guard(text: str) -> str:
    """Text from outside on one line, with everything but printable characters made visible (Security: 14)."""
    if text.isascii() and text.isprintable():
        return text
    from planes.scrub import display_guard

    return plain_of(display_guard(text)).replace("\n", "⏎").replace("\t", " ")


def plain_of(text: str) -> str:
    """The text without the colour sequences that the display guard lets through."""
    if "\x1b" not in text:
        return text
    kept: list[str] = []
    pieces = text.split("\x1b[")
    kept.append(pieces[0])
    for piece in pieces[1:]:
        end = piece.find("m")
        kept.append(piece[end + 1 :] if end >= 0 else piece)
    return "".join(kept).replace("\x1b", "")


def cell_width(text: str) -> int:
    """Width in terminal cells."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


@lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def take_cells(text: str, width: int) -> str:
    """The longest beginning of `text` that fits `width` cells."""
    if cell_width(text) <= width:
        return text
    taken = 0
    for position, character in enumerate(text):
        taken += _character_width(character)
        if taken > width:
            return text[:position]
    return text


def _take_last_cells(text: str, width: int) -> str:
    return take_cells(text[::-1], width)[::-1]


def cut_end(text: str, width: int, mark: str = "…") -> str:
    """Names and values: the end goes."""
    if cell_width(text) <= width:
        return text
    return take_cells(text, max(0, width - cell_width(mark))) + mark if width >= cell_width(mark) else ""


def cut_middle(text: str, width: int, mark: str = "…") -> str:
    """Ids and hashes: the middle goes."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(mark)
    if room < 2:
        return cut_end(text, width, mark)
    return take_cells(text, room - room // 2) + mark + _take_last_cells(text, room // 2)


def in_a_sentence(text: str) -> str:
    """What somebody typed or pasted, with room left for the words about it."""
    return cut_middle(text, MOST_SAID_CELLS, "..")


def cut_front(text: str, width: int, mark: str = "…") -> str:
    """Paths: the front goes."""
    if cell_width(text) <= width:
        return text
    return mark + _take_last_cells(text, max(0, width - cell_width(mark)))


def width_of(spans: Iterable[Span]) -> int:
    """Width of a line in cells."""
    return sum([cell_width(text) for text, *_ in spans])


def fit(spans: Line, width: int, *, align_right: bool = False, mark: str = "…") -> Line:
    """The line cut or padded to exactly `width` cells."""
    total = width_of(spans)
    if total == width:
        return spans
    if total < width:
        filling = Span(" " * (width - total))
        return (filling, *spans) if align_right else (*spans, filling)
    return _cut_line(spans, width, mark)


def cut_name(spans: Line, width: int, mark: str = "…") -> Line:
    """The line cut to `width` cells, or as it is: its longest span loses the middle, and what stands beside it stays.

    Names of one family begin alike: cut at the end they would look the same.
    """
    total = width_of(spans)
    if total <= width:
        return spans
    at = max(range(len(spans)), key=lambda each: cell_width(spans[each].text))
    room = width - total + cell_width(spans[at].text)
    if room < LEAST_NAME:
        return spans
    return (*spans[:at], spans[at]._replace(text=cut_middle(spans[at].text, room, mark)), *spans[at + 1 :])


def _cut_line(spans: Line, width: int, mark: str) -> Line:
    kept: list[Span] = []
    left = width - cell_width(mark)
    for span in spans:
        size = cell_width(span.text)
        if size > left:
            kept.append(Span(take_cells(span.text, max(0, left)) + mark, span.role, span.ink))
            break
        kept.append(span)
        left -= size
    return fit(tuple(kept), width) if width_of(kept) <= width else (Span(" " * width),)


def whole_sentences(text: str, width: int) -> str:
    """As many of its sentences as fit, and the first in any case."""
    while cell_width(text) > width and ". " in text:
        text = text[: text.rindex(". ") + 1]
    return text


def wrapped(spans: Line, width: int) -> list[Line]:
    """A sentence on as many rows as it takes, broken at blanks; each further row is indented as the first.

    A word that is longer than a row, such as a path, goes on below.
    """
    if width_of(spans) <= width:
        return [spans]
    text = text_of(spans)
    indent = min(len(text) - len(text.lstrip(" ")), width // 2)
    rows: list[list[Span]] = [[]]
    used = 0
    for span in spans:
        for piece in _PIECES.findall(span.text):
            size = cell_width(piece)
            while size > width - indent and not piece.isspace():
                begun = take_cells(piece, width - used) or (piece[0] if used == indent else "")
                rows[-1].append(span._replace(text=begun))
                rows.append([Span(" " * indent)])
                piece, used = piece[len(begun) :], indent
                size = cell_width(piece)
            if used + size > width and used > indent:
                if piece.isspace():
                    continue
                rows.append([Span(" " * indent)])
                used = indent
            if len(rows) == 1 or used > indent or not piece.isspace():
                rows[-1].append(span._replace(text=piece))
                used += size
    return [tuple(row) for row in rows]


def between(left: Line, right: Line, width: int) -> Line:
    """`left` at the left edge and `right` at the right edge; `right` goes first where both do not fit.

    What is still too wide is cut where it is drawn, by this terminal's own mark.
    """
    room = width - width_of(left) - width_of(right)
    if room >= 1 or not right:
        return (*left, Span(" " * max(0, room)), *right)
    return left


def isolated(spans: Line) -> Line:
    """Text that is written from right to left keeps to itself: it turns round nothing that stands beside it.

    The two marks take no cell. Such marks from outside never get here: `guard` makes them visible.
    """
    if all(text.isascii() for text, *_ in spans):
        return spans
    return tuple(
        [span._replace(text=f"{_ISOLATE}{span.text}{_ISOLATED}") if _turns(span.text) else span for span in spans]
    )


def _turns(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(character) in _FROM_THE_RIGHT for character in text)


def text_of(spans: Line) -> str:
    """The characters of a line, for copying and searching."""
    return without_isolation("".join([span.text for span in spans]))


def without_isolation(text: str) -> str:
    """Drawn text without the marks of `isolated`."""
    return text if text.isascii() else text.replace(_ISOLATE, "").replace(_ISOLATED, "")
