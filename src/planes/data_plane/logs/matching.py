"""Which lines of a block a search wants.

A stored line is ASCII JSON, so a word is searched as JSON writes it, by RE2 over the whole block; only the lines that
it hits are decoded and judged. Where no such pattern can be made (anchors, or words that stand in every line beside its
content) the block is decoded as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson

from planes.data_plane.segments import CONTENT_END

# What the pane colours as such, so that both find the same lines.
_LEVEL = re.compile(
    r"\b(?:(?P<warning>warn(?:ing)?|[A-Za-z]*Warning)|(?P<error>[A-Za-z_.]*(?:error|exception)|critical|fatal))\b",
    re.IGNORECASE,
)
_LEVEL_WORDS = {"error": "error|exception|critical|fatal", "warning": "warn"}
_ANCHOR = re.compile(r"[\^$]|\\[AzZBpPxQ0-7]|\\[^\w\s]")
_MAX_PATTERN_MEMORY = 8 << 20
Document = dict[str, Any]


class BadPattern(ValueError):
    """Not a regular expression that RE2 takes."""


class Pattern(Protocol):
    """A compiled RE2 pattern (the wheel has no types)."""

    def search(self, text: bytes, pos: int = 0) -> Any:
        """The first match from `pos` on, or None."""
        ...


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
        """The lines that are wanted, without their newline, in order."""
        ...


class Matcher:
    """Finds the lines of a wish. Raises: BadPattern."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._text = wish.text.lower()
        self._regex = compile_pattern(f"(?:{wish.regex})") if wish.regex else None
        self._hint, self._is_of_content = self._make_hint()

    def find(self, block: bytes) -> Iterator[bytes]:
        """The lines that are wanted."""
        if self._is_useful(block):
            return self._find_hits(block)
        return self._find_decoded(block)

    def _make_hint(self) -> tuple[Pattern | None, bool]:
        """A pattern that every wanted line matches as it is stored, and whether in its content."""
        wish = self._wish
        if wish.text:
            return compile_pattern(_as_stored(wish.text), ignores_case=True), True
        if wish.regex:
            return (None if _is_anchored(wish.regex) else self._regex), True
        if wish.levels:
            words = "|".join(_LEVEL_WORDS[level] for level in sorted(wish.levels))
            return compile_pattern(words, ignores_case=True), True
        if wish.sources and "user" not in wish.sources:
            return compile_pattern('"source":"(?:' + "|".join(sorted(wish.sources)) + ')"'), False
        if wish.streams and "stdout" not in wish.streams:
            return compile_pattern('"io_stream":"(?:' + "|".join(sorted(wish.streams)) + ')"'), False
        return None, False

    def _is_useful(self, block: bytes) -> bool:
        """Whether the hint is right for this block, and hits few lines that are not wanted."""
        if self._hint is None:
            return False
        if not self._is_of_content:
            return True
        if not self._wish.text and self._wish.regex and b"\\" in block:
            return False
        rest = block[block.find(CONTENT_END) + 1 : block.find(b"\n")]
        return self._hint.search(rest) is None

    def _find_hits(self, block: bytes) -> Iterator[bytes]:
        assert self._hint is not None
        place = 0
        while (hit := self._hint.search(block, place)) is not None:
            start = block.rfind(b"\n", 0, hit.start()) + 1
            end = block.find(b"\n", hit.start())
            line = block[start:end]
            is_beside = self._is_of_content and hit.start() - start > line.find(CONTENT_END)
            if not is_beside and self._wants(decoded(line)):
                yield line
            place = end + 1

    def _find_decoded(self, block: bytes) -> Iterator[bytes]:
        wants = self._wants
        for line, document in zip(block.splitlines(), decoded_lines(block), strict=True):
            if wants(document):
                yield line

    def _wants(self, document: Document) -> bool:
        wish = self._wish
        content: str = document["content"]
        if wish.sources and document["source"] not in wish.sources:
            return False
        if wish.streams and document["io_stream"] not in wish.streams:
            return False
        if self._text and self._text not in content.lower():
            return False
        if self._regex is not None and self._regex.search(content.encode("utf-8", "surrogatepass")) is None:
            return False
        return not wish.levels or level_of(document) in wish.levels


def level_of(document: Document) -> str | None:
    """`error` or `warning`, by the first word of the job's line that says so; frames of a traceback say nothing."""
    content: str = document["content"]
    if document["source"] != "user" or content.startswith("  "):
        return None
    found = _LEVEL.search(content)
    return found.lastgroup or "error" if found is not None else None


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


def compile_pattern(pattern: str, *, ignores_case: bool = False) -> Pattern:
    """An RE2 pattern over UTF-8 bytes. Raises: BadPattern."""
    import re2  # pyright: ignore[reportMissingTypeStubs] - the wheel has no types

    options = cast("Any", re2).Options()
    options.log_errors = False
    options.case_sensitive = not ignores_case
    options.never_nl = True
    options.max_mem = _MAX_PATTERN_MEMORY
    try:
        return cast("Any", re2).compile(pattern.encode("utf-8"), options)
    except (cast("Any", re2).error, UnicodeEncodeError) as exc:
        raise BadPattern from exc


def _as_stored(text: str) -> str:
    """A pattern for text as JSON writes it; letters beyond ASCII in either case (RE2 folds the rest)."""
    pieces: list[str] = []
    for character in text:
        forms = {character, character.lower(), character.upper()} if not character.isascii() else {character}
        written = sorted(re.escape(json.dumps(form)[1:-1]) for form in forms)
        pieces.append(written[0] if len(written) == 1 else f"(?:{'|'.join(written)})")
    return "".join(pieces)


def _is_anchored(regex: str) -> bool:
    """Whether a pattern may depend on where a content begins, or on how JSON writes it."""
    return not regex.isascii() or '"' in regex or _ANCHOR.search(regex.replace("[^", "[")) is not None
