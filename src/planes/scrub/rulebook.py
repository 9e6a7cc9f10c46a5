"""The rules, compiled: one scan that tells which lines to look at, and per line the few rules whose sign it holds.

The scan is one alternation of every rule's signs over a whole piece of log. It says only that a sign is there; the
precise patterns run on the lines it names. Ordinary lines are thus read once, whatever the number of rules.
"""

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from planes.scrub.engine import Pattern, compile_pattern, group_number
from planes.scrub.rules import RULES
from planes.scrub.rules.below import BELOW_RULES
from planes.scrub.rules.model import Rule
from planes.scrub.shadow import ColourMap, without_colour

# How far the scan counts what follows a sign.
_MOST_COUNTED = 8
# So many signs on one line are followed up one by one; behind them a sign counts wherever it stands.
_MOST_SIGNS = 200


class Span(NamedTuple):
    """A secret in a line: [start, end) and the rule that found it."""

    start: int
    end: int
    rule: Rule


class CompiledRule:
    """One rule with its pattern, compiled when it is first needed."""

    __slots__ = ("_group", "_pattern", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._pattern: Pattern | None = None
        self._group = 0

    def prepare(self) -> Pattern:
        """Compile the pattern now."""
        if self._pattern is None:
            self._pattern = compile_pattern(self.rule.pattern)
            self._group = group_number(self._pattern, "secret")
        return self._pattern

    def spans(self, line: bytes) -> Iterator[Span]:
        """Every secret that this rule finds in a line."""
        pattern = self._pattern or self.prepare()
        place = 0
        group, judge = self._group, self.rule.judge
        while match := pattern.places(line, place):
            begin = match[0][0]
            start, end = match[group]
            place = max(end, begin + 1)
            if judge is not None:
                end = judge(line, begin, start, end)
                if end > start:
                    place = end
            if end > start:
                yield Span(start, end, self.rule)


class Book(Protocol):
    """What the line stage asks of rules."""

    def sign(self, text: bytes, place: int = 0) -> int: ...
    def plain_spans(self, plain: bytes, first: int = 0) -> list[Span]: ...
    def permitted(self, plain: bytes, spans: list[Span]) -> list[Span]: ...


class Rulebook:
    """A set of rules, ready to scan."""

    __slots__ = ("_by_sign", "_by_sign_any_case", "_lengths", "_scan", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = [CompiledRule(rule) for rule in rules]
        self._by_sign: dict[bytes, int] = {}
        self._by_sign_any_case: dict[bytes, int] = {}
        for index, compiled in enumerate(self.rules):
            table = self._by_sign_any_case if compiled.rule.any_case else self._by_sign
            for sign in compiled.rule.signs:
                table[sign] = table.get(sign, 0) | 1 << index
        self._lengths = _lengths_by_first_byte(self._by_sign, self._by_sign_any_case)
        scanned = [*(compiled.rule for compiled in self.rules), *BELOW_RULES]
        self._scan = compile_pattern(scan_pattern(scanned))

    def prepare(self) -> None:
        """Compile every pattern now, so that forked children need not."""
        for compiled in self.rules:
            compiled.prepare()

    def sign(self, text: bytes, place: int = 0) -> int:
        """Where the next sign stands at or after `place`; -1 if none does."""
        match = self._scan.places(text, place)
        return match[0][0] if match else -1

    def rules_at(self, text: bytes, place: int) -> int:
        """The rules (a bit set) one of whose signs begins at `place`."""
        chosen = 0
        for length in self._lengths.get(text[place], ()):
            sign = text[place : place + length]
            chosen |= self._by_sign.get(sign, 0) | self._by_sign_any_case.get(sign.lower(), 0)
        return chosen

    def rules_in(self, line: bytes, place: int = 0) -> int:
        """The rules (a bit set) whose signs the line holds at or after `place`."""
        chosen = 0
        seen = 0
        while (place := self.sign(line, place)) >= 0:
            chosen |= self.rules_at(line, place) or self.rules_at(line, place + 1)
            place += 1
            seen += 1
            if seen > _MOST_SIGNS:
                return chosen | self._rules_named_in(line[place:])
        return chosen

    def _rules_named_in(self, text: bytes) -> int:
        """The rules one of whose signs stands in a text, whatever follows it."""
        chosen = 0
        for table, searched in ((self._by_sign, text), (self._by_sign_any_case, text.lower())):
            for sign, rules in table.items():
                if sign in searched:
                    chosen |= rules
        return chosen

    def spans(self, line: bytes, chosen: int) -> list[Span]:
        """The secrets in a line by the chosen rules: in order, none inside or across another."""
        found: list[Span] = []
        while chosen:
            lowest = chosen & -chosen
            found.extend(self.rules[lowest.bit_length() - 1].spans(line))
            chosen ^= lowest
        if found and b"[masked:" in line:
            found = outside_marks(line, found)
        return disjoint(found) if len(found) > 1 else found

    def plain_spans(self, plain: bytes, first: int = 0) -> list[Span]:
        """The secrets in a line without colour codes, where no sign stands before `first`."""
        return self.spans(plain, self.rules_in(plain, first))

    def permitted(self, plain: bytes, spans: list[Span]) -> list[Span]:
        """Of spans in a line those that may be masked: here, all."""
        del plain
        return spans


def coloured(line: bytes, plain: bytes, spans: list[Span]) -> list[Span]:
    """Spans of a line without colour codes, carried back to the line as it is."""
    if plain is line or not spans:
        return spans
    places = ColourMap(line)
    return [Span(places.real(span.start), places.real_end(span.end), span.rule) for span in spans]


def coloured_spans(book: Book, line: bytes) -> list[Span]:
    """The secrets in a line as it is, colour codes and all."""
    plain = without_colour(line)
    return coloured(line, plain, book.plain_spans(plain))


def _lengths_by_first_byte(exact: "dict[bytes, int]", any_case: "dict[bytes, int]") -> "dict[int, tuple[int, ...]]":
    lengths: dict[int, set[int]] = {}
    for sign in exact:
        lengths.setdefault(sign[0], set()).add(len(sign))
    for sign in any_case:
        for first in (sign[:1].lower(), sign[:1].upper()):
            lengths.setdefault(first[0], set()).add(len(sign))
    return {first: tuple(sorted(found)) for first, found in lengths.items()}


def scan_pattern(rules: Iterable[Rule]) -> bytes:
    """One alternation of the signs of all rules, each with what must follow it."""
    exact: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    any_case: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    for rule in rules:
        table = any_case if rule.any_case else exact
        for sign in rule.signs:
            table.setdefault((rule.before, _loosened(rule.follow)), {})[_quoted(sign)] = None
    pieces = [b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in exact.items()]
    if any_case:
        folded = (b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in any_case.items())
        pieces.append(b"(?i:%s)" % b"|".join(folded))
    return b"|".join(pieces)


_REPETITION = re.compile(rb"(?<!\\)\{(\d+)(?:,(\d*))?\}(\Z)?")


def _loosened(follow: bytes) -> bytes:
    """A pattern that matches wherever `follow` does, without counting far.

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

    return _REPETITION.sub(loose, follow)


def _quoted(text: bytes) -> bytes:
    return b"".join(b"\\" + bytes((byte,)) if byte in b"\\.+*?()|[]{}^$" else bytes((byte,)) for byte in text)


_MARK = re.compile(rb"\[masked:[^\]\n]{1,256}\]")


def outside_marks(line: bytes, spans: list[Span]) -> list[Span]:
    """Spans that touch no mark in part: what begins in one begins behind it, what ends in one takes it whole."""
    marks = [match.span() for match in _MARK.finditer(line)]
    starts = [start for start, _ in marks]
    kept: list[Span] = []
    for start, end, rule in spans:
        place = bisect_right(starts, start) - 1
        if place >= 0 and start < marks[place][1]:
            start = marks[place][1]
        place = bisect_left(starts, end) - 1
        if place >= 0 and end < marks[place][1]:
            end = marks[place][1]
        if start < end:
            kept.append(Span(start, end, rule))
    return kept


def disjoint(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if kept and span.start < kept[-1].end:
            if span.end > kept[-1].end:
                kept[-1] = kept[-1]._replace(end=span.end)
        else:
            kept.append(span)
    return kept


@functools.cache
def rulebook() -> Rulebook:
    """All rules, compiled once per process."""
    return Rulebook(RULES)
