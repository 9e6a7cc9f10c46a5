# ruff: noqa: E501 - lines of logs and tables of samples are as long as they are
"""What a terminal gets to see: checked against a terminal emulator and against a plain definition."""

import re

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planes.scrub import display_guard

ALLOWED = re.compile(r"\x1b\[[0-9;:]*m")
CONCEALING = {"5", "6", "8", "9", "10", "20", "28", "51", "52", "53", "58"}
HOSTILE = [
    "\x1b]52;c;aGk=\x07", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J", "\x1b[H", "\x1b[1A\x1b[2K", "\x1bP1$r0m\x1b\\",
    "\x1b_apc\x1b\\", "\x05", "\x9b2J", "\x9d0;t\x9c", "\x90x\x9c", "real\rfake", "\x07" * 50, "ab\b\bxy", "\u202egnp.exe\u202c", "a\u200bb", "\u2066x\u2069",
    "a\u2028b", "a\x85b", "\x1b[8mhidden\x1b[0m", "\x1b[5mblink", "\x1b[?1049h", "\x1b[6n", "\x1bc", "\x1b[", "\x1b", "\x0b\x0c", "\x00", "\x7f", "\x1b[31", "\x1b[4:3m",
    "\x1b[38;5;300m", "\x1b[1;8m", "\x1b[38;2;1;2m", "\x1b[999999999999m", "\x1b[3\x071m", "\x1b(0", "\ufeff", "\u061c", "\U000e0041", "\x1b[31\nm",
]  # fmt: skip
PIECES = st.sampled_from(
    [
        *HOSTILE,
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[1;4;3;7m",
        "\x1b[m",
        "\t",
        "text",
        "é漢",
        "\x1b[38;5;12m",
        "\x1b[48;2;1;2;3m",
    ]
)
LINES = st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join)


def seen(shown: str) -> "list[str]":
    screen = pyte.Screen(300, 8)
    pyte.Stream(screen).feed("first\r\n" + shown + "\r\nlast")
    return [line.rstrip() for line in screen.display]


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_only_harmless_colour_survives(text: str) -> None:
    shown = display_guard(text)

    for sequence in ALLOWED.findall(shown):
        numbers = re.split("[;:]", sequence[2:-1])
        if not {"38", "48"} & set(numbers):
            assert not CONCEALING & set(numbers)
    rest = ALLOWED.sub("", shown)
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", rest)


def test_more_parts_than_every_terminal_takes_alike_are_shown_as_text() -> None:
    sixteen, seventeen = (f"\x1b[{';'.join(['1'] * count)}mred" for count in (16, 17))

    assert display_guard(sixteen).startswith("\x1b[")
    assert display_guard(seventeen) == "\u241b" + seventeen[1:]


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_guarding_again_changes_nothing(text: str) -> None:
    once = display_guard(text)

    assert display_guard(once) == once


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_colour_never_reaches_the_next_line(text: str) -> None:
    screen = pyte.Screen(400, 4)
    pyte.Stream(screen).feed(display_guard(text) + "\r\nplain")

    line = next(row for row in range(4) if screen.display[row].startswith("plain"))
    cell = screen.buffer[line][0]
    assert (cell.fg, cell.bg, cell.bold, cell.italics, cell.underscore, cell.reverse) == (
        "default",
        "default",
        False,
        False,
        False,
        False,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_stays_one_line_on_a_terminal(text: str) -> None:
    lines = seen(display_guard(f"<{text}>"))

    assert lines[0] == "first"
    assert lines[1].startswith("<")
    assert lines[1].endswith(">")
    assert lines[2] == "last"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext é漢", "plain\ttext é漢"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[31mred", "\x1b[31mred\x1b[0m"),
        ("\x1b[1;3;4;7mx\x1b[22;23;24;27m", "\x1b[1;3;4;7mx\x1b[22;23;24;27m\x1b[0m"),
        ("\x1b[2J", "\u241b[2J"),
        ("a\rb", "a\u240db"),
        ("\x07", "\u2407"),
        ("\x1b[8mhidden", "\u241b[8mhidden"),
        ("\x9b2J", "<U+009B>2J"),
        ("\u202ex", "<U+202E>x"),
        ("\x7f", "\u2421"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert display_guard(text) == shown
