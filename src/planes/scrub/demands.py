"""What must stand on a line for the shapes of names to match there, looked for of all of them in one pass.

Dozens of shapes share their signs, and each is a search of its own. Most are told apart by what stands between the name
and the value: `": "`, `</td><td>`, ` -> `. An automaton for whole shapes grows without end, since a name may begin
anywhere and a value be anything; one for what stands between stays small.
"""

import re
from collections.abc import Sequence

from planes.scrub.engine import PatternSet, compile_set
from planes.scrub.rules.languages import FOREIGN_KEY
from planes.scrub.rules.model import Rule
from planes.scrub.rules.vocabulary import KEY
from planes.scrub.signs import loosened, quoted

_SECRET = b"(?P<secret>"
# How a name may end.
_LAST = rb"[0-9A-Za-z\x80-\xff]"


def between(pattern: bytes) -> bytes | None:
    """A pattern for what stands between name and value wherever a shape matches; None: it does not say that alone."""
    for key in (KEY, FOREIGN_KEY):
        if pattern.count(key) == 1:
            middle, secret, _ = pattern.partition(key)[2].partition(_SECRET)
            if secret and _is_whole(middle):
                return b"(?i)" + _LAST + loosened(middle)
    return None


def _is_whole(pattern: bytes) -> bool:
    """Whether a piece of a pattern is a pattern, and no choice."""
    try:
        re.compile(pattern)
        re.compile(b"(?:" + pattern + b")")
    except re.error:
        return False
    depth = 0
    for sign in re.finditer(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", pattern, re.DOTALL):
        depth += {b"(": 1, b")": -1}.get(sign[0], 0)
        if sign[0] == b"|" and not depth:
            return False
    return True


class Demands:
    """Tells which rules (bits of a number) cannot match on a line, by the literals that they need and what is between.

    Attributes:
        members: the rules of which it can tell.
    """

    __slots__ = ("_free", "_patterns", "_set", "members")

    def __init__(self, rules: Sequence[Rule]) -> None:
        literals: dict[bytes, int] = {}
        betweens: dict[bytes, int] = {}
        needy = told = 0
        for index, rule in enumerate(rules):
            bit = 1 << index
            for need in rule.needs:
                literals[need] = literals.get(need, 0) | bit
                needy |= bit
            middle = between(rule.pattern) if rule.any_case else None
            if middle is not None:
                betweens[middle] = betweens.get(middle, 0) | bit
                told |= bit
        # Of each pattern the rules whose need it is, and those of which it is what stands between.
        self._patterns = [(b"(?i)" + quoted(need), owners, 0) for need, owners in literals.items()]
        self._patterns += [(middle, 0, owners) for middle, owners in betweens.items()]
        self.members = needy | told
        every = (1 << len(rules)) - 1
        self._free = (every ^ needy, every ^ told)
        self._set: PatternSet | None = None

    def prepare(self) -> PatternSet:
        """Compile the patterns now."""
        if self._set is None:
            self._set = compile_set([pattern for pattern, _, _ in self._patterns])
        return self._set

    def met(self, line: bytes, chosen: int) -> int:
        """Of some rules those that may match on a line."""
        literal, middle = self._free
        patterns = self._patterns
        for index in (self._set or self.prepare())(line):
            _, needy, told = patterns[index]
            literal |= needy
            middle |= told
        return chosen & literal & middle
