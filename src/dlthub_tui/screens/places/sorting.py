"""Lists that `s` sorts by the next order of theirs, then turns round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from dlthub_tui.screens.places.listing import ListScreen

_Each = TypeVar("_Each")


class SortedList(ListScreen):
    """`ORDERS` are words for the orders; the first is the one the list comes in."""

    ORDERS: ClassVar[tuple[str, ...]] = ()

    @property
    def order(self) -> str:
        """The one that is on."""
        return self.ORDERS[(self.sorted_anew + 1) // 2 % len(self.ORDERS)]

    @property
    def is_turned(self) -> bool:
        """Whether it is turned round: each second press does that."""
        return self.sorted_anew > 0 and self.sorted_anew % 2 == 0

    def in_order(self, found: Sequence[_Each]) -> list[_Each]:
        """What is sorted by `order`, turned round where that was asked for."""
        return list(reversed(found)) if self.is_turned else list(found)

    def do_list_sort(self) -> None:
        """By the next order; the same again turns it round."""
        self.sorted_anew += 1
        self.say(f"Sorted by {self.order}, turned round." if self.is_turned else f"Sorted by {self.order}.")
        was_first = self.rows.is_at_end(last=False)
        self.show_rows()
        if was_first:
            self.rows.move_to_end(last=False)
