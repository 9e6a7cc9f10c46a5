"""Regular expressions that logs are searched by: what regions look for, and what the terminal app marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

MAXIMUM_SOUGHT = 1024
"""Signs of a text or a pattern."""
_MAXIMUM_MEMORY = 8 << 20


class BadPattern(ValueError):
    """Not a regular expression that RE2 takes; the message is RE2's."""


class Pattern(Protocol):
    """A compiled RE2 pattern over what it was compiled from, text or its bytes (the wheel has no types)."""

    def search(self, text: Any, pos: int = 0) -> Any:
        """The first match from `pos` on, or None."""
        ...

    def finditer(self, text: Any) -> Iterator[Any]:
        """All matches."""
        ...


def compile_pattern(pattern: str | bytes, *, ignores_case: bool = False) -> Pattern:
    """A pattern that holds nobody up, whatever it is. Raises: BadPattern."""
    import re2  # pyright: ignore[reportMissingTypeStubs] - the wheel has no types

    known: Any = re2
    options = known.Options()
    options.log_errors = False
    options.case_sensitive = not ignores_case
    options.never_nl = True
    options.max_mem = _MAXIMUM_MEMORY
    try:
        return known.compile(pattern, options)
    except known.error as exc:
        said = exc.args[0] if exc.args else ""
        raise BadPattern(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from exc
