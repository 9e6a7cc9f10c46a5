"""Patterns made of others: with less counting, and for a literal."""

import re

# How far a pattern counts of what repeats itself, where the automaton is one for many.
MOST_COUNTED = 8
_REPETITION = re.compile(rb"(?<!\\)\{(\d+)(?:,(\d*))?\}(\Z)?")


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


def quoted(text: bytes) -> bytes:
    """A pattern for a literal."""
    return b"".join(b"\\" + bytes((byte,)) if byte in b"\\.+*?()|[]{}^$" else bytes((byte,)) for byte in text)
