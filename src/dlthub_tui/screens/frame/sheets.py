"""Sheets: what is modal grows up from row 23 under a rule, and the list stays visible above it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Vertical

from dlthub_tui.client.errors import ClientError, NotSignedIn, Refused, TimedOut, in_words
from dlthub_tui.messages import AskFor
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.frame import footer
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, guard, line, muted, wrapped
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.message_line import MessageLine

_Result = TypeVar("_Result")
# The rule of a sheet, row 23 and the footer.
_AROUND = 3
# While an answer is sent there is only a way out.
_WAYS_OUT = frozenset({"nav.back", "app.interrupt", "app.quit"})
NOTHING_TYPED = "Nothing is typed yet. Type it, or press {nav.back}."


class Sheet(ActingScreen[_Result]):
    """A question over a place. Subclasses say its title, its lines and its fields."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")
    FIELD_OF: ClassVar[Mapping[str, str]] = {}
    """Which field asks for what a plane calls by another name."""

    def __init__(self, context: Context, title: str) -> None:
        super().__init__(context)
        self.sheet_title = title
        self.sheet_note = ""
        self.is_sending = False
        self._asker: ActingScreen[Any] | None = None
        self._act: Callable[[_Result], Coroutine[Any, Any, object]] | None = None
        self._is_left = self._is_done = False
        self._refusal: tuple[str, ...] = ()

    def acting(self, asker: ActingScreen[Any], act: Callable[[_Result], Coroutine[Any, Any, object]]) -> Self:
        """Its answer is acted on while it is open: it closes once that succeeded, else it says why not.

        What is typed stays meanwhile. A sheet that `act` answers is opened next. Who leaves before hears the end of it
        from `asker`.
        """
        self._asker, self._act = asker, act
        return self

    def answer(self, result: _Result) -> None:
        """Acts on it where there is something to do, else closes with it. While one is sent there is no second."""
        if self._asker is None:
            self.dismiss(result)
        elif not self.is_sending:
            self.show_refusal(())
            self._set_sending(True)
            self._asker.fetch(self._send(self._asker, result), "act")

    async def _send(self, asker: ActingScreen[Any], result: _Result) -> None:
        assert self._act is not None, "who asks says what is done"
        try:
            following: object = await self._act(result)
        except Exception as exc:
            if self._is_left:
                raise
            self.failed(exc, "act")
            return
        finally:
            self._set_sending(False)
        self._is_done = True
        if asker.host.screen is self:
            self.dismiss(None)
        if isinstance(following, Sheet):
            asker.host.push_screen(cast("Sheet[Any]", following))

    def on_screen_resume(self) -> None:
        """What was sent is done, and something else was over the sheet then."""
        if self._is_done:
            self.dismiss(None)

    def dismiss(self, result: _Result | None = None) -> AwaitComplete:
        """What was typed hidden goes with the sheet."""
        self._is_left = True
        for field in self.query(Field):
            if field.is_hidden:
                field.set_text("")
        return super().dismiss(result)

    def failed(self, error: BaseException, group: str) -> None:
        """Says all of it, at the field that it names."""
        if isinstance(error, NotSignedIn) or not isinstance(error, ClientError):
            super().failed(error, group)
            return
        said = [error.what]
        # What the keys of places would do helps nobody here.
        said += [] if error.can.startswith("Press ") else [error.can]
        if isinstance(error, TimedOut) and error.was_sent:
            said.append("It may be done all the same: look before you do it again.")
        keys = error.keys if isinstance(error, Refused) else ()
        names = [self.FIELD_OF.get(part, part) for key in keys for part in key.split(".")]
        field = next((widget for name in names for widget in self.fields() if widget.id == name), None)
        if isinstance(error, Refused):
            # Said below its field, a reason need not say where that stands in the request.
            where = f"{error.keys[0]}: " if field is not None and len(set(error.keys)) == 1 else ""
            said[:1] = [error.detail, *(in_words(reason.removeprefix(where)) for reason in error.reasons)]
        self.show_refusal(said, field)

    def show_refusal(self, said: Sequence[str], field: Field | Choice | None = None) -> None:
        """Why it was not done, below the field that is to be another; nothing said takes it away."""
        self._refusal = tuple(said)
        refusal = self.query_one("#refusal", LinesView)
        if field is None:
            self.query_one("#sheet").move_child(refusal, before=self.query_one(MessageLine))
        else:
            self.query_one("#sheet").move_child(refusal, after=field)
            self.type_into(field)
        refusal.update()

    def _refused(self, width: int) -> list[Line]:
        around = ("refusal", "rule", "message", "footer")
        below = sum(each.size.height for each in self.query_one("#sheet").children if each.id not in around)
        lines = [line("   ", Span(guard(text), Role.FAIL)) for text in self._refusal if text]
        return self.wrapped(lines, width, below) if lines else []

    def _set_sending(self, is_sending: bool) -> None:
        self.is_sending = is_sending
        if self._is_left or not self.is_attached:
            return
        said = line(" ", muted(f"Sending{self.look.glyphs.cut}")) if is_sending else EMPTY_LINE
        self.query_one(MessageLine).keep(said)
        self.update_footer()

    async def on_key(self, event: events.Key) -> None:
        """While an answer is sent nothing is typed, and enter does nothing."""
        action = self.action_of(event.key)
        if self.is_sending and (action is None or action.id not in _WAYS_OUT):
            event.stop()
            event.prevent_default()
        else:
            await super().on_key(event)

    def on_paste(self, event: events.Paste) -> None:
        """The same."""
        event.stop()
        event.prevent_default()
        if not self.is_sending:
            super().on_paste(event)

    @property
    def is_modal(self) -> bool:
        """Keys of the place below do nothing meanwhile."""
        return True

    def compose(self) -> ComposeResult:
        """The rule with the title, the content, row 23 and the footer."""
        with Vertical(id="sheet"):
            yield LinesView(self._rule, widget_id="rule")
            yield from self.compose_sheet()
            yield LinesView(self._refused, widget_id="refusal")
            yield MessageLine(self.look)
            yield LinesView(lambda width: [self._footer(width)], ground="raised", widget_id="footer")

    def compose_sheet(self) -> ComposeResult:
        """What the sheet asks."""
        yield from ()

    def sentences(
        self, say: Callable[[], Iterable[Line]], *, below: int = 0, widget_id: str | None = None
    ) -> LinesView:
        """What the sheet says, with as many rows below it that must stay on the screen."""
        return LinesView(lambda width: self.wrapped(say(), width, below), widget_id=widget_id)

    def wrapped(self, lines: Iterable[Line], width: int, below: int = 0) -> list[Line]:
        """What a question says is broken over rows: names in it may be long. Its keys always stay on the screen."""
        rows = [row for each in lines for row in wrapped(each, width - 1)]
        room = max(1, self.host.size.height - _AROUND - below)
        if len(rows) > room:
            rest = f"   {self.look.glyphs.cut} {len(rows) - room + 1} more rows, on a larger terminal"
            rows[room - 1 :] = [line(muted(rest))]
        return rows

    def _rule(self, width: int) -> list[Line]:
        return [rule(self.sheet_title, self.sheet_note, width, self.look, has_focus=True)]

    def _footer(self, width: int) -> Line:
        entries = [each for each in self.footer_entries() if not self.is_sending or each[0].id in _WAYS_OUT]
        return footer(entries, self.look, width, live=self.live)

    def update_footer(self) -> None:
        """Draws the footer again where it changed."""
        self.query_one("#footer", LinesView).update()

    def do_nav_back(self) -> None:
        """Closes the sheet; nothing happened."""
        self.dismiss(None)

    def do_help_open(self) -> None:
        """The keys of this sheet."""
        self.post_message(AskFor("help"))

    async def run_chosen(self, chosen: str | None) -> None:
        """Does what was chosen in the help."""
        if chosen is not None:
            await self.action_perform(chosen)

    def interrupt(self) -> None:
        """As esc."""
        self.dismiss(None)


class ConfirmSheet(Sheet[bool]):
    """A question that enter answers with yes and esc with no."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")

    def __init__(self, context: Context, question: str, verb: str, more: Sequence[str] = ()) -> None:
        super().__init__(context, question)
        self._more = tuple(more)
        self._verb = verb

    def compose_sheet(self) -> ComposeResult:
        """What ends, what stays, whether it comes back."""
        yield self.sentences(lambda: (line("   ", name_keys(text, self.look)) for text in self._more))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What enter does, in the sheet's own word."""
        names = {"form.next": self._verb, "nav.back": "leave it"}
        return [(action, names[action.id]) for action in self.live if action.id in names]

    def do_form_next(self) -> None:
        """Yes."""
        self.answer(True)


class FormSheet(Sheet[_Result]):
    """Fields one below the other: tab goes round, enter goes on and, from the last one, does it."""

    FOOTER = (("form.next", "next, then set it"), ("pane.next", "next field"), ("nav.back", "leave it"))

    def on_mount(self) -> None:
        """Typing goes into the first field."""
        self.type_into(self.first())

    def first(self) -> Field | Choice:
        """The field in which it begins."""
        return self.fields()[0]

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - enter goes on, wherever it is
        """Enter goes on."""
        self.do_form_next()

    def do_pane_next(self) -> None:
        """The next field."""
        self.type_into_next(1)

    def do_pane_previous(self) -> None:
        """The field before."""
        self.type_into_next(-1)

    def do_form_next(self) -> None:
        """The next field; on the last one, does it."""
        if self.typing is self.fields()[-1]:
            self.finish()
        else:
            self.type_into_next(1)

    def finish(self) -> None:
        """Answers what is filled in, or says what is missing."""


class TypedSheet(Sheet[bool]):
    """A question answered by typing a word: no single key ever means yes."""

    def __init__(self, context: Context, title: str, word: str, verb: str, lines: Sequence[Line]) -> None:
        super().__init__(context, title)
        self._word = word
        self._verb = verb
        self._lines = tuple(lines)
        self.asks = f"Type the name to {verb} it:"
        self.leaves = "go back, nothing changes"

    def compose_sheet(self) -> ComposeResult:
        """What will be, and the field with the word below it."""
        yield self.sentences(lambda: self._lines, below=3, widget_id="consequences")
        label = f"   {self.asks}  "
        yield LinesView(lambda _width: [EMPTY_LINE])
        yield Field(self.look, line(label), widget_id="word")
        yield LinesView(lambda _width: [line(" " * len(label), muted(self._word))])

    def on_mount(self) -> None:
        """Typing goes into the field."""
        self.type_into(self.query_one("#word", Field))

    @property
    def matches(self) -> bool:
        """Whether the word was typed."""
        return self.query_one("#word", Field).text.strip() == self._word

    def footer_entries(self) -> list[tuple[Action, str]]:
        """Enter is offered only when it works."""
        entries = {action.id: action for action in self.live}
        leave = [(entries["nav.back"], self.leaves)]
        return ([(entries["form.next"], self._verb)] if self.matches else []) + leave

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """The footer says whether enter works."""
        self.update_footer()

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter in the field."""
        self.do_form_next()

    def do_form_next(self) -> None:
        """Does it when the word matches."""
        if self.matches:
            self.answer(True)
        else:
            self.say(f'Type "{self._word}" to {self._verb}, or press {{nav.back}}.', Role.WARN)


class LineSheet(Sheet[str]):
    """Asks for one line."""

    def __init__(self, context: Context, title: str, label: str, *, text: str = "", is_hidden: bool = False) -> None:
        super().__init__(context, title)
        self._label, self._text, self._is_hidden = label, text, is_hidden
        self.lines: tuple[Line, ...] = ()

    def compose_sheet(self) -> ComposeResult:
        """The field, with what is good to know above it."""
        yield LinesView(lambda _width: self.lines)
        label = (Span(f"   {self._label}  "),)
        yield Field(self.look, label, text=self._text, is_hidden=self._is_hidden, widget_id="line")

    def on_mount(self) -> None:
        """Typing goes into the field."""
        self.type_into(self.query_one("#line", Field))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """Enter and esc."""
        names = {"form.next": "do it", "nav.back": "leave it"}
        return [(action, names[action.id]) for action in self.live if action.id in names]

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter in the field."""
        self.do_form_next()

    def do_form_next(self) -> None:
        """Answers what was typed."""
        text = self.query_one("#line", Field).text
        if text.strip():
            self.answer(text if self._is_hidden else text.strip())
        else:
            self.say(NOTHING_TYPED, Role.WARN)
