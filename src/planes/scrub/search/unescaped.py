"""A line as it reads without its escapes: `ghp%5Fab…`, `ghp\\u005fab…`, `ghp&#95;ab…` are one token.

Quoted for addresses, JSON and HTML, also more than once. Only what ASCII prints is read; a format needs no more.
"""

import re
from bisect import bisect_right

_PRINTED = rb"(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e])"
_ESCAPE = re.compile(
    rb"%(?:25){0,3}(" + _PRINTED + rb")|\\{1,8}(?:u00|x)(" + _PRINTED + rb")"
    rb"|&(?:amp;){0,2}#(?:[xX]0{0,4}(" + _PRINTED + rb")|0{0,4}(3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6]));"
)


def unescaped(line: bytes) -> "Unescaped | None":
    """A line without its escapes; None if it has none."""
    # One look for a literal takes a fraction of the time of one for the pattern.
    has_none = line.find(b"%") < 0 and line.find(b"\\x") < 0 and line.find(b"\\u00") < 0 and line.find(b"&") < 0
    if has_none or _ESCAPE.search(line) is None:
        return None
    return Unescaped(line)


class Unescaped:
    """A line without its escapes, and where each byte of it stood.

    Attributes:
        text: the line without its escapes.
    """

    __slots__ = ("_behind", "_real", "text")

    def __init__(self, line: bytes) -> None:
        pieces: list[bytes] = []
        self._behind = [0]  # places in `text` behind escapes, and where in the line these end
        self._real = [0]
        done = length = 0
        for match in _ESCAPE.finditer(line):
            start, end = match.span()
            quoted, escaped, hexadecimal, decimal = match.groups()
            sign = int(decimal) if decimal else int(quoted or escaped or hexadecimal, 16)
            pieces += (line[done:start], bytes((sign,)))
            length += start - done + 1
            done = end
            self._behind.append(length)
            self._real.append(end)
        pieces.append(line[done:])
        self.text = b"".join(pieces)

    def real(self, place: int, end: int) -> tuple[int, int]:
        """Where in the line the bytes [place, end) of the text stand."""
        return self._real_end(place), self._real_end(end)

    def _real_end(self, place: int) -> int:
        number = bisect_right(self._behind, place) - 1
        return self._real[number] + place - self._behind[number]

    def holds(self, place: int, end: int) -> bool:
        """Whether an escape stands in the bytes [place, end) of the text."""
        return bisect_right(self._behind, place) < bisect_right(self._behind, end)
