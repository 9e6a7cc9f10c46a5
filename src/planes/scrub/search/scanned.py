"""Whose signs are whose, and the pattern by which one scan finds them all."""

from collections.abc import Iterable, Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.search.spelling import MOST_COUNTED, Covered, loosened, quoted


class SignBits:
    """Whose signs are whose: for each the bits of rules, in the order they were given.

    Attributes:
        exact: signs that are found as they are.
        any_case: signs that are found in any case, in small letters.
    """

    __slots__ = ("any_case", "exact")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.exact: dict[bytes, int] = {}
        self.any_case: dict[bytes, int] = {}
        for index, rule in enumerate(rules):
            table, bit = self.any_case if rule.any_case else self.exact, 1 << index
            for sign in rule.signs:
                # One number for all signs of a rule: made anew for each, they were a fifth of a MB of every runner.
                table[sign] = table[sign] | bit if sign in table else bit


def scan_pattern(rules: Iterable[Rule], most_counted: int = MOST_COUNTED) -> bytes:
    """One alternation of the signs of all rules, each with what must follow it."""
    exact: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    any_case: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    counted = [(rule, loosened(rule.follow, most_counted)) for rule in rules]
    is_covered = Covered(
        (sign, follow) for rule, follow in counted if rule.any_case and not rule.before for sign in rule.signs
    )
    for rule, follow in counted:
        table = any_case if rule.any_case else exact
        for sign in rule.signs:
            if rule.before or not is_covered(sign, follow, is_any_case=rule.any_case):
                table.setdefault((rule.before, follow), {})[quoted(sign)] = None
    pieces = [b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in exact.items()]
    if any_case:
        folded = (b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in any_case.items())
        pieces.append(b"(?i:%s)" % b"|".join(folded))
    return b"|".join(pieces)
