"""The rules, compiled: one scan that tells which lines to look at, and per line the few rules whose sign it holds.

The scan is one alternation of every rule's signs over a whole piece of log. It says only that a sign is there; the
precise patterns run on the lines it names. Ordinary lines are thus read once, whatever the number of rules.
"""

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from planes.scrub.rules import RULES, seldom
from planes.scrub.rules.beginnings import formats, pieces
from planes.scrub.rules.judging.digests import harmless_base64, is_inside_base64
from planes.scrub.rules.judging.extents import token_end
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.below import BELOW_RULES, CUT_TOKEN, ESCAPED_TOKEN
from planes.scrub.rules.named.vocabulary import SIGNS
from planes.scrub.search.demands import Demands
from planes.scrub.search.engine import Pattern, PatternSet, compile_pattern, compile_set, group_number
from planes.scrub.search.literals import AtLiteral
from planes.scrub.search.name_places import AtName, Name, NamePlaces
from planes.scrub.search.signs import NO_SIGNS, LineSigns, Signs
from planes.scrub.search.spelling import is_bounded
from planes.scrub.search.unescaped import unescaped
from planes.scrub.shadow import ColourMap, without_colour

# So many rules with the same signs are asked together which of them match. On a long line each is asked alone: there
# the automaton for all could grow too large.
_SMALLEST_FAMILY = 4
_LONGEST_FOR_FAMILY = 4096
# Behind so many finds of one rule on a line, the next is expected to follow at once.
_ROW = 8
# So many bit sets are remembered with their rules.
_MOST_TEAMS = 1024


class Span(NamedTuple):
    """A secret in a line: [start, end) and the rule that found it."""

    start: int
    end: int
    rule: Rule


# The same, in half the time.
_span: Callable[[tuple[int, int, Rule]], Span] = functools.partial(tuple.__new__, Span)  # pyright: ignore[reportUnknownMemberType] - of all tuples


# In so many matches of a line that are no secret, the same shape is looked for once more.
_MOST_REFUSED = 16


class CompiledRule:
    """One rule with its pattern, compiled when it is first needed."""

    __slots__ = ("_at_literal", "_group", "_pattern", "_row", "at_name", "rule")

    def __init__(self, rule: Rule, *, at_literal: bool = True) -> None:
        """Take a rule; `at_literal`: where it says with which literal its matches begin, try it there."""
        self.rule = rule
        self._at_literal = AtLiteral.of(rule.pattern) if at_literal and not rule.any_case else None
        self.at_name = AtName.of(rule)
        self._row: re.Pattern[bytes] | None = None
        self._pattern: Pattern | None = None
        self._group = 0

    def prepare(self) -> Pattern:
        """Compile the pattern now."""
        if self._pattern is None:
            if _is_all_secret(self.rule.pattern):  # without a group, RE2 finds a match without its slower machines
                self._pattern = compile_pattern(self.rule.pattern.replace(b"(?P<secret>", b"(?:", 1))
            else:
                self._pattern = compile_pattern(self.rule.pattern)
                self._group = group_number(self._pattern, "secret")
        return self._pattern

    def spans(self, line: bytes, last: int | None = None) -> list[Span]:
        """Every secret that this rule finds in a line in which no sign stands behind `last`."""
        if self._at_literal is not None:
            matches = self._at_literal.matches(line)
            if matches is not None:
                return self._judged(line, matches) if matches else []
        pattern = self._pattern or self.prepare()
        place = 0
        rule, group, judge = self.rule, self._group, self.rule.judge
        found: list[Span] = []
        refused = 0
        if last is None:
            last = len(line)
        row: re.Pattern[bytes] | None = None
        while place <= last + 1:
            next_one = row.match(line, place) if row is not None else None
            match = pattern.places(line, place) if next_one is None else next_one.regs
            if match is None:
                break
            begin = match[0][0]
            row = self._in_row() if begin == place and len(found) >= _ROW else None
            start, end = match[group]
            place = max(end, begin + 1)
            if judge is not None:
                end = judge(line, begin, start, end)
                if end > start:
                    place = end
                elif refused < _MOST_REFUSED:
                    refused += 1
                    place = max(start, begin + 1)  # what is no secret may hold the next name: `tokens: {token: x}`
            if end > start:
                found.append(_span((start, end, rule)))
        return found

    def spans_at(self, at_name: AtName, line: bytes, names: "Sequence[Name]") -> list[Span]:
        """The same, in a line of which it is known where names begin."""
        matches = at_name.matches(line, names)
        return self._judged(line, matches) if matches else []

    def _judged(self, line: bytes, matches: "Iterable[tuple[int, int, int]]") -> list[Span]:
        """The secrets among matches that lie in order, of which one may begin in another."""
        rule, judge = self.rule, self.rule.judge
        place = refused = 0
        found: list[Span] = []
        for begin, start, end in matches:
            if begin < place:
                continue
            place = max(end, begin + 1)
            if judge is not None:
                end = judge(line, begin, start, end)
                if end > start:
                    place = end
                elif refused < _MOST_REFUSED:
                    refused += 1
                    place = max(start, begin + 1)
            if end > start:
                found.append(_span((start, end, rule)))
        return found

    def _in_row(self) -> "re.Pattern[bytes] | None":
        """What looks whether the next match begins at once: `re` takes a third of the time of a search by RE2 for that.

        Only for a pattern of bounded length, of which no text makes `re` slow.
        """
        if self._row is None and self.rule.kind == "checksum" and is_bounded(self.rule.pattern):
            groups = b"(?P<secret>" if self._group else b"(?:"
            self._row = re.compile(self.rule.pattern.replace(b"(?P<secret>", groups, 1))
        return self._row


# An escape or a class, and a bracket of a group.
_GROUPING = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", re.DOTALL)


def _is_all_secret(pattern: bytes) -> bool:
    """Whether all that a pattern matches is the secret: its group begins it and ends it."""
    if not pattern.startswith(b"(?P<secret>"):
        return False
    depth = 0
    for match in _GROUPING.finditer(pattern):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if not depth:
            return match.end() == len(pattern)
    return False


def _longer(line: bytes, span: Span) -> Span:
    """A token with what goes on behind it in the same word."""
    end = token_end(line, span.end)
    return span if end == span.end else span._replace(end=end)


def _is_cut_out(line: bytes, span: "Span") -> bool:
    """Whether a token is not whole, or signs of base64 touch it."""
    around = line[max(0, span.start - 1) : span.start], line[span.end : span.end + 1]
    return span.rule is CUT_TOKEN or any(sign.isalnum() or sign in (b"+", b"/") for sign in around)


def _without_digests(line: bytes, found: "list[Span]") -> "list[Span]":
    """Spans without those of tokens that are a part of a digest."""
    tokens = [span for span in found if span.rule.kind == "token"]
    if not tokens:
        return found
    named = harmless_base64(line)
    dropped = {
        span
        for span in tokens
        if any(start <= span.start and span.end <= end for start, end in named)
        or (_is_cut_out(line, span) and is_inside_base64(line, span.start, span.end))
    }
    return [span for span in found if span not in dropped] if dropped else found


class _Family:
    """Rules with the same signs: where a sign stands, one look tells which of them match at all."""

    __slots__ = ("_indexes", "_patterns", "_set", "members")

    def __init__(self, indexes: "Sequence[int]", rules: "Sequence[Rule]") -> None:
        self._indexes = [1 << index for index in indexes]
        self._patterns = [rule.pattern.replace(b"(?P<secret>", b"(?:") for rule in rules]
        self._set: PatternSet | None = None
        self.members = sum(self._indexes)

    def prepare(self) -> PatternSet:
        """Compile the patterns now."""
        if self._set is None:
            self._set = compile_set(self._patterns)
        return self._set

    def matching(self, line: bytes) -> int:
        """The members (a bit set) whose patterns match in a line."""
        chosen = 0
        for index in (self._set or self.prepare())(line):
            chosen |= self._indexes[index]
        return chosen


def _families(rules: "Sequence[CompiledRule]") -> list[_Family]:
    by_signs: dict[tuple[bytes, ...], list[int]] = {}
    for index, compiled in enumerate(rules):
        if compiled.rule.needs or compiled.rule.signs == SIGNS:
            continue  # most of them are told apart by less, and an automaton for all shapes of names is large
        by_signs.setdefault(compiled.rule.signs, []).append(index)
    families = (indexes for indexes in by_signs.values() if len(indexes) >= _SMALLEST_FAMILY)
    return [_Family(indexes, [rules[index].rule for index in indexes]) for indexes in families]


class Book(Protocol):
    """What the line stage asks of rules."""

    def matches_besides(self, text: bytes) -> bool: ...
    def is_clear(self, text: bytes) -> bool: ...
    def sign(self, text: bytes, place: int = 0) -> int: ...
    def on_line(self, text: bytes, start: int, end: int) -> LineSigns: ...
    def spans(self, line: bytes, signs: LineSigns) -> list[Span]: ...
    def permitted(self, plain: bytes, spans: list[Span]) -> list[Span]: ...


class Rulebook:
    """A set of rules, ready to scan."""

    __slots__ = (
        "_beginnings",
        "_demands",
        "_escapable",
        "_in_families",
        "_name_places",
        "_signs",
        "_teams",
        "families",
        "is_clear",
        "on_line",
        "rules",
        "sign",
    )

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = [CompiledRule(rule) for rule in rules]
        self._signs = Signs([compiled.rule for compiled in self.rules], BELOW_RULES)
        self.is_clear = self._signs.is_clear
        self.sign = self._signs.next
        self.on_line = self._signs.on_line
        self.families = _families(self.rules)
        self._in_families = sum(family.members for family in self.families)
        self._teams: dict[int, Sequence[CompiledRule]] = {}
        self._demands = Demands([compiled.rule for compiled in self.rules])
        self._name_places = NamePlaces()
        # Rules whose secrets are also found in part, and those whose secrets tell themselves where they are escaped.
        in_part = {rule.name for of_sign in formats().values() for rule in of_sign}
        self._beginnings = sum(1 << index for index, rule in enumerate(self.rules) if rule.rule.name in in_part)
        self._escapable = sum(
            1 << index for index, rule in enumerate(self.rules) if rule.rule.kind in ("token", "uri-password")
        )

    def prepare(self) -> None:
        """Compile now what most logs need, so that forked children need not.

        What is seldom there has each of its patterns compiled when its sign is first met, in less than a millisecond,
        and takes no room in the runners that never meet it.
        """
        names = seldom()
        for compiled in self.rules:
            if compiled.rule.name not in names:
                (compiled.at_name or compiled).prepare()
        for family in self.families:
            family.prepare()
        self._demands.prepare()
        self._signs.prepare()

    def matches_besides(self, text: bytes) -> bool:
        """Whether something else than signs tells to look at a text: here, nothing does."""
        del text
        return False

    def spans(self, line: bytes, signs: LineSigns) -> list[Span]:
        """The secrets in a line without colour codes: in order, none inside or across another."""
        found = self._spans(line, signs)
        read = unescaped(line)
        if read is None:
            return found
        signs = self.on_line(read.text + b"\n", 0, len(read.text))
        again = self._spans(read.text, signs._replace(chosen=signs.chosen & self._escapable))
        more = [_span((*read.real(start, end), ESCAPED_TOKEN)) for start, end, _ in again if read.holds(start, end)]
        return disjoint([*found, *more]) if more else found

    def _spans(self, line: bytes, signs: LineSigns) -> list[Span]:
        """The same, in a line as it stands there."""
        chosen, last, names = signs
        if not chosen:
            return []
        if chosen & self._demands.members:
            chosen = self._demands.met(line, chosen, names)
        if chosen & self._in_families and len(line) <= _LONGEST_FOR_FAMILY:
            for family in self.families:
                if chosen & family.members:
                    chosen = chosen & ~family.members | chosen & family.matching(line)
        found: list[Span] = []
        is_disjoint = True
        team = self._teams.get(chosen)
        named: Sequence[Name] | None = None
        for compiled in self._team(chosen) if team is None else team:
            at_name = compiled.at_name
            if at_name is not None and names is not None:
                if named is None:
                    named = self._name_places.names(line, names)
                    if named is None:
                        names = None
                spans = compiled.spans(line, last) if named is None else compiled.spans_at(at_name, line, named)
            else:
                spans = compiled.spans(line, last)
            if spans:
                if compiled.rule.kind == "token":
                    spans = disjoint([_longer(line, span) for span in spans])
                is_disjoint = not found  # what one rule finds is in order, each behind the last
                found = found + spans if found else spans
        if signs.chosen & self._beginnings and (in_part := self._in_part(line, signs.chosen & self._beginnings, found)):
            found = found + in_part
            is_disjoint = False
        if found:
            found = _without_digests(line, found)
        if found and line.find(b"[masked:") >= 0:
            found = outside_marks(line, found)
        return found if is_disjoint else disjoint(found)

    def _in_part(self, line: bytes, chosen: int, found: "Sequence[Span]") -> list[Span]:
        """Tokens that are cut, of the formats in a bit set."""
        in_part: list[Span] = []
        while chosen:
            first = chosen & -chosen
            chosen ^= first
            for sign in self.rules[first.bit_length() - 1].rule.signs:
                place = line.find(sign)
                if place < 0:
                    continue
                if len(found) == 1 and found[0].start <= place < found[0].end and line.find(sign, found[0].end) < 0:
                    continue  # the usual: one token, and all of it
                in_part += [_span((start, end, CUT_TOKEN)) for start, end in pieces(line, sign, found)]
        return in_part

    def _team(self, chosen: int) -> "Sequence[CompiledRule]":
        """The rules of a bit set, in order."""
        if len(self._teams) >= _MOST_TEAMS:
            self._teams.clear()
        members: list[CompiledRule] = []
        left = chosen
        while left:
            first = left & -left
            left ^= first
            members.append(self.rules[first.bit_length() - 1])
        self._teams[chosen] = members
        return members

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


def signs_of(book: Book, plain: bytes) -> LineSigns:
    """The signs on a single line."""
    text = plain + b"\n"
    place = book.sign(text)
    if not 0 <= place < len(plain):
        return NO_SIGNS
    signs = book.on_line(text, 0, len(plain))
    return signs if signs.last >= 0 or book.matches_besides(plain) else NO_SIGNS


def plain_spans(book: Book, plain: bytes) -> list[Span]:
    """The secrets in a line without colour codes."""
    signs = signs_of(book, plain)
    return [] if signs is NO_SIGNS else book.spans(plain, signs)


def coloured_spans(book: Book, line: bytes) -> list[Span]:
    """The secrets in a line as it is, colour codes and all."""
    plain = without_colour(line)
    return coloured(line, plain, plain_spans(book, plain))


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


_SHORTEST_REPEATED = 8
_MOST_REPEATED = 16


def with_repeats(line: bytes, spans: list[Span]) -> list[Span]:
    """Secrets, and where else in their line they stand (`SET token = 'x' …; args=('x',)`), if they look random."""
    more: list[Span] = []
    for span in spans[:_MOST_REPEATED]:
        secret = line[span.start : span.end]
        if len(secret) < _SHORTEST_REPEATED or line.count(secret) < 2 or not looks_random(secret):
            continue
        place = -1
        while (place := line.find(secret, place + 1)) >= 0:
            if place != span.start:
                more.append(Span(place, place + len(secret), span.rule))
    return disjoint([*spans, *more]) if more else spans


start_of = attrgetter("start")


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
