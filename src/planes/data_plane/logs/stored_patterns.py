"""What a search looks for, as it stands in stored lines: found there first, so that few lines are decoded.

Each pattern here hits every wanted line and perhaps others: whoever uses it judges what it hits. A stored line is ASCII
JSON; one without a backslash holds its content as it is, between `{"content":"` and `","io_stream":"`, and neither of
these can stand in a content. So an anchor becomes one of these texts, which RE2 finds faster than it reads.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from planes.data_plane.segments import CONTENT_END
from planes.data_plane.segments.wire import HEAD

_BEGINNING = re.escape(HEAD + '"')
_END = re.escape(CONTENT_END.decode("ascii"))
_BEGINS = frozenset({"^", r"\A"})
_ENDS = frozenset({"$", r"\z"})
_REPEATS = frozenset("*+?{")
_PIECE = re.compile(
    r"\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\(\?[imsU-]+\)"
    r"|\((?:\?(?:P?<\w+>|[imsU-]*:))?"
    r"|.",
    re.DOTALL,
)
# Capitals below U+2200 cover every letter that has more than one.
_WITH_CAPITALS = 0x2200
_COMBINING_DOT = "\u0307"
# One letter, whose small form `str.lower` chooses by what stands before it.
_SIGMAS = frozenset("\u03a3\u03c3\u03c2")

# The `i` of a word may be one without a dot, or with one in a capital: Python folds these, RE2 does not.
_I = r"(?:i|\\u013[01])"
# What stands before a short word may be a letter as it is stored: of a colour, or of an escaped tab.
_SHORT = r"(?:\b|[mt])"
_LEVEL_WORDS = {
    "error": (
        "error", f"except{_I}on", f"cr{_I}t{_I}cal", "fatal",
        rf"pan{_I}c|severe|segmentat{_I}on fault|alert|emerg|{_SHORT}(?:err|ftl|cr{_I}t)\b|level\\\": ?[56]0",
    ),
    "warning": ("warn", rf"{_SHORT}wrn\b|level\\\": ?40"),
}  # fmt: skip


def words_of_level(level: str) -> tuple[str, ...]:
    """Patterns, whatever the case, one of which hits each line of this level."""
    return _LEVEL_WORDS[level]


def as_if_small(text: str) -> str:
    """The text in the form in which texts that differ by case alone are the same."""
    return text.lower().replace("\u03c2", "\u03c3")


def text_as_stored(text: str) -> tuple[str, tuple[bytes, ...]]:
    """A pattern, whatever the case, for lines that hold a text; and escapes whose lines must be judged as well.

    The latter are the two letters that are written in ASCII when they are small and not when they are capitals: in the
    pattern they would keep RE2 from jumping to the text.
    """
    pieces: list[str] = []
    judged: set[bytes] = set()
    for character in text:
        forms = {character, character.lower(), character.upper()} if not character.isascii() else {character}
        others = _other_capitals().get(character.lower(), ())
        if character in _SIGMAS:
            forms.update(_SIGMAS)
        if character.isascii():
            judged.update(json.dumps(other)[1:-1].encode("ascii") for other in others)
        else:
            forms.update(others)
        written = sorted(re.escape(json.dumps(form)[1:-1]) for form in forms)
        piece = written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"
        pieces.append(f"(?:{piece})?" if character == _COMBINING_DOT else piece)
    return "".join(pieces), tuple(sorted(judged))


def regex_as_stored(regex: str) -> str | None:
    """A pattern that hits each line without a backslash whose content matches; None where none is made."""
    if r"\Q" in regex:
        return None
    try:
        return _Anchors().replace(regex)
    except _NotAtABorder:
        return "".join("(?:)" if piece in _BEGINS | _ENDS else piece for piece in _pieces_of(regex))


class _NotAtABorder(Exception):
    """An anchor does not begin or end all that can match, so it cannot be a text: it is left out."""


class _Group:
    """An open group: whether it begins what can match, and which anchors were seen in it."""

    def __init__(self, *, begins: bool) -> None:
        self.begins = begins
        self.has_anchor = False
        self.has_ended = False


class _Anchors:
    """One pass over a pattern. An anchor is replaced where it stands first or last in each way through the pattern."""

    def __init__(self) -> None:
        self._open = [_Group(begins=True)]
        self._is_first = True
        self._has_ended = False
        self._after_anchor = False

    def replace(self, regex: str) -> str:
        """Raises: _NotAtABorder."""
        return "".join(self._take(piece) for piece in _pieces_of(regex))

    def _take(self, piece: str) -> str:
        group = self._open[-1]
        after_anchor, self._after_anchor = self._after_anchor, False
        if piece in _REPEATS and after_anchor:
            raise _NotAtABorder
        if piece == "|":
            group.has_ended |= self._has_ended
            self._is_first, self._has_ended = group.begins, False
        elif piece == ")" and len(self._open) > 1:
            self._open.pop()
            self._open[-1].has_anchor |= group.has_anchor
            self._is_first, self._has_ended = False, self._has_ended or group.has_ended
            self._after_anchor = group.has_anchor
        elif self._has_ended:
            raise _NotAtABorder
        elif piece in _BEGINS:
            return self._begin(group)
        elif piece in _ENDS:
            self._is_first, self._has_ended = False, True
            group.has_anchor = self._after_anchor = True
            return _END
        elif piece.startswith("(") and not (piece.startswith("(?") and piece.endswith(")")):
            self._open.append(_Group(begins=self._is_first))
        elif not piece.startswith("(?"):
            self._is_first = False
        return piece

    def _begin(self, group: _Group) -> str:
        if not self._is_first:
            raise _NotAtABorder
        self._is_first = False
        group.has_anchor = self._after_anchor = True
        return _BEGINNING


def _pieces_of(regex: str) -> list[str]:
    return _PIECE.findall(regex)


@lru_cache(maxsize=1)
def _other_capitals() -> dict[str, tuple[str, ...]]:
    """For a letter, capitals that `str.upper` does not give."""
    found: dict[str, tuple[str, ...]] = {}
    for capital in map(chr, range(0x80, _WITH_CAPITALS)):
        for letter in capital.lower():
            if capital not in {letter, letter.upper()}:
                found[letter] = (*found.get(letter, ()), capital)
    return found
