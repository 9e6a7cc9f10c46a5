"""Lists whose rows `space` marks, for what is then done to all of them."""

from __future__ import annotations

from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel.keys.actions import Action


class MarkedList(ListScreen):
    """Marks stay until something was done with them, or esc takes them away."""

    @property
    def chosen_keys(self) -> set[str]:
        """What a verb acts on: what is marked, else the row under the cursor."""
        return self.rows.marked or {self.rows.key or ""}

    def why_not(self, action: Action) -> str | None:
        """All that is done with marked rows changes them."""
        if action.id in {"row.mark", "list.mark_all"} and self.look.is_read_only:
            return READ_ONLY
        return super().why_not(action)

    def do_row_mark(self) -> None:
        """Marks, and goes one down."""
        self.rows.toggle_mark()
        self.rows.move(1)
        self.show_kept()
        self.update_frame()

    def do_list_mark_all(self) -> None:
        """Marks what the filter shows."""
        self.rows.set_marks(set(self.rows.keys))
        self.show_kept()
        self.update_frame()
