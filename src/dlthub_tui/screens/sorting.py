"""Lists that `s` sorts by the next order of theirs."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.screens.listing import ListScreen


class SortedList(ListScreen):
    """`ORDERS` are words for the orders; the first is the one the list comes in."""

    ORDERS: ClassVar[tuple[str, ...]] = ()
    _order = 0

    @property
    def order(self) -> str:
        """The one that is on."""
        return self.ORDERS[self._order % len(self.ORDERS)]

    def do_list_sort(self) -> None:
        """By the next order."""
        self._order += 1
        self.say(f"Sorted by {self.order}.")
        self.show_rows()
