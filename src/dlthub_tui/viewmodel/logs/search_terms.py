"""What is looked for in a log: words in any case or, behind `re:`, a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from planes.wire.log_patterns import MAXIMUM_SOUGHT, BadPattern, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "re:"
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """What was typed; `re:` alone is three signs to look for."""

    typed: str

    @property
    def regex(self) -> str:
        """The regular expression; empty where words are looked for."""
        return self.typed.removeprefix(PREFIX) if self.typed.startswith(PREFIX) else ""

    @property
    def text(self) -> str:
        """The words; empty where a regular expression is looked for."""
        return "" if self.regex else self.typed

    def why_not(self) -> str:
        """The sentence for what is no regular expression; empty where it can be looked for."""
        if len(self.regex) > MAXIMUM_SOUGHT:
            return f"A regular expression has at most {MAXIMUM_SOUGHT:,} signs."
        found = _finder(self.regex) if self.regex else None
        return f"This is no regular expression: {found}." if isinstance(found, str) else ""

    def ranges(self, plain: str) -> list[tuple[int, int]]:
        """Where it stands in a line."""
        if not self.typed:
            return []
        if not self.regex:
            # Not by folding both: `ß` would be two signs, and what is behind it marked one too far.
            return [found.span() for found in re.finditer(re.escape(self.typed), plain, re.IGNORECASE)]
        found = _finder(self.regex)
        return [] if isinstance(found, str) else [span for match in found(plain) if (span := match.span())[1] > span[0]]

    def stands_in(self, plain: str) -> bool:
        """Whether a line has it."""
        if not self.regex:
            return self.typed.casefold() in plain.casefold()
        found = _finder(self.regex)
        return not isinstance(found, str) and next(iter(found(plain)), None) is not None


@lru_cache(maxsize=4)
def _finder(regex: str) -> Callable[[str], Iterator[Any]] | str:
    """Finds matches as the region does. A text says why there are none."""
    try:
        search = compile_pattern(_encodable(regex)).finditer
    except BadPattern as exc:
        return str(exc)
    return lambda plain: search(_encodable(plain))


def _encodable(text: str) -> str:
    """The same with a sign for each half of a pair that stands alone: RE2 takes none."""
    return _HALF.sub("\ufffd", text)
