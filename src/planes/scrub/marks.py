"""What stands in the place of a secret."""

import functools

from planes.scrub.rulebook import Span
from planes.scrub.rules.below import CONTINUED


@functools.lru_cache(maxsize=1024)
def mark(name: str) -> bytes:
    """The mark for a rule or a value, by its name."""
    return b"[masked:%s]" % name.encode()


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
