"""What is around a job: a drawing whose jobs can be stood on and opened."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import Line
from dlthub_tui.viewmodel.work.job_graph import MOST_ROWS, Drawing, window
from dlthub_tui.widgets.lines import LinesView

TITLE = "Around it"
Drawer = Callable[[int, int | None], Drawing]


class GraphView(LinesView):
    """`draws` gets the width and which job is stood on. Without anything around it takes no row."""

    class Opened(Message):
        """A job was clicked."""

        def __init__(self, job_ref: str) -> None:
            super().__init__()
            self.job_ref = job_ref

    def __init__(self, look: Look, draws: Drawer, legend: str, *, widget_id: str | None = None) -> None:
        super().__init__(self._shown, widget_id=widget_id)
        self._look = look
        self._draws = draws
        self._legend = legend
        self._drawing = Drawing()
        self._at = 0
        self._top = 0
        self._has_keys = False

    @property
    def job_ref(self) -> str | None:
        """The job that is stood on; None while the keys go elsewhere."""
        places = self._drawing.places
        return places[min(self._at, len(places) - 1)][0] if self._has_keys and places else None

    @property
    def can_take_keys(self) -> bool:
        """Whether a job is around, and the rows are there to show it."""
        return bool(self._drawing.places) and self.display

    def take_keys(self, has_keys: bool) -> None:
        """Whether the keys go here."""
        self._has_keys = has_keys
        self.update()

    def move(self, steps: int) -> None:
        """To another job, column by column."""
        self._at = max(0, min(self._at + steps, len(self._drawing.places) - 1))
        self.update()

    def _shown(self, width: int) -> list[Line]:
        known, ref = self._drawing.places, self.job_ref
        drawing = self._draws(width, None)
        refs = [place[0] for place in drawing.places]
        if ref is not None and known != drawing.places and ref in refs:
            self._at = refs.index(ref)
        self._at = max(0, min(self._at, len(refs) - 1))
        has_keys = self._has_keys and self.screen.is_active
        chosen = self._at if has_keys and refs else None
        self._drawing = drawing if chosen is None else self._draws(width, chosen)
        if not self._drawing.lines:
            return []
        rows, self._top = window(self._drawing, chosen, MOST_ROWS)
        return [rule(TITLE, self._legend, width, self._look, has_focus=has_keys), *rows]

    def on_click(self, event: events.Click) -> None:
        """A click opens what it hits; what was selected with it is no click."""
        if self.text_selection is not None or event.chain > 1:
            return
        row = event.y - 1 + self._top
        for ref, of, first, width in self._drawing.places:
            if of == row and first <= event.x < first + width:
                self.post_message(self.Opened(ref))
