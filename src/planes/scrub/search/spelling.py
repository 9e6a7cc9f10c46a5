"""Patterns made of others, with less counting, and for a literal; and what a pattern surely holds."""

import functools
import re
from collections.abc import Iterable

# How far a pattern counts of what repeats itself, where the automaton is one for many.
MOST_COUNTED = 8
# What a pattern consists of, what may follow a piece of it, and what of that lets the piece be absent.
TOKEN = re.compile(
    rb"\\x[0-9A-Fa-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?P<\w+>|\?[a-z-]*:)?|[*+?]\??|\{[0-9]+(?:,[0-9]*)?\}\??|.",
    re.DOTALL,
)
QUANTIFIER = re.compile(rb"[*+?{]")
MAY_BE_NONE = re.compile(rb"[*?]|\{0")
_REPETITION = re.compile(rb"(?<!\\)\{(\d+)(?:,(\d*))?\}(\Z)?")


_SPECIAL = re.compile(rb"[\\.+*?()|\[\]{}^$]")


def loosened(pattern: bytes, most_counted: int = MOST_COUNTED) -> bytes:
    """A pattern that matches wherever this one does, without counting farther than so.

    A counted repetition makes the automaton remember how far it has counted for each place where it may have begun, and
    random text then needs new states without end.
    """

    def loose(match: "re.Match[bytes]") -> bytes:
        least, most = int(match[1]), int(match[2] or match[1])
        if match[3] is not None and least > most_counted:
            return b"{%d}" % most_counted
        if most == least or most <= most_counted:
            return match[0]
        return b"{%d,}" % least if least > 1 else b"+" if least else b"*"

    return _REPETITION.sub(loose, pattern)


# An escape or a class; and a repetition that may go on, where neither is left.
_SIGN = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ENDLESS = re.compile(rb"[*+]|\{[0-9]+,\}")


def is_bounded(pattern: bytes) -> bool:
    """Whether nothing in a pattern repeats without end."""
    return _ENDLESS.search(_SIGN.sub(b"x", pattern)) is None


def quoted(text: bytes) -> bytes:
    """A pattern for a literal."""
    return _SPECIAL.sub(rb"\\\g<0>", text)


_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")
_TO_END_OF_WORD = rb"[0-9A-Za-z_-]*[^0-9A-Za-z_-]"


class Covered:
    """Tells which signs say nothing, because they stand only where the same sign of another rule stands too.

    Most shapes of names have the same signs, and demand more or less behind them. A pattern that holds each sign once
    for each of these demands has three times the states and says the same.
    """

    __slots__ = ("_widest",)

    def __init__(self, signs: "Iterable[tuple[bytes, bytes]]") -> None:
        """Take the signs that are found in any case, whatever stands before them, with what must follow."""
        self._widest: dict[bytes, bytes] = {}
        for sign, follow in signs:
            if not follow or (follow == _TO_END_OF_WORD and self._widest.get(sign) != b""):
                self._widest[sign] = follow

    def __call__(self, sign: bytes, follow: bytes, *, is_any_case: bool) -> bool:
        """Whether a sign with what must follow it stands only where one of those does, and is none of them itself."""
        widest = self._widest.get(sign if is_any_case else sign.lower())
        if widest is None or (is_any_case and follow == widest):
            return False
        return widest in (b"", follow) or _ends_word(follow)


@functools.cache
def _ends_word(pattern: bytes) -> bool:
    """Whether all that a pattern matches surely holds a byte that is no part of a word."""
    tokens = [match[0] for match in TOKEN.finditer(pattern)]
    every, some = [True], [False]  # by depth: whether all choices so far do, and whether this one does
    for token, following in zip(tokens, [*tokens[1:], b""], strict=True):
        if token[:1] == b"(":
            every.append(True)
            some.append(False)
            continue
        if token == b"|":
            every[-1] &= some[-1]
            some[-1] = False
            continue
        if token == b")":
            inner, last = every.pop(), some.pop()
            holds = inner and last
        else:
            holds = not QUANTIFIER.match(token) and _is_no_word(token)
        some[-1] |= holds and not MAY_BE_NONE.match(following)
    return every[0] and some[0]


def _is_no_word(token: bytes) -> bool:
    """Whether a piece of a pattern stands for one byte that is no part of a word."""
    matched = {byte for byte in range(256) if re.fullmatch(token, bytes((byte,)), re.DOTALL)}
    return bool(matched) and not matched & _WORD
