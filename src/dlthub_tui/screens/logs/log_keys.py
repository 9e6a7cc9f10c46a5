"""Keys that move a log pane, the same wherever there is one."""

from __future__ import annotations

from dlthub_tui.screens.places.troubled import Troubled
from dlthub_tui.widgets.log_view import LogView


class LogKeys(Troubled):
    """A place with a log pane."""

    @property
    def pane(self) -> LogView:
        """The pane."""
        return self.query_one("#log", LogView)

    def do_line_next(self) -> None:
        """One line down."""
        self.pane.scroll_lines(1)

    def do_line_previous(self) -> None:
        """One line up."""
        self.pane.scroll_lines(-1)

    def do_line_left(self) -> None:
        """Sideways."""
        self.pane.scroll_sideways(-1)

    def do_line_right(self) -> None:
        """Sideways."""
        self.pane.scroll_sideways(1)

    def do_line_first(self) -> None:
        """The first line."""
        self.pane.go_to_first()

    def do_line_last(self) -> None:
        """The last line, and follow."""
        self.pane.follow()

    def do_page_next(self) -> None:
        """One page down."""
        self.pane.scroll_pages(1)

    def do_page_previous(self) -> None:
        """One page up."""
        self.pane.scroll_pages(-1)

    def do_log_follow(self) -> None:
        """Follows, or stops following."""
        if self.pane.is_following:
            self.pane.pause()
        else:
            self.pane.follow()

    def do_log_numbers(self) -> None:
        """Line numbers off and on."""
        self.pane.toggle_numbers()

    def do_log_break(self) -> None:
        """Breaks long lines or cuts them."""
        self.pane.toggle_breaking()
