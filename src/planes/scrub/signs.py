"""The signs of rules: literals of which every match holds one. One scan finds them all in a whole piece of log."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from planes.scrub.engine import PatternSet, compile_pattern, compile_set
from planes.scrub.rules.model import Rule

# How far the scan counts what follows a sign.
_MOST_COUNTED = 8
# So many signs on one line are followed up one by one; behind them a sign counts wherever it stands.
_MOST_SIGNS = 200
# Signs are looked up by so many bytes at their beginnings.
_HEAD = 2
# So many texts are remembered with the signs that begin them.
_MOST_BEGINNINGS = 4096
# Of the signs with one beginning: the lengths of those found as they are, and of those found in any case.
_Lengths = tuple[tuple[int, ...], tuple[int, ...]]


class LineSigns(NamedTuple):
    """What the signs on a line say: whose they are (a bit set), where in the line the last one stands, and where in the
    text the first one behind the line stands (-1: nowhere).
    """

    chosen: int
    last: int
    following: int


NO_SIGNS = LineSigns(0, -1, -1)
"""Of a line on which none stands."""


class Signs:
    """Tells where signs stand and whose they are. Rules are the bits of a number, in the order they were given."""

    __slots__ = ("_any_case", "_beginnings", "_behind", "_exact", "_lengths", "_longest", "_scan", "_set", "pattern")

    def __init__(self, rules: "Sequence[Rule]", further: Iterable[Rule] = ()) -> None:
        """Take rules, and further ones whose signs are found but have no bits."""
        self._exact: dict[bytes, int] = {}
        self._any_case: dict[bytes, int] = {}
        behind: set[int] = set()
        for index, rule in enumerate(rules):
            table = self._any_case if rule.any_case else self._exact
            for sign in rule.signs:
                table[sign] = table.get(sign, 0) | 1 << index
                if rule.before:
                    behind.add(sign[0])
        self._behind = frozenset(behind)  # what signs begin with before which the scan takes one byte more
        self._lengths = _lengths_by_head(self._exact, self._any_case)
        self._longest = {head: max((*exact, *any_case, 0)) for head, (exact, any_case) in self._lengths.items()}
        self._beginnings: dict[bytes, int] = {}
        self.pattern = scan_pattern([*rules, *further])
        self._scan = compile_pattern(self.pattern)
        self._set: PatternSet | None = None

    def next(self, text: bytes, place: int = 0) -> int:
        """Where the next sign stands at or after `place`; -1 if none does."""
        match = self._scan.places(text, place)
        return match[0][0] if match else -1

    def at(self, text: bytes, place: int) -> int:
        """The rules one of whose signs begins at `place`, or behind the byte there."""
        chosen = self._beginning_at(text, place)
        if place + 1 < len(text) and text[place + 1] in self._behind:
            chosen |= self._beginning_at(text, place + 1)
        return chosen

    def _beginning_at(self, text: bytes, place: int) -> int:
        head = text[place : place + _HEAD].lower()
        beginning = text[place : place + (self._longest.get(head) or self._longest[b""])]
        chosen = self._beginnings.get(beginning)
        if chosen is None:
            if len(self._beginnings) >= _MOST_BEGINNINGS:
                self._beginnings.clear()
            chosen = self._beginnings[beginning] = self._begins(beginning)
        return chosen

    def _begins(self, text: bytes) -> int:
        """The rules one of whose signs begins a text."""
        chosen = 0
        exact, any_case = self._lengths.get(text[:_HEAD].lower(), self._lengths[b""])
        for length in exact:
            chosen |= self._exact.get(text[:length], 0)
        for length in any_case:
            chosen |= self._any_case.get(text[:length].lower(), 0)
        return chosen

    def on_line(self, text: bytes, start: int, place: int, end: int) -> LineSigns:
        """The signs on the line [start, end) of a text, the first of which stands at `place`."""
        chosen = seen = 0
        last = place
        while 0 <= place < end:
            chosen |= self.at(text, place)
            last = place
            place = self.next(text, place + 1)
            seen += 1
            if seen > _MOST_SIGNS:
                chosen |= self._anywhere(text[last + 1 : end])
                return LineSigns(chosen, end - start, self.next(text, end))
        return LineSigns(chosen, last - start, place)

    def _anywhere(self, text: bytes) -> int:
        """The rules one of whose signs stands in a text, whatever follows it."""
        if self._set is None:
            self._set = compile_set(
                [*map(quoted, self._exact), *(b"(?i:%s)" % quoted(sign) for sign in self._any_case)]
            )
        owners = (*self._exact.values(), *self._any_case.values())
        chosen = 0
        for index in self._set(text):
            chosen |= owners[index]
        return chosen


def _lengths_by_head(exact: Iterable[bytes], any_case: Iterable[bytes]) -> "dict[bytes, _Lengths]":
    """The lengths of the signs that begin with so many bytes; under nothing, of those that are shorter."""
    lengths: dict[bytes, tuple[set[int], set[int]]] = {b"": (set(), set())}
    for kind, signs in enumerate((exact, any_case)):
        for sign in signs:
            head = sign[:_HEAD].lower() if len(sign) >= _HEAD else b""
            lengths.setdefault(head, (set(), set()))[kind].add(len(sign))
    short = lengths[b""]
    return {
        head: (tuple(sorted(found[0] | short[0])), tuple(sorted(found[1] | short[1])))
        for head, found in lengths.items()
    }


def scan_pattern(rules: Iterable[Rule]) -> bytes:
    """One alternation of the signs of all rules, each with what must follow it."""
    exact: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    any_case: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    for rule in rules:
        table = any_case if rule.any_case else exact
        for sign in rule.signs:
            table.setdefault((rule.before, loosened(rule.follow)), {})[quoted(sign)] = None
    pieces = [b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in exact.items()]
    if any_case:
        folded = (b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in any_case.items())
        pieces.append(b"(?i:%s)" % b"|".join(folded))
    return b"|".join(pieces)


_REPETITION = re.compile(rb"(?<!\\)\{(\d+)(?:,(\d*))?\}(\Z)?")


def loosened(pattern: bytes) -> bytes:
    """A pattern that matches wherever this one does, without counting far.

    A counted repetition makes the automaton remember how far it has counted for each place where it may have begun, and
    random text then needs new states without end.
    """

    def loose(match: "re.Match[bytes]") -> bytes:
        least, most = int(match[1]), int(match[2] or match[1])
        if match[3] is not None and least > _MOST_COUNTED:
            return b"{%d}" % _MOST_COUNTED
        if most == least or most <= _MOST_COUNTED:
            return match[0]
        return b"{%d,}" % least if least > 1 else b"+" if least else b"*"

    return _REPETITION.sub(loose, pattern)


def quoted(text: bytes) -> bytes:
    """A pattern for a literal."""
    return b"".join(b"\\" + bytes((byte,)) if byte in b"\\.+*?()|[]{}^$" else bytes((byte,)) for byte in text)
