"""What stands in the place of a secret."""

import functools

from planes.scrub.rulebook import Span
from planes.scrub.rules.named.below import CONTINUED


@functools.lru_cache(maxsize=1024)
def mark(name: str) -> bytes:
    """The mark for a rule or a value, by its name."""
    return b"[masked:%s]" % name.encode()


def mark_at_end(line: bytes) -> int:
    """Where the mark begins that ends a line; -1: none does."""
    if not line.endswith(b"]"):
        return -1
    start = line.rfind(b"[masked:")
    return start if start >= 0 and line.find(b"]", start) == len(line) - 1 else -1


def with_marks(line: bytes, spans: list[Span], names: "list[str]", place: int = 0, last: int | None = None) -> bytes:
    """A line (from `place` to `last`) with marks in the place of spans, which lie in order; their names go to `names`.

    Where a span begins before `place`, what stands behind it is left out.
    """
    pieces: list[bytes] = []
    for start, end, rule in spans:
        if rule is CONTINUED:
            pieces.append(line[place:start])
        else:
            pieces += line[place:start], mark(rule.name)
            names.append(rule.name)
        place = end
    pieces.append(line[place:last])
    return b"".join(pieces)
