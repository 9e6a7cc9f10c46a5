# ruff: noqa: E501 - tables of samples are as long as they are
"""Nothing that a line holds drives a terminal: lines of a hostile grammar, shown on two terminals."""

from __future__ import annotations

import unicodedata

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.planes.scrub.hostile_lines import HOSTILE_LINES, hostile_line
from tests.unit.planes.scrub.strict_terminal import StrictTerminal, expected_cells
from wcwidth import wcwidth

from planes.scrub import display_guard

COLUMNS = 4000


class Watched(pyte.Screen):
    """A screen that writes down what a line may not make it do."""

    def __init__(self) -> None:
        self.doings: list[str] = []
        super().__init__(COLUMNS, 4)
        self.doings.clear()

    def bell(self, *args: object) -> None:
        self.doings.append("bell")

    def write_process_input(self, data: str) -> None:
        self.doings.append(f"answer {data!r}")

    def set_title(self, param: str) -> None:
        self.doings.append("title")

    def set_icon_name(self, param: str) -> None:
        self.doings.append("icon")

    def set_mode(self, *modes: int, **kwargs: bool) -> None:
        self.doings.append("mode")

    def reset_mode(self, *modes: int, **kwargs: bool) -> None:
        self.doings.append("mode")

    def define_charset(self, code: str, mode: str) -> None:
        self.doings.append("charset")

    def erase_in_display(self, how: int = 0, *args: object, **kwargs: bool) -> None:
        self.doings.append("erase")


def row_of(signs: str) -> str:
    """The row that signs make: tabs go to the next of every eight columns."""
    row, column = "", 0
    for sign in signs:
        width = 8 - column % 8 if sign == "\t" else wcwidth(sign)
        row += " " * width if sign == "\t" else sign
        column += width
    return unicodedata.normalize("NFC", row).rstrip()


def pyte_draws(text: str) -> bool:
    """pyte drops the rest of a line behind a sign without width that does not combine."""
    return all(sign == "\t" or wcwidth(sign) > 0 or unicodedata.combining(sign) for sign in text)


@settings(max_examples=1500, deadline=None)
@given(HOSTILE_LINES)
def test_a_guarded_line_only_draws(raw: str) -> None:
    shown = display_guard(raw)
    for colon_separates in (False, True):
        terminal = StrictTerminal(colon_separates=colon_separates)
        terminal.feed(shown)

        assert terminal.effects == []
        assert terminal.cells == expected_cells(raw)
        assert terminal.style == {}, "nothing survives the line"
    shown.encode()


@settings(max_examples=400, deadline=None)
@given(HOSTILE_LINES)
def test_a_real_screen_shows_exactly_these_cells(raw: str) -> None:
    screen = Watched()
    signs = "".join(cell.sign for cell in expected_cells(raw))
    if not pyte_draws(signs) or len(signs) * 2 > COLUMNS or (signs[:1] and unicodedata.combining(signs[0])):
        return
    before = (set(screen.mode), screen.title, screen.icon_name, screen.charset)
    stream = pyte.Stream(screen)
    stream.feed("first\r\n")
    stream.feed(display_guard(raw))
    row = screen.cursor.y
    stream.feed("\r\nlast")

    rows = [unicodedata.normalize("NFC", line).rstrip() for line in screen.display[:3]]
    assert rows == ["first", row_of(signs), "last"]
    assert row == 1
    assert screen.doings == []
    assert (set(screen.mode), screen.title, screen.icon_name, screen.charset) == before
    assert screen.buffer[2][0] == pyte.screens.Char("l")


@settings(max_examples=800, deadline=None)
@given(HOSTILE_LINES)
def test_guarding_twice_is_guarding_once(raw: str) -> None:
    once = display_guard(raw)

    assert display_guard(once) == once


@settings(max_examples=300, deadline=None)
@given(HOSTILE_LINES, st.integers(0, 200))
def test_a_line_cut_anywhere_is_as_harmless(raw: str, place: int) -> None:
    """A line is split at a bound before it is guarded; a viewer cuts what is guarded already, and guards again."""
    for piece in (raw[:place], raw[place:], display_guard(raw)[:place], display_guard(raw)[place:]):
        terminal = StrictTerminal()
        terminal.feed(display_guard(piece))

        assert terminal.effects == []
        assert terminal.style == {}


def test_every_character_of_unicode_is_drawn_or_readable() -> None:
    for code in range(0x110000):
        shown = display_guard(f"a{chr(code)}b")
        if shown != f"a{chr(code)}b":
            assert shown.isprintable()
            continue
        if code == 9:
            continue
        assert code >= 0x20
        assert not 0x7F <= code < 0xA0
        assert unicodedata.category(chr(code)) not in ("Cc", "Cs", "Zl", "Zp"), hex(code)
        assert unicodedata.bidirectional(chr(code)) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
        # format signs that are drawn: they stand around digits and letters of their script
        if unicodedata.category(chr(code)) == "Cf":
            assert code in {
                *range(0x600, 0x606),
                0x6DD,
                0x70F,
                0x890,
                0x891,
                0x8E2,
                0x110BD,
                0x110CD,
                *range(0x13430, 0x13440),
            }


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[38;5;0mx", "\x1b[38;5;0mx\x1b[0m"),
        ("\x1b[38:2::1:2:3mx", "\x1b[38;2;1;2;3mx\x1b[0m"),
        ("\x1b[38:2::1:2:8mx", "\x1b[38;2;1;2;8mx\x1b[0m"),
        ("\x1b[4:3mx", "\x1b[4mx\x1b[0m"),
        ("\x1b[38:5;8mx", "\u241b[38:5;8mx"),
        ("\x1b[38;2;;1;2;8mx", "\u241b[38;2;;1;2;8mx"),
        ("\x1b[2mx\x1b[2;36my\x1b[1;02mz\x1b[0m", "x\x1b[36my\x1b[1mz\x1b[0m"),
        ("\x1b\x1b[2m[31mx", "\u241b[31mx"),
        ("\x1b[20mx", "\u241b[20mx"),
        ("⚠\ufe0f ok", "⚠\ufe0f ok"),
        ("a\ufe0f\ufe0f", "a<U+FE0F><U+FE0F>"),
        ("a\u180bb", "a<U+180B>b"),
        ("a\U000e0041b", "a<U+E0041>b"),
    ],
)
def test_what_of_the_finer_tricks_is_shown(raw: str, shown: str) -> None:
    assert display_guard(raw) == shown


def test_the_grammar_reaches_what_it_is_for() -> None:
    terminal = StrictTerminal()
    for seed in range(3000):
        terminal.feed(hostile_line(seed))
    reached = " ".join(terminal.effects)

    for what in ("OSC", "DCS", "APC", "PM", "SOS", "SGR 8", "SGR 5", "control 07", "control 05", "control 0d", "unseen 202e", "unseen e0041", "CSI 2", "ESC 'c'"):  # fmt: skip
        assert what in reached, what
