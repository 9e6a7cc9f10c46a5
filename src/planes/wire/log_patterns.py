"""Regular expressions that logs are searched by: what regions look for, and what the terminal app marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

MAXIMUM_SOUGHT = 1024
"""Signs of a text or a pattern."""
_MAXIMUM_MEMORY = 8 << 20
# A pattern that does not fit into this is refused: RE2's time for a byte grows with the size of its program, it cannot
# be interrupted, and compiling a large one holds up all that the interpreter does.
_MAXIMUM_PROGRAM = 256 << 10


class BadPattern(ValueError):
    """Not a regular expression that RE2 takes; the message is RE2's."""


class Pattern(Protocol):
    """A compiled RE2 pattern over what it was compiled from, text or its bytes (the wheel has no types)."""

    programsize: int

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
    try:
        for options.max_mem in (_MAXIMUM_PROGRAM, _MAXIMUM_MEMORY):
            compiled = known.compile(pattern, options)
        known.purge()  # it would keep the last 128, each with all that it may take
        return compiled
    except known.error as exc:
        said = exc.args[0] if exc.args else ""
        raise BadPattern(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from exc
