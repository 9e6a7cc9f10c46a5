"""The rules with a workspace's settings over them: further rules, patterns without signs, and what is allowed."""

import functools
from collections.abc import Iterable, Iterator

from planes.scrub.rulebook import Book, CompiledRule, Span, disjoint, outside_marks, rulebook
from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import Pattern, compile_pattern, line_pattern
from planes.scrub.search.scanned import scan_pattern
from planes.scrub.search.signs import LineSigns
from planes.scrub.settings import GROUP, LONGEST_ALLOWED, ScrubSettings, rules_of

# So many finds of one pattern on a line are looked at one by one; behind them all is masked. Each find may cost a look
# at the whole line, and nobody but the writer of the pattern loses by it.
_MOST_FINDS = 200


class SettledBook:
    """All rules, with settings. The compiled rules of every process are shared, not copied."""

    __slots__ = ("_added", "_allowed", "_base", "_scans")

    def __init__(self, settings: ScrubSettings) -> None:
        self._base = rulebook()
        rules = rules_of(settings)
        self._added = [CompiledRule(rule) for rule in rules]
        self._scans = list(_scans(rules))
        texts = (text.encode("utf-8", "surrogatepass") for text in settings.allowed)
        self._allowed = [text for text in dict.fromkeys(texts) if 0 < len(text) <= LONGEST_ALLOWED]

    def matches_besides(self, text: bytes) -> bool:
        """Whether a rule of the settings' own may match in a text."""
        return any(scan.places(text) for scan in self._scans)

    def is_clear(self, text: bytes) -> bool:
        """Whether no sign and no match stands in a text, and behind its first line no first row of a dump."""
        return self._base.is_clear(text) and not self.matches_besides(text)

    def sign(self, text: bytes, place: int = 0) -> int:
        """A place on the line of the first sign or match at or after `place`; -1 if there is none."""
        first = self._base.sign(text, place)
        for scan in self._scans:
            match = scan.search(text, place)
            if match and (first < 0 or match.start() < first):
                first = match.start()
        return first

    def on_line(self, text: bytes, start: int, end: int) -> LineSigns:
        """The signs on the line [start, end) of a text."""
        return self._base.on_line(text, start, end)

    def spans(self, line: bytes, signs: LineSigns) -> list[Span]:
        """The secrets in a line without colour codes, whose signs are known."""
        spans = self._base.spans(line, signs)
        if self._added and self.matches_besides(line):
            added = [span for compiled in self._added for span in _bounded(compiled.spans(line), len(line))]
            spans = disjoint([*spans, *outside_marks(line, added)])
        return self.permitted(line, spans)

    def permitted(self, plain: bytes, spans: list[Span]) -> list[Span]:
        """Of spans in a line those that lie in no allowed text."""
        return [span for span in spans if not self._is_allowed(plain, span)] if self._allowed else spans

    def _is_allowed(self, line: bytes, span: Span) -> bool:
        """Whether the span lies inside an allowed text."""
        return any(
            line.find(text, max(0, span.end - len(text)), span.start + len(text)) >= 0
            for text in self._allowed
            if span.end - span.start <= len(text)
        )


def _bounded(spans: Iterable[Span], length: int) -> Iterator[Span]:
    for count, span in enumerate(spans):
        if count == _MOST_FINDS:
            yield span._replace(end=length)
            return
        yield span


def _scans(rules: Iterable[Rule]) -> Iterator[Pattern]:
    signed = [rule for rule in rules if rule.signs]
    if signed:
        yield compile_pattern(scan_pattern(signed))
    plain = [rule.pattern.replace(GROUP.encode("ascii"), b"(?:") for rule in rules if not rule.signs]
    if plain:
        yield line_pattern(b"|".join(b"(?:%s)" % pattern for pattern in plain))


@functools.lru_cache(maxsize=8)
def _settled(settings: ScrubSettings) -> SettledBook:
    return SettledBook(settings)


def book_of(settings: ScrubSettings | None) -> Book:
    """The rules to scrub with."""
    return rulebook() if settings is None or settings == ScrubSettings() else _settled(settings)
