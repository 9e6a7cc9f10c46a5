"""The two scanners below every rule: RE2 and Aho-Corasick, with a standard-library fallback that gives the same result.

The wheels are missing on some systems (musl, for one); there `re` does the work of both, slower. What must be the same
is the answer, so patterns keep to the syntax on which the two agree: bytes, ASCII classes, no lookaround, no back
references, repetition up to 1000, neither `\\s` nor `\\Z`.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

# Up to so many bytes of needles, those of some forty values, the automaton is a full table: twice as fast, and a third
# of a MB at most. With a larger one a runner would hold more than the 25 MB that are promised.
_LARGEST_TABLE = 2 * 1024
# A pattern of many thousand signs (the scan) may keep more states than RE2 gives by itself (8 MB by its own counting).
# Without that, text full of tokens makes it forget and build them anew, which takes twenty times as long. What is
# really taken is less, and only where text needs it: 4 MB in which each rule finds something in turn took 40 MB, with
# half this bound as well, but at half the rate.
_LONG_PATTERN = 2048
_MEMORY_OF_LONG = 64 * 1024 * 1024


class Found(Protocol):
    """One match of a compiled pattern."""

    def start(self, group: int = 0, /) -> int: ...
    def end(self, group: int = 0, /) -> int: ...


class Pattern(Protocol):
    """A compiled pattern over bytes; `groupindex` names its groups; see `group_number`."""

    @property
    def groupindex(self) -> "dict[str, int] | dict[bytes, int]": ...
    def search(self, text: bytes, pos: int = 0, /) -> Found | None: ...
    def places(self, text: bytes, pos: int = 0, /) -> "Sequence[tuple[int, int]] | None":
        """The first match at or after `pos`: where it and each of its groups begin and end, (-1, -1) for none."""
        ...


class Finder(Protocol):
    """Finds every occurrence of every needle, also overlapping ones."""

    def find(self, text: bytes) -> Iterable[tuple[int, int]]:
        """(needle's index, start) pairs."""
        ...


def group_number(pattern: Pattern, name: str) -> int:
    """The number of a named group; RE2 names the groups of a pattern over bytes in bytes."""
    return next(number for key, number in pattern.groupindex.items() if key in (name, name.encode("ascii")))


class StdlibPattern:
    """A pattern compiled by `re`."""

    __slots__ = ("_pattern", "groupindex")

    def __init__(self, pattern: bytes) -> None:
        self._pattern = re.compile(pattern)
        self.groupindex = dict(self._pattern.groupindex)

    def search(self, text: bytes, pos: int = 0, /) -> "re.Match[bytes] | None":
        return self._pattern.search(text, pos)

    def places(self, text: bytes, pos: int = 0, /) -> "Sequence[tuple[int, int]] | None":
        match = self._pattern.search(text, pos)
        return match.regs if match else None


class FastPattern:
    """A pattern compiled by RE2. The wheel's own way to a match takes longer than most matches do."""

    __slots__ = ("_anchor", "_match", "_start", "groupindex", "programsize", "search")

    def __init__(self, pattern: bytes, *, crosses_lines: bool) -> None:
        import re2  # pyright: ignore[reportMissingTypeStubs] - the wheel has no types

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # pyright: ignore[reportUnknownMemberType]
        options.log_errors = False
        options.never_nl = not crosses_lines
        if len(pattern) > _LONG_PATTERN:
            options.max_mem = _MEMORY_OF_LONG
        compiled: Any = re2.compile(pattern, options)  # pyright: ignore[reportUnknownMemberType]
        self.search = compiled.search
        self.groupindex: dict[bytes, int] = compiled.groupindex
        self.programsize: int = compiled.programsize
        regexp: Any = compiled._regexp
        self._match: Any = regexp.Match
        kind: Any = regexp.__class__
        self._anchor: Any = kind.Anchor.UNANCHORED
        self._start: Any = kind.Anchor.ANCHOR_START

    def places(self, text: bytes, pos: int = 0, /) -> "Sequence[tuple[int, int]] | None":
        length = len(text)
        if pos > length:
            return None
        found = self._match(self._anchor, text, pos, length)
        return found if found[0][0] >= 0 else None

    def end(self, text: bytes, pos: int, /) -> int:
        """Where a match that begins at `pos` ends; -1: none begins there."""
        return self._match(self._start, text, pos, len(text))[0][1]


Ends = Callable[[bytes, int], int]
"""Tells where the first match in a text at or after a place ends; -1 if there is none."""


class Marks(Protocol):
    """Finds a few needles, leftmost first, none inside another."""

    def find(self, text: bytes, /) -> Sequence[tuple[int, int, int]]:
        """(needle's index, start, end) in order."""
        ...


PatternSet = Callable[[bytes], Sequence[int]]
"""Tells which of a set of patterns match somewhere in a text, by index."""


class StdlibFinder:
    """Needles found by `re`: a lookahead on their beginnings, then each needle that may stand there."""

    __slots__ = ("_by_text", "_lengths", "_pattern")

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._by_text = {needle: index for index, needle in enumerate(needles)}
        self._lengths = sorted({len(needle) for needle in needles})
        shortest = self._lengths[0]
        heads = sorted({needle[:shortest] for needle in needles})
        self._pattern = re.compile(b"(?=" + b"|".join(map(re.escape, heads)) + b")", re.DOTALL)

    def find(self, text: bytes) -> Iterator[tuple[int, int]]:
        for match in self._pattern.finditer(text):
            start = match.start()
            for length in self._lengths:
                if start + length > len(text):
                    break
                index = self._by_text.get(text[start : start + length])
                if index is not None:
                    yield index, start


def stdlib_pattern(pattern: bytes) -> Pattern:
    """Compile with `re`, whatever is installed."""
    return StdlibPattern(pattern)  # pyright: ignore[reportReturnType] - `re.Match` names its parameter differently


def fast_pattern(pattern: bytes, *, crosses_lines: bool = True) -> Pattern:
    """Compile with RE2. Raises: ImportError where the wheel is missing, re2.error for a bad pattern."""
    return FastPattern(pattern, crosses_lines=crosses_lines)


def line_pattern(pattern: bytes) -> Pattern:
    """Compile a pattern of lines for a text of many: no match crosses a newline, `^` and `$` stand at each.

    Raises: ImportError where RE2 is missing.
    """
    return fast_pattern(b"(?m:%s)" % pattern, crosses_lines=False)


def compile_pattern(pattern: bytes) -> Pattern:
    """Compile a rule's pattern with the best scanner there is."""
    try:
        return fast_pattern(pattern)
    except ImportError:
        return stdlib_pattern(pattern)


def fast_ends(pattern: bytes) -> Ends:
    """What `Ends` says, by RE2. Raises: ImportError where the wheel is missing.

    Asked where a match begins, RE2 reads back from its end with an automaton of its own, of which each new text needs
    new states. A pattern that is anchored where the search begins spares that.
    """
    compiled = FastPattern(b"(?s:.*?)(?:%s)" % pattern, crosses_lines=True)
    return compiled.end


def stdlib_ends(pattern: bytes) -> Ends:
    """The same by `re`."""
    search = re.compile(pattern).search

    def end(text: bytes, pos: int, /) -> int:
        match = search(text, pos)
        return match.end() if match else -1

    return end


def compile_at(pattern: bytes) -> Ends:
    """What tells where a match ends that begins at a place, in time that grows with it; -1 if none begins there."""
    try:
        return FastPattern(pattern, crosses_lines=True).end
    except ImportError:
        match_at = re.compile(pattern).match
        return lambda text, pos: found.end() if (found := match_at(text, pos)) else -1


def compile_ends(pattern: bytes) -> Ends:
    """What tells where the first match of a pattern without groups ends."""
    try:
        return fast_ends(pattern)
    except ImportError:
        return stdlib_ends(pattern)


def fast_set(patterns: Sequence[bytes], *, at_begin: bool = False) -> PatternSet:
    """Patterns that RE2 looks for together, in one pass. Raises: ImportError where the wheel is missing."""
    import re2  # pyright: ignore[reportMissingTypeStubs] - the wheel has no types

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # pyright: ignore[reportUnknownMemberType]
    options.log_errors = False
    options.max_mem = _MEMORY_OF_LONG
    kind: Any = re2.Set
    together: Any = kind.MatchSet(options) if at_begin else kind.SearchSet(options)
    for pattern in patterns:
        together.Add(pattern)
    together.Compile()

    def matching(text: bytes) -> Sequence[int]:
        return together.Match(text) or ()

    return matching


def stdlib_set(patterns: Sequence[bytes]) -> PatternSet:
    """The same by `re`: all of them, to be looked for one by one."""
    every = range(len(patterns))
    return lambda _: every


def compile_set(patterns: Sequence[bytes], *, at_begin: bool = False) -> PatternSet:
    """What tells which patterns to look for in a text, or at its begin; where RE2 is missing, it leaves none out."""
    try:
        return fast_set(patterns, at_begin=at_begin)
    except ImportError:
        return stdlib_set(patterns)


class FastFinder:
    """Needles found by Aho-Corasick. Raises: ImportError where the wheel is missing."""

    __slots__ = ("_automaton",)

    def __init__(self, needles: Sequence[bytes]) -> None:
        import ahocorasick_rs

        total = sum(map(len, needles))
        form = ahocorasick_rs.Implementation.DFA if total <= _LARGEST_TABLE else None
        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(needles), implementation=form)

    def find(self, text: bytes) -> Iterator[tuple[int, int]]:
        for index, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            yield index, start


def compile_needles(needles: Sequence[bytes]) -> Finder:
    """A finder for distinct, non-empty needles; at least one."""
    try:
        return FastFinder(needles)
    except ImportError:
        return StdlibFinder(needles)


Literals = Callable[[bytes], Iterable[tuple[int, int, int]]]
"""Tells where each of some needles stands: (needle's index, start, end), also of overlapping ones."""


def compile_literals(needles: Sequence[bytes]) -> Literals:
    """What finds many needles in short texts, in little memory."""
    try:
        import ahocorasick_rs
    except ImportError:
        finder = StdlibFinder(needles)
        return lambda text: ((index, start, start + len(needles[index])) for index, start in finder.find(text))
    form = ahocorasick_rs.Implementation.ContiguousNFA
    find = ahocorasick_rs.BytesAhoCorasick(list(needles), implementation=form).find_matches_as_indexes
    return functools.partial(find, overlapping=True)


class FastMarks:
    """A few needles, found many bytes at a time. Raises: ImportError where the wheel is missing."""

    __slots__ = ("_automaton", "find")

    def __init__(self, needles: Sequence[bytes], *, is_short_lived: bool) -> None:
        import ahocorasick_rs

        kind = ahocorasick_rs.MatchKind.LeftmostFirst  # the only kinds that look at many bytes at a time are leftmost
        form = ahocorasick_rs.Implementation.ContiguousNFA if is_short_lived else None
        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(needles), matchkind=kind, implementation=form)
        self.find = self._automaton.find_matches_as_indexes


class StdlibMarks:
    """The same by `re`."""

    __slots__ = ("_indexes", "_pattern")

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._indexes = {needle: index for index, needle in enumerate(needles)}
        self._pattern = re.compile(b"|".join(map(re.escape, needles)))

    def find(self, text: bytes, /) -> list[tuple[int, int, int]]:
        return [(self._indexes[match[0]], *match.span()) for match in self._pattern.finditer(text)]


def compile_marks(needles: Sequence[bytes], *, is_short_lived: bool = False) -> Marks:
    """A finder for a few needles over much text; one for little text is made in an eighth of the time."""
    try:
        return FastMarks(needles, is_short_lived=is_short_lived)
    except ImportError:
        return StdlibMarks(needles)
