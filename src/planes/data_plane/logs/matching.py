"""Which lines of a block a search wants.

What is wanted is looked for as it is stored, over the whole block at once; only the lines that are hit are decoded and
judged (`stored_patterns`). Where that would hit most of them (words that stand beside every content, escapes all over)
the block is decoded as a whole.

Colours are taken off first, also as they are stored: a line is looked for as it reads, whatever it is drawn in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson

from planes.data_plane.logs.stored_patterns import as_if_small, regex_as_stored, text_as_stored, words_of_level
from planes.data_plane.segments import CONTENT_END
from planes.wire.log_levels import find_level
from planes.wire.log_patterns import Pattern, compile_pattern

_BACKSLASH = b"\\"
# With more escapes than one in so many bytes a block is decoded as a whole.
_SPARSE_BYTES = 512
# Bytes times instructions of a pattern that are looked at in one go, for RE2 cannot be interrupted: some tenths of a
# second where one is at its worst.
_MOST_STEPS = 8 << 20
_LEAST_BYTES = 4096
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_STORED_ESCAPE = rb"\u001b"
_STORED_COLOUR = re.compile(rb"\\u001b\[[0-9;:]*m")
# The same where backslashes of the line itself may stand before, each stored as two: an odd one speaks of an escape.
_COLOUR_BEHIND_BACKSLASHES = re.compile(rb"(?<!\\)((?:\\\\)*)(?:\\u001b\[[0-9;:]*m)+")
Document = dict[str, Any]
# Where the next hit begins in a block from a place on; -1 if there is none.
Hint = Callable[[bytes, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a search wants; what is empty does not matter. `text` is a part of the content, whatever its case."""

    text: str = ""
    regex: str = ""
    sources: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()


class LineFinder(Protocol):
    """Finds lines in a block of whole wire lines."""

    def find(self, block: bytes) -> Iterator[bytes]:
        """The lines that are wanted, without their newline, in order; an empty one is a place to pause at."""
        ...


class Matcher:
    """Finds the lines of a wish. Raises: BadPattern."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._text = as_if_small(wish.text)
        self._regex = _compiled(f"(?:{wish.regex})") if wish.regex else None
        self._is_of_content = bool(wish.text or wish.regex or wish.levels)
        self._is_of_regex = bool(wish.regex) and not wish.text
        self._most_bytes = max(_LEAST_BYTES, _MOST_STEPS // (self._regex.programsize if self._regex is not None else 1))
        self._hints = self._make_hints()

    def find(self, block: bytes) -> Iterator[bytes]:
        """The lines that are wanted. For a large pattern the block is cut, with an empty line at each cut."""
        start = 0
        while len(block) - start > self._most_bytes:
            end = block.find(b"\n", start + self._most_bytes - 1) + 1
            yield from self._find_in(block[start:end])
            yield b""
            start = end
        if start < len(block):
            yield from self._find_in(block[start:] if start else block)

    def _find_in(self, block: bytes) -> Iterator[bytes]:
        plain = _without_stored_colours(block) if self._wish.text or self._wish.regex else block
        places = self._find_hits(plain) if self._is_useful(plain) else self._find_decoded(plain)
        return _lines_at(places, plain, block)

    def _make_hints(self) -> tuple[Hint, ...]:
        """Each wanted line is hit by one of them; none if nothing is known of what is wanted."""
        wish = self._wish
        if wish.text:
            pattern, judged = text_as_stored(wish.text)
            return (_hint(pattern, ignores_case=True), *map(_literal, judged))
        if wish.regex:
            stored = regex_as_stored(wish.regex)
            return () if stored is None else (_hint(f"(?:{stored})"), _literal(_BACKSLASH))
        if wish.levels:
            words = (word for level in sorted(wish.levels) for word in words_of_level(level))
            return tuple(_hint(word, ignores_case=True) for word in words)
        if wish.sources and "user" not in wish.sources:
            return (_hint('"source":"(?:' + "|".join(sorted(wish.sources)) + ')"'),)
        if wish.streams and "stdout" not in wish.streams:
            return (_hint('"io_stream":"(?:' + "|".join(sorted(wish.streams)) + ')"'),)
        return ()

    def _is_useful(self, block: bytes) -> bool:
        """Whether the hints hit few lines of this block that are not wanted."""
        if not self._hints or not self._is_of_content:
            return bool(self._hints)
        if self._is_of_regex and block.count(_BACKSLASH) * _SPARSE_BYTES > len(block):
            return False
        rest = block[block.find(CONTENT_END) + 1 : block.find(b"\n")]
        return all(hint(rest, 0) < 0 for hint in self._hints)

    def _find_hits(self, block: bytes) -> Iterator[int]:
        """Where wanted lines begin, by the nearest hit of any hint; each is asked again only behind its last one."""
        wants, is_of_content, behind_all = self._wants, self._is_of_content, len(block)
        waiting = [(hint, _place(hint(block, 0), behind_all)) for hint in self._hints]
        while (hit := min(place for _, place in waiting)) < behind_all:
            start = block.rfind(b"\n", 0, hit) + 1
            end = block.find(b"\n", hit)
            line = block[start:end]
            is_beside = is_of_content and hit - start > line.find(CONTENT_END)
            if not is_beside and wants(decoded(line)):
                yield start
            waiting = [
                (hint, place if place > end else _place(hint(block, end + 1), behind_all)) for hint, place in waiting
            ]

    def _find_decoded(self, block: bytes) -> Iterator[int]:
        wants, start = self._wants, 0
        for line, document in zip(block.splitlines(), decoded_lines(block), strict=True):
            if wants(document):
                yield start
            start += len(line) + 1

    def _wants(self, document: Document) -> bool:
        wish = self._wish
        content: str = document["content"]
        if wish.sources and document["source"] not in wish.sources:
            return False
        if wish.streams and document["io_stream"] not in wish.streams:
            return False
        if self._text and self._text not in as_if_small(content):
            return False
        if self._regex is not None and self._regex.search(content.encode("utf-8", "surrogatepass")) is None:
            return False
        return not wish.levels or level_of(document) in wish.levels


def _lines_at(places: Iterator[int], plain: bytes, block: bytes) -> Iterator[bytes]:
    """The lines of a block that begin at these places of the same block without colours."""
    if plain is block:
        for start in places:
            yield block[start : block.find(b"\n", start)]
        return
    lines, number, last = block.splitlines(), 0, 0
    for start in places:
        number, last = number + plain.count(b"\n", last, start), start
        yield lines[number]


def _without_stored_colours(block: bytes) -> bytes:
    """The same lines without what they are drawn in; the same object where there are no colours."""
    if _STORED_ESCAPE not in block:
        return block
    if _BACKSLASH + _STORED_ESCAPE in block:
        return _COLOUR_BEHIND_BACKSLASHES.sub(rb"\1", block)
    return _STORED_COLOUR.sub(b"", block)


def without_colours(content: str) -> str:
    """What a line says, whatever it is drawn in."""
    return _COLOUR.sub("", content) if "\x1b" in content else content


def level_of(document: Document) -> str | None:
    """`error` or `warning`, as `planes.wire.log_levels` has it."""
    told = find_level(without_colours(document["content"]), document["source"])
    return told.level if told is not None else None


def decoded(line: bytes) -> Document:
    """One wire line."""
    try:
        return orjson.loads(line)
    except ValueError:  # a lone surrogate: no line of a runner has one
        return cast("Document", json.loads(line))


def decoded_lines(block: bytes) -> list[Document]:
    """All wire lines of a block."""
    listed = b"[" + block[:-1].replace(b"\n", b",") + b"]"
    try:
        return orjson.loads(listed)
    except ValueError:
        return cast("list[Document]", json.loads(listed))


def _compiled(pattern: str, *, ignores_case: bool = False) -> Pattern:
    """A pattern over contents as UTF-8. Raises: BadPattern."""
    return compile_pattern(pattern.encode("utf-8", "surrogatepass"), ignores_case=ignores_case)


def _hint(pattern: str, *, ignores_case: bool = False) -> Hint:
    search = _compiled(pattern, ignores_case=ignores_case).search

    def find(block: bytes, place: int) -> int:
        found = search(block, place)
        return found.start() if found is not None else -1

    return find


def _literal(escape: bytes) -> Hint:
    """A text that begins with a backslash: where there is none it is not looked for."""

    def find(block: bytes, place: int) -> int:
        place = block.find(_BACKSLASH, place)
        return block.find(escape, place) if place >= 0 else -1

    return find


def _place(found: int, behind_all: int) -> int:
    return found if found >= 0 else behind_all
