"""Lists of what may have failed: one key leaves only that."""

from __future__ import annotations

from dlthub_tui.screens.places.listing import ListScreen

FAILED = "failed"


class FailedList(ListScreen):
    """The filter says it, as if it had been typed: it can be added to, and esc takes it away."""

    def do_list_failed(self) -> None:
        """Only what failed; with that filter on, all again."""
        self.filter_text = "" if self.filter_text == FAILED else FAILED
        self.show_rows()
