"""Words of command lines that people paste: read alike by sh, bash, zsh and fish, whatever names are in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*")
_NOT_IN_QUOTES = re.compile(r"([\\']+)")


def quoted(word: str) -> str:
    """One word. Backslashes stand outside of quotes: fish takes them for escapes within, other shells do not."""
    if _PLAIN.fullmatch(word):  # zsh looks for a program behind a leading `=`
        return word
    pieces = _NOT_IN_QUOTES.split(word)
    within = (f"'{piece}'" if piece else "" for piece in pieces[::2])
    outside = ("".join(f"\\{sign}" for sign in piece) for piece in pieces[1::2])
    return "".join(part for pair in zip(within, [*outside, ""], strict=True) for part in pair) or "''"


def command_line(words: Iterable[str]) -> str:
    """A whole command line."""
    return " ".join(map(quoted, words))
