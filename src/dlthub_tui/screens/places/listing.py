"""Places whose body is a list: cursor, filter, sort, marks, and coming back to the same row."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import anyio
from anyio import to_thread
from textual.app import ComposeResult

from dlthub_tui.client.errors import ClientError, NotAllowed, NotReachable, NotSignedIn, TimedOut
from dlthub_tui.paths import typed_path
from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.frame.context import Context, ListPlace
from dlthub_tui.screens.frame.sheets import LineSheet
from dlthub_tui.screens.places.troubled import Troubled
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.table import Section, answer
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, cut_front, in_a_sentence, muted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from dlthub_tui.client.installation import Health

# Somebody who goes through a list asks for nothing: the cursor rests so long before a row is asked about.
RESTS_SECONDS = 0.2
# What stands still on a list but the words for times, which change by the minute.
TIMES_SECONDS = 30.0
# How far back failures are counted.
RECENT = timedelta(hours=24)
# What the keys of a list do to its rows, of which there are none where one may not even see them.
OF_ROWS = frozenset({"list.filter", "list.sort"})
# What the keys of a list do to the row under the cursor.
OF_A_ROW = frozenset({"row.open", "row.mark", "list.mark_all", "copy.text", "list.save", "version.roll_back"})


class ListScreen(Troubled):
    """Subclasses answer `sections`, `answer_line` and `load`."""

    DETAIL_ROWS: ClassVar[int] = 0
    PROMPT = ("keep the filter", "clear it")
    FOLLOWS: ClassVar[bool] = True
    """Whether it asks again by itself: now and then, and when one comes back to it. What does not answer is asked until
    it does in any case.
    """
    filter_text = ""
    sorted_anew: int = 0
    """How often the key for it was pressed."""
    is_loaded = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.rows = RowList(self.look, widget_id="list")
        self.shown = anyio.Event()
        self._drawn_at = 0.0
        self._asked_at = time.monotonic()

    def compose_body(self) -> ComposeResult:
        """The answer in words, the list, the details of the row."""
        yield from self.compose_top()
        yield LinesView(lambda width: [self._answer(width)], widget_id="answer")
        yield self.rows
        yield LinesView(self._details, widget_id="details")
        yield self.sheet_view()

    def compose_top(self) -> ComposeResult:
        """What stands above the answer."""
        yield from ()

    def sections(self) -> list[Section]:
        """The rows, with the filter applied."""
        return []

    def answer_line(self) -> tuple[Line, str]:
        """What this screen answers, and the count at its right."""
        return EMPTY_LINE, ""

    def detail_lines(self, width: int) -> list[Line]:  # noqa: ARG002 - subclasses lay out for the width
        """What is known of the row under the cursor."""
        return []

    def _details(self, width: int) -> list[Line]:
        """Always as many rows, so that moving the cursor never lays the screen out again."""
        lines = self.detail_lines(width)[: self.DETAIL_ROWS] if self.is_loaded else []
        return [*lines, *[EMPTY_LINE] * (self.DETAIL_ROWS - len(lines))]

    async def load(self) -> None:
        """Asks for the rows and shows them."""

    def place_key(self) -> str:
        """Under which name the place of the list is kept."""
        return type(self).__name__

    def _answer(self, width: int) -> Line:
        if (wrong := self.answer_of_trouble()) is not None:
            return answer(wrong, "", width)
        if not self.is_loaded:
            what = f" {crumbs[-1].lower()}" if len(crumbs := self.crumbs()) > 1 else ""
            waited = time.monotonic() - self._asked_at if self.context.tick_seconds else 0.0
            seconds = f" {words.duration(waited)}" if waited >= 1 else ""
            return answer((muted(f"Loading{what}{self.look.glyphs.cut}{seconds}"),), "", width)
        line, right = self.answer_line()
        new = f"+{self.rows.new_above} new   " if self.rows.new_above else ""
        return answer(line, new + right, width)

    def on_mount(self) -> None:
        """Comes back to where the list was left, and asks for its rows."""
        kept = self.context.list_places.get(self.place_key())
        if kept is not None:
            self.filter_text, self.sorted_anew = kept.filter, kept.sorted_anew
            self.rows.place = (kept.key, kept.top)
        self.rows.show(self._unknown())
        self.fetch(self.reload())
        if self.context.poll_seconds:
            self.set_interval(self.context.poll_seconds, self._poll)
        if self.context.tick_seconds:
            self.set_interval(self.context.tick_seconds, self._tick)

    def on_unmount(self) -> None:
        """Remembers where the list was left. Its rows go at once, the screen when garbage is looked for."""
        key, top = self.rows.place
        self.context.list_places[self.place_key()] = ListPlace(self.filter_text, key, top, self.sorted_anew)
        self.rows.let_go()

    def is_moving(self) -> bool:
        """Whether something on the list changes by itself, such as the seconds of a run."""
        return False

    def has_runs(self) -> bool:
        """What moves by itself is a run."""
        return self.is_loaded and self.is_moving()

    def _tick(self) -> None:
        are_times_old = time.monotonic() - self._drawn_at >= TIMES_SECONDS
        if self.is_seen and self.is_loaded and (are_times_old or self.is_moving()):
            self.show_rows()
        elif self.is_seen and not self.is_loaded:
            self.query_one("#answer", LinesView).update()

    @property
    def _is_troubled(self) -> bool:
        return self.trouble is not None and not isinstance(self.trouble, NotAllowed)

    def _poll(self) -> None:
        if (
            self.is_seen
            and (self._is_troubled or (self.FOLLOWS and not self.is_told))
            and not any(worker.group == "load" for worker in self.workers if worker.node is self)
        ):
            self.fetch(self.reload())

    async def ask_again(self) -> None:
        """Asks for what is shown: something of it changed."""
        await self.reload()

    async def reload(self, load: Callable[[], Awaitable[None]] | None = None) -> None:
        """Loads, all or what `load` asks for; trouble keeps the old rows and says since when they are old."""
        was_loaded = self.is_loaded
        try:
            await (load or self.load)()
        except NotSignedIn:
            raise
        except ClientError as exc:
            self.trouble = exc
            self.know_control(answers=not isinstance(exc, NotReachable | TimedOut))
            self.show_rows()
            return
        was_wrong = self.trouble is not None
        self.went_well()
        if was_wrong:
            self.know_control(answers=True)
            if not self.context.live.is_up:
                self.say("It answers again.")
        self.is_loaded = True
        self.show_rows(counts_new=was_loaded)

    @property
    def can_fold(self) -> bool:
        """A list that was never known leaves the place to the sheet."""
        return self.is_loaded

    def why_not(self, action: Action) -> str | None:
        """Nothing is done to a row that is not there, or to what one may not even see."""
        if action.id in OF_A_ROW and not self.rows.keys:
            return "Nothing is here to do that to."
        is_of_rows = action.id in OF_ROWS or (action.changes and action.layer != "global")
        if is_of_rows and not self.is_loaded and isinstance(self.trouble, NotAllowed):
            return self.trouble.what
        return super().why_not(action)

    def in_words(self, reason: str) -> str:
        """What a list lacks may be on its way."""
        is_to_come = not self.is_loaded and self.trouble is None and reason != READ_ONLY
        return "Its rows are not here yet." if is_to_come else super().in_words(reason)

    def show_rows(self, *, counts_new: bool = False) -> None:
        """Draws rows, answer, details and footer again where they changed."""
        self._drawn_at = time.monotonic()
        self.rows.show(self.sections() if self.is_loaded else self._unknown(), counts_new=counts_new)
        self.query_one("#answer", LinesView).update()
        self.query_one("#details", LinesView).update()
        self.show_trouble()
        self.show_kept()
        self.update_frame()
        if self.shown is not None:
            self.shown.set()

    def _unknown(self) -> list[Section]:
        """Titles of columns while it loads. What one may not see is named, with who may; what failed has its sheet."""
        if self.trouble is not None and not isinstance(self.trouble, NotAllowed):
            return []
        if not isinstance(self.trouble, NotAllowed):
            return [
                replace(each, rows=(), right="", empty=(), below=())
                for each in self.sections()
                if each.columns and each.shows_titles
            ]
        return [Section((), (), title=self.crumbs()[-1], empty=(self.refusal(self.trouble),))]

    def show_kept(self) -> None:
        """What row 23 says by itself: marks, and the filter that is on."""
        parts: list[str] = []
        if self.filter_text and not self.message_line.is_prompting:
            parts.append(f"/{in_a_sentence(self.filter_text)}")
        if self.rows.marked:
            unseen = len(self.rows.marked.difference(self.rows.keys))
            parts.append(f"{len(self.rows.marked)} marked{f', {unseen} of them not shown' if unseen else ''}")
        self.keep("   ".join(parts))

    def redraw(self) -> None:
        """After the look changed."""
        super().redraw()
        self.show_rows()

    def show_changed(self) -> None:
        """Draws the rows that changed."""
        if self.is_loaded:
            self.show_rows(counts_new=True)

    def stream_moved(self) -> None:
        """The answer says when nothing answers."""
        super().stream_moved()
        self.query_one("#answer", LinesView).update()
        self.show_trouble()

    def planes_heard(self, health: Health) -> None:
        """A region fell silent, or answers again."""
        super().planes_heard(health)
        self.query_one("#answer", LinesView).update()
        self.show_trouble()

    def on_screen_resume(self) -> None:
        """Coming back asks again."""
        if self.is_loaded and self.FOLLOWS:
            self.fetch(self.reload())

    def on_row_list_moved(self) -> None:
        """The details follow the cursor."""
        self.query_one("#answer", LinesView).update()
        self.query_one("#details", LinesView).update()
        self.update_frame()

    async def on_row_list_opened(self) -> None:
        """A click opens."""
        await self.action_perform("row.open")

    def field_changed(self, widget: Field | Choice) -> None:
        """The filter acts while it is typed."""
        if widget is self.message_line:
            stood_on, self.filter_text = self.rows.key, self.message_line.text.strip()
            self.show_rows()
            if self.rows.key != stood_on:
                self.rows.move_to_end(last=False)

    def field_submitted(self, widget: Field | Choice) -> None:
        """Enter keeps the filter."""
        if widget is self.message_line:
            self.end_prompt()
            self.show_kept()

    def field_left(self, widget: Field | Choice) -> None:
        """Escape clears the filter."""
        if widget is self.message_line:
            self.end_prompt()
            self.clear_filter()

    def clear_filter(self) -> None:
        """Shows everything."""
        self.filter_text = ""
        self.show_rows()

    def do_nav_back(self) -> None:
        """Clears marks, then the filter, then goes back."""
        if self.rows.marked:
            self.rows.set_marks(set())
            self.show_kept()
        elif self.filter_text:
            self.clear_filter()
        else:
            super().do_nav_back()

    def do_link_retry(self) -> None:
        """Asks again, also for one's role with what is opened next."""
        self.context.roles_again.clear()
        self.fetch(self.reload())

    def do_list_filter(self) -> None:
        """Filter as you type."""
        self.prompt("/", self.filter_text)

    def do_row_next(self) -> None:
        """Next row."""
        self.rows.move(1)

    def do_row_previous(self) -> None:
        """Row before."""
        self.rows.move(-1)

    def do_row_first(self) -> None:
        """First row."""
        self.rows.move_to_end(last=False)

    def do_row_last(self) -> None:
        """Last row."""
        self.rows.move_to_end(last=True)

    def do_page_next(self) -> None:
        """Next page."""
        self.rows.move_page(1)

    def do_page_previous(self) -> None:
        """Page before."""
        self.rows.move_page(-1)

    def do_copy_text(self) -> None:
        """Copies the row as text."""
        text = self.rows.row_text()
        if text:
            self.host.copy_to_clipboard(text)
            self.say("Copied the row.")

    def do_list_save(self) -> None:
        """The rows, to a file."""
        from dlthub_tui.session.lists import table_text

        words = "-".join(part for crumb in self.crumbs()[-2:] for part in re.findall(r"[\w.]+", crumb.lower()))
        text, what = table_text(self.rows.table()), f"{len(self.rows.keys)} rows"
        self.save_as("Save the rows that are shown", f"{words or 'list'}.tsv", what, lambda: text)

    def save_as(self, title: str, name: str, what: str, read: Callable[[], str]) -> None:
        """Asks for the name of a file. `read` gives what goes into it, in a thread."""

        self.act_on(
            LineSheet(self.context, title, "File", text=name),
            lambda chosen: self._save(typed_path(chosen).absolute(), what, read),
        )

    async def _save(self, path: Path, what: str, read: Callable[[], str]) -> None:
        from dlthub_tui.session.lists import write_new

        try:
            await to_thread.run_sync(lambda: write_new(path, read()))
        except FileExistsError as exc:
            raise ClientError(f"{path.name} exists already.", "Nothing was saved; choose another name.") from exc
        except OSError as exc:
            why = exc.strerror or "no reason given"
            raise ClientError(f"{path.name} cannot be written: {why}.", "Nothing was saved.") from exc
        shown = cut_front(str(path), 50, self.look.glyphs.cut)
        self.say(f"Saved {what} to {shown}", Role.OK)
