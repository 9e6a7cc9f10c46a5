"""What a search found so far: numbers of lines in their order, and where to go among them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from dlthub_tui.viewmodel.text import in_a_sentence
from dlthub_tui.viewmodel.words import plural

MOST_HITS = 10_000
KINDS = {"match": "match", "error": "error", "warning": "warning", "masked": "masked line"}


@dataclass(slots=True)
class Hits:
    """One search. `kind` is what is looked for; `looked_at` counts lines of `total`, `lost` those that are gone."""

    kind: str
    text: str = ""
    numbers: array[int] = field(default_factory=lambda: array("q"))
    looked_at: int = 0
    total: int = 0
    is_done: bool = False
    is_complete: bool = False
    lost: int = 0

    @property
    def is_full(self) -> bool:
        """There may be more than are known."""
        return len(self.numbers) >= MOST_HITS

    @property
    def may_be_more(self) -> bool:
        """Whether there is a hit, or may be one yet."""
        return len(self.numbers) > 0 or not self.is_done

    def add(self, numbers: list[int]) -> None:
        """More hits, in their order."""
        self.numbers.extend(numbers)

    def after(self, number: int) -> int | None:
        """The first hit past a line."""
        position = bisect_right(self.numbers, number)
        return self.numbers[position] if position < len(self.numbers) else None

    def before(self, number: int) -> int | None:
        """The last hit ahead of a line."""
        position = bisect_left(self.numbers, number)
        return self.numbers[position - 1] if position else None

    def place_of(self, number: int) -> int | None:
        """Which hit a line is, from 1 on."""
        position = bisect_left(self.numbers, number)
        return position + 1 if position < len(self.numbers) and self.numbers[position] == number else None

    @property
    def count(self) -> str:
        """How many there are, as far as is known."""
        return f"{len(self.numbers):,}" + ("+" if self.is_full else "")

    def on_message_row(self) -> str:
        """How far it is, or what it found, for row 23."""
        what = f"/{in_a_sentence(self.text)}   " if self.text else ""
        if not self.is_done:
            percent = min(100, 100 * self.looked_at // max(1, self.total))
            return f"{what}{self.count} so far, {percent} % searched   {{nav.back}} stops"
        if not self.numbers:
            return self.none_found()
        named = f"{self.count} {KINDS[self.kind]}{'es' if self.kind == 'match' else 's'}"
        if len(self.numbers) == 1:
            named = f"1 {KINDS[self.kind]}"
        return f"{what}{named}, {self._searched} searched"

    @property
    def _searched(self) -> str:
        if self.lost:
            return f"{plural(self.looked_at - self.lost, 'line')} ({self.lost:,} are lost)"
        return f"all {plural(self.looked_at, 'line')}" if self.is_complete else plural(self.looked_at, "line")

    def none_found(self) -> str:
        """Nothing was there; masked text is why it may be."""
        lines = plural(self.looked_at - self.lost, "line") + (f" ({self.lost:,} are lost)" if self.lost else "")
        if self.kind == "match":
            return f'No "{in_a_sentence(self.text)}" in {lines}. Masked text cannot be searched.'
        return f"No {KINDS[self.kind]} in {lines}."

    def on_rule(self, current: int | None) -> str:
        """`timeout 2 of 7`, or `24 errors`."""
        place = None if current is None else self.place_of(current)
        name = in_a_sentence(self.text) or {"error": "errors", "warning": "warnings", "masked": "masked"}[self.kind]
        if place is not None:
            return f"{name} {place:,} of {self.count}"
        return f"{name} {self.count}" if self.text else f"{self.count} {name}"
