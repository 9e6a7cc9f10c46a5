"""Lines to read: a definition, what will be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.table import Column as TableColumn
from dlthub_tui.viewmodel.table import Row, Section
from dlthub_tui.viewmodel.text import Line, Span, text_of
from dlthub_tui.widgets.row_list import RowList


class TextScreen(PlaceScreen):
    """Scrolls through lines."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (("copy.text", "copy line"), ("nav.back", "back"))

    def __init__(self, context: Context, crumbs: list[str], lines: Sequence[Line], lock: str | None = None) -> None:
        super().__init__(context)
        self._crumbs, self._lock = crumbs, lock
        self._lines = tuple(lines)

    def crumbs(self) -> list[str]:
        """Where the text is from."""
        return self._crumbs

    def region_lock(self) -> str | None:
        """The region of what is shown."""
        return self._lock

    def compose_body(self) -> ComposeResult:
        """The lines as rows."""
        yield RowList(self.look, widget_id="list")

    def on_mount(self) -> None:
        """Shows them."""
        rows = tuple(Row(str(number), Span(" "), (line,), text_of(line)) for number, line in enumerate(self._lines))
        columns = (TableColumn("", takes_rest=True),)
        self.query_one(RowList).show([Section(columns, rows, shows_titles=False, empty=("Nothing.",))])

    def link_text(self) -> str:
        """A text has no link."""
        return ""

    def do_row_next(self) -> None:
        """Next line."""
        self.query_one(RowList).move(1)

    def do_row_previous(self) -> None:
        """Line before."""
        self.query_one(RowList).move(-1)

    def do_row_first(self) -> None:
        """First line."""
        self.query_one(RowList).move_to_end(last=False)

    def do_row_last(self) -> None:
        """Last line."""
        self.query_one(RowList).move_to_end(last=True)

    def do_page_next(self) -> None:
        """Next page."""
        self.query_one(RowList).move_page(1)

    def do_page_previous(self) -> None:
        """Page before."""
        self.query_one(RowList).move_page(-1)

    def do_copy_text(self) -> None:
        """Copies the line."""
        self.host.copy_to_clipboard(self.query_one(RowList).row_text())
        self.say("Copied the line.")
