"""What `/` does to a list: words that must all occur, and facts such as `took>1m`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence

from dlthub_tui.viewmodel.table import Row
from dlthub_tui.viewmodel.text import in_a_sentence

_FACT = re.compile(r"([a-z]+)(>=|<=|>|<|=)(?:(\d+(?:\.\d+)?)(ms|s|min|m|h|d|k)?)?")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "k": 1000}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq,
}  # fmt: skip


def matching(rows: Sequence[Row], text: str) -> tuple[Row, ...]:
    """The rows in which each word of `text` occurs, without regard to case, and each fact holds.

    A fact is a number of the rows and a bound: `took>1m`, `rows<=2k`. One without its bound yet leaves every row.
    """
    return tuple(_matching(rows, text))


def _matching(rows: Sequence[Row], text: str) -> Iterator[Row]:
    words = text.casefold().split()
    if not words:
        return iter(rows)
    known = {name for row in rows for name, _ in row.facts}
    return (row for row in rows if all(_holds(row, word, known) for word in words))


def _holds(row: Row, word: str, known: set[str]) -> bool:
    found = _FACT.fullmatch(word)
    if found is None or found[1] not in known:
        return word in row.words.casefold()
    if found[3] is None:
        return True
    value = dict(row.facts).get(found[1])
    return value is not None and _COMPARE[found[2]](value, float(found[3]) * _UNITS.get(found[4] or "", 1))


def nearest_word(rows: Sequence[Row], text: str) -> tuple[str, int] | None:
    """The word of the rows that resembles `text` most, and in how many rows it stands."""
    from difflib import get_close_matches

    vocabulary = {word for row in rows for word in row.words.casefold().split()}
    vocabulary |= {part for word in vocabulary for part in re.split(r"[\W_]+", word) if part}
    found = get_close_matches(text.casefold().strip(), vocabulary, n=1, cutoff=0.7)
    if not found:
        return None
    return found[0], sum(1 for row in rows if found[0] in row.words.casefold())


def no_match(rows: Sequence[Row], text: str, thing: str) -> str:
    """The sentence for a filter that leaves nothing; empty where it leaves something.

    The nearest word is looked for where it is said: in a list of a thousand rows it takes 4 ms, each second.
    """
    if any(True for _ in _matching(rows, text)):
        return ""
    near = nearest_word(rows, text)
    hint = f" Nearest: {near[0]} ({near[1]})." if near else " {nav.back} clears the filter."
    return f'No {thing} matches "{in_a_sentence(text)}".{hint}'
