"""A search that looks at stored bytes finds what a look at every decoded line finds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planes.data_plane.logs import Matcher, Wish
from planes.data_plane.logs.matching import level_of, without_colours
from planes.data_plane.logs.stored_patterns import regex_as_stored
from planes.data_plane.segments import Origin, encode_lines
from planes.wire.log_patterns import BadPattern

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORIGINS = [Origin(stream, source, "run") for stream in ("stdout", "stderr") for source in ("user", "setup", "runner")]

PLAIN = [
    "a", "b", "ab", "aab", "Loaded", "run", "user", "stdout", "content", "line_num", "12", "  ", "ERROR", "errors",
    "ValueError:", "Warning", "fatal", "critical", "exception", "{", "}", ",", ".", "$", "^", "x{2}",
]  # fmt: skip
ODD = [
    '"', "\\", "\\u0041", "\t", "\x1b[31m", '","io_stream":"', '{"content":"', "\u00e4", "\u00c4", "\U0001f600",
    "\u0130", "i\u0307", "\u0131", "\u212a", "\u017f", "\u03a3", "\u03c2", "\u01c5", "cr\u0131tical", "EXCEPT\u0130ON",
]  # fmt: skip
plain_words, odd_words = st.sampled_from(PLAIN), st.sampled_from(ODD)
contents = st.one_of(
    st.lists(plain_words, max_size=5).map(" ".join),
    st.lists(plain_words, max_size=4).map("".join),
    st.lists(st.one_of(plain_words, odd_words), max_size=5).map("".join),
)
# Whole lines without an escape are searched otherwise than others: blocks of only such are common.
batches = st.one_of(
    st.lists(st.lists(plain_words, max_size=5).map(" ".join), min_size=1, max_size=12),
    st.lists(contents, min_size=1, max_size=12),
)
# Escapes that are rare in a block are looked for one by one.
FILLER = ["z" * 40] * 40
filler = st.sampled_from([[], FILLER]).map(lambda lines: (lines, ORIGINS[0]))
blocks = st.tuples(filler, st.lists(st.tuples(batches, st.sampled_from(ORIGINS)), min_size=1, max_size=4)).map(
    lambda parts: [parts[0], *parts[1]]
)

ATOMS = [
    "a", "b", ".", ".*", "a?", "[^a]", "[a-z]+", "[]a]", "[^]^$]", r"\d", r"\w+", r"\b", r"\B", r"\W", " ", "12", '"',
    r"\\", r"\x41", r"\$", r"\^", "[$^]", "[[:alpha:]]", "user", "run", "ERR", "\u00e4", "(?i)", "(?i:error)", r"\pL",
]  # fmt: skip
atoms = st.sampled_from(ATOMS)
anchors = st.sampled_from(["^", "$", r"\A", r"\z"])
repeats = st.sampled_from(["", "", "", "*", "?", "+", "{2}", "*?"])


def _grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    opening = st.sampled_from(["(", "(?:", "(?i:", "(?P<name>"])
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(opening, inner, repeats).map(lambda parts: f"{parts[0]}{parts[1]}){parts[2]}"),
        st.tuples(st.sampled_from(["^", r"\A", "(?i)^"]), inner).map("".join),
        st.tuples(inner, st.sampled_from(["$", r"\z"])).map("".join),
    )


regexes = st.recursive(st.one_of(atoms, atoms, anchors), _grouped, max_leaves=8)


def encoded(parts: list[tuple[list[str], Origin]]) -> bytes:
    block = b""
    for batch, origin in parts:
        block += encode_lines(batch, block.count(b"\n"), origin, AT)
    return block


def numbers(block: bytes, wish: Wish) -> list[int]:
    return [json.loads(line)["line_num"] for line in Matcher(wish).find(block) if line]


def slowly(block: bytes, is_wanted: Any) -> list[int]:
    documents: list[Any] = [json.loads(line) for line in block.splitlines()]
    for document in documents:
        document["content"] = without_colours(document["content"])
    return [document["line_num"] for document in documents if is_wanted(document)]


def in_small(text: str) -> str:
    """A capital sigma is one letter, whose small form hangs on what stands before it."""
    return text.lower().replace("\u03c2", "\u03c3")


@settings(deadline=None)
@given(blocks, contents.filter(bool))
@example([(["a\u03c2", "\u03c3", "A\u03a3A"], ORIGINS[0])], "a\u03a3")
@example([(["a\u03c2", "\u03c3", "A\u03a3A"], ORIGINS[0])], "\u03c2")
def test_text_is_found_whatever_its_case(parts: list[tuple[list[str], Origin]], text: str) -> None:
    block = encoded(parts)

    assert numbers(block, Wish(text=text)) == slowly(block, lambda line: in_small(text) in in_small(line["content"]))


@settings(deadline=None)
@given(blocks, regexes)
def test_regex_is_found_wherever_it_is_anchored(parts: list[tuple[list[str], Origin]], regex: str) -> None:
    block = encoded(parts)
    try:
        found = numbers(block, Wish(regex=regex))
    except BadPattern:
        return

    pattern = re2.compile(regex)
    assert found == slowly(block, lambda line: pattern.search(line["content"]))


@settings(deadline=None)
@given(blocks, st.sets(st.sampled_from(["error", "warning"]), min_size=1), st.sampled_from(["", "user", "user,setup"]))
def test_levels_are_found(parts: list[tuple[list[str], Origin]], levels: set[str], sources: str) -> None:
    block = encoded(parts)
    chosen = frozenset(filter(None, sources.split(",")))
    wish = Wish(levels=frozenset(levels), sources=chosen)

    assert numbers(block, wish) == slowly(
        block, lambda line: level_of(line) in levels and (not chosen or line["source"] in chosen)
    )


@settings(deadline=None)
@given(blocks, st.sampled_from(["runner", "setup", "setup,runner"]), st.sampled_from(["", "stderr", "stdout"]))
def test_sources_and_streams_are_found(parts: list[tuple[list[str], Origin]], sources: str, streams: str) -> None:
    block = encoded(parts)
    wish = Wish(sources=frozenset(sources.split(",")), streams=frozenset(filter(None, [streams])))

    assert numbers(block, wish) == slowly(
        block, lambda line: line["source"] in wish.sources and (not streams or line["io_stream"] == streams)
    )


def test_line_with_an_escape_among_plain_ones_is_found() -> None:
    for word in [*ODD, *(f"{odd}{plain}" for odd in ODD for plain in ("b", "\u0307"))]:
        block = encoded([([*FILLER, word, *FILLER], ORIGINS[0])])
        for text in [*ODD, *word, "cri", "k", "TI", "tion"]:
            expected = [40] if in_small(text) in in_small(without_colours(word)) else []
            assert numbers(block, Wish(text=text)) == expected, (word, text)
        for regex in [
            *(atom for atom in ATOMS if atom != "(?i)"),
            r"\t",
            '^"',
            "b$",
            "^[^z]",
            "[^z]$",
            "i.",
            "(b$)|zzzb",
        ]:
            pattern = re2.compile(regex)
            assert numbers(block, Wish(regex=f"^.?{regex}.?$")) == slowly(
                block, lambda line, regex=regex: re2.search(f"^.?{regex}.?$", line["content"])
            )
            assert numbers(block, Wish(regex=regex)) == slowly(
                block, lambda line, pattern=pattern: pattern.search(line["content"])
            ), (word, regex)
        for level in ("error", "warning"):
            expected = slowly(block, lambda line, level=level: level_of(line) == level)
            assert numbers(block, Wish(levels=frozenset({level}))) == expected, (word, level)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("\x1b[33mWARN\x1b[0m late", "warning"),
        ("\x1b[1;31mCRITICAL\x1b[0m gone", "error"),
        ("12:00\t\x1b[31mERR\x1b[0m\tgone", "error"),
        ("12:00\tERR\tgone", "error"),
        ("12:00 \x1b[33mWRN\x1b[0m late", "warning"),
        ('{"level":50,"msg":"gone"}', "error"),
        ('{"level": 40, "msg": "late"}', "warning"),
        ("panic: gone", "error"),
        ("thread 'main' panicked at src/main.rs:2:5:", "error"),
        ("Segmentation fault", "error"),
        ("lvl=crit msg=gone", "error"),
        ('{"severity":"EMERGENCY"}', "error"),
    ],
)
@pytest.mark.parametrize("filler", [["fine"], FILLER])
def test_levels_of_other_loggers_and_in_colours_are_found(line: str, level: str, filler: list[str]) -> None:
    block = encoded([([*filler, line, *filler], ORIGINS[0])])

    assert numbers(block, Wish(levels=frozenset({level}))) == [len(filler)]


@pytest.mark.parametrize(
    ("line", "sought"),
    [
        ("\x1b[36ma\x1b[0m=\x1b[35m1\x1b[0m", Wish(text="a=1")),
        ("OK [\x1b[32mSELECT 5\x1b[0m in 0.1s]", Wish(text="[select 5 in")),
        ("\x1b[31mERROR\x1b[0m gone", Wish(regex=r"^ERROR\b")),
        ('gone \x1b[31m\t"now"\x1b[0m', Wish(regex=r'^gone \t"now"$')),
        ("it said \\\\\x1b[1mgone\x1b[0m", Wish(text="\\\\gone")),
        ("it said \\u001b[31mgone", Wish(text="\\u001b[31mgone")),
    ],
)
@pytest.mark.parametrize("filler", [["fine"], FILLER, ["\x1b[32mfine\x1b[0m"] * 40])
def test_a_line_is_found_as_it_reads_whatever_it_is_drawn_in(line: str, sought: Wish, filler: list[str]) -> None:
    block = encoded([([*filler, line, *filler], ORIGINS[0])])

    assert list(filter(None, Matcher(sought).find(block))) == [block.splitlines()[len(filler)]]


def test_what_a_line_is_drawn_in_is_not_found() -> None:
    assert numbers(encoded([(["\x1b[31mred\x1b[0m", "31mred"], ORIGINS[0])]), Wish(text="31m")) == [1]


@pytest.mark.parametrize("regex", ["a^b|^c", "(^a)*b", "(^|a)b", "(a$)b|b", "(a|^)(b|$)", "^^a", "b$$", "(^)?b($)?"])
def test_anchor_inside_a_pattern_loses_no_line(regex: str) -> None:
    words = ["", "a", "b", "ab", "ba", "bb", "c", "aab", "xb", "bx"]
    block = encoded([(words, ORIGINS[0])])

    assert numbers(block, Wish(regex=regex)) == slowly(block, lambda line: re2.search(regex, line["content"]))


@pytest.mark.parametrize(
    ("regex", "stored"),
    [
        ("^Conn.*peer$", r"\{\"content\":\"Conn.*peer\",\"io_stream\":\""),
        (r"(?i)\A(?:a|b)", r"(?i)\{\"content\":\"(?:a|b)"),
        ("^a|b$|c", r"\{\"content\":\"a|b\",\"io_stream\":\"|c"),
        ("(^a|b)c", r"(\{\"content\":\"a|b)c"),
        ("[$^]", "[$^]"),
        ("^", r"\{\"content\":\""),
        ("a^b", "a(?:)b"),
        ("(^a)*$", "((?:)a)*(?:)"),
        ("(a$)b", "(a(?:))b"),
        (r"\Qa^\E", None),
    ],
)
def test_anchor_becomes_the_border_of_the_content(regex: str, stored: str | None) -> None:
    found = regex_as_stored(regex)

    assert (found.replace('\\"', '"') if found else found) == (stored.replace('\\"', '"') if stored else stored)
