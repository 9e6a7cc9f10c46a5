"""Screens whose keys come from the registry of actions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events, on
from textual.app import App
from textual.binding import Binding
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from dlthub_tui.messages import AskToLeave, SessionEnded
from dlthub_tui.paths import styles_folder
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action, of_layers
from dlthub_tui.viewmodel.keys.keymap import rebound
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Role
from dlthub_tui.widgets.job_control import has_shell
from dlthub_tui.widgets.left_behind import forget_gone
from dlthub_tui.widgets.message_line import MessageLine
from dlthub_tui.widgets.painted import Painted

if TYPE_CHECKING:
    import anyio

    from dlthub_tui.screens.frame.sheets import Sheet
    from dlthub_tui.widgets.choice import Choice
    from dlthub_tui.widgets.field import Field, Typed

_Answer = TypeVar("_Answer")
_Result = TypeVar("_Result")
READ_ONLY = "This session is read-only and changes nothing."


class ActingScreen(Screen[_Result], inherit_bindings=False):
    """`LAYERS` names the layers that are live; an action exists where the class has its method."""

    LAYERS: ClassVar[tuple[str, ...]] = ()
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = ()
    STYLES: ClassVar[str] = ""
    KEYS: ClassVar[str] = ""
    """What the help calls keys that several places have, each in its own way."""
    ENDS: ClassVar[str] = "what is under the cursor"
    """What `item.end` does here, where its footer has another word for it than stop."""
    AUTO_FOCUS = ""

    def __init_subclass__(cls, **more: Any) -> None:
        cls.BINDINGS = [
            Binding(",".join(action.keys), f"perform('{action.id}')", action.title, id=action.id, show=False)
            for action in cls.actions()
        ]
        if cls.STYLES:
            cls.CSS_PATH = styles_folder() / f"{cls.STYLES}.tcss"
        super().__init_subclass__(**more)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.typing: Field | Choice | None = None
        self.shown: anyio.Event | None = None
        self._is_unpainted = True
        self._last_done = ""
        self.is_repeated = False
        self._works: dict[str, Coroutine[Any, Any, None]] = {}
        self.live: tuple[Action, ...] = ()
        self._by_key: dict[str, Action] = {}
        self.rebind()

    def rebind(self) -> None:
        """Takes the user's own keys, which may be others than before."""
        self.live = rebound(self.actions(), self.look.keys)
        self._by_key = {key: action for action in self.live for key in action.keys}

    @property
    def host(self) -> App[Any]:
        """The app, as its type is known here."""
        return cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType] - generic in Textual

    def stop_work(self, *groups: str) -> bool:
        """Ends the work of these groups; says whether there was any."""
        found = [self.workers.cancel_group(self, group) for group in groups]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - generic in Textual
        return any(found)  # pyright: ignore[reportUnknownArgumentType] - as above

    def is_at_work(self, group: str) -> bool:
        """Whether work of a group goes on."""
        work = self._works.get(group)
        return work is not None and inspect.getcoroutinestate(work) != inspect.CORO_CLOSED

    @property
    def is_seen(self) -> bool:
        """Whether nothing but sheets is over it. `is_current` is also true of the screen below, whatever hides it."""
        stack = self.host.screen_stack
        above = takewhile(lambda screen: screen is not self, reversed(stack))
        return self in stack and all(screen.is_modal for screen in above)

    @property
    def look(self) -> Look:
        """How things are drawn."""
        return self.context.look

    @classmethod
    def actions(cls) -> tuple[Action, ...]:
        """The actions this screen has, in the registry's order. What ends something is called as in its footer."""
        ends = dict(cls.FOOTER).get("item.end", "stop")
        found = (action for action in of_layers(cls.LAYERS) if callable(getattr(cls, action.method, None)))
        return tuple(
            replace(action, title=ends, sentence=cls.ENDS)
            if action.id == "item.end" and action.title != ends
            else action
            for action in found
        )

    def why_not(self, action: Action) -> str | None:
        """Why the action is not possible now; None when it is. Screens add their own reasons."""
        return READ_ONLY if action.changes and self.look.is_read_only else None

    def in_words(self, reason: str) -> str:
        """What is said to whoever asks for an action that is not possible now."""
        return reason

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What the footer offers: the actions of `FOOTER` that work now."""
        found: list[tuple[Action, str]] = []
        for action_id, label in self.FOOTER:
            action = self._find(action_id)
            if action is not None and self.why_not(action) is None:
                found.append((action, label))
        return found

    def action_of(self, key: str) -> Action | None:
        """What a key does here."""
        return self._by_key.get(key)

    def _find(self, action_id: str) -> Action | None:
        """The action of this screen with this id, with the user's own keys."""
        return next((action for action in self.live if action.id == action_id), None)

    async def action_perform(self, action_id: str) -> None:
        """Does an action of the registry, or says why it is not possible."""
        action = self._find(action_id)
        if action is None:
            return
        reason = self.why_not(action)
        if reason is not None:
            self.say(self.in_words(reason), Role.WARN)
            return
        self.note(action)
        self.is_repeated, self._last_done = self._last_done == action_id, action_id
        outcome: object = getattr(self, action.method)()
        if inspect.isawaitable(outcome):
            await outcome

    def _on_timer_update(self) -> None:
        """The first layout paints the whole screen; the library would paint its widgets, then the whole screen.

        Where no widget is, rows of the screen before would stay.
        """
        if self._is_unpainted and self._layout_required and self.is_seen:
            self._is_unpainted = self._repaint_required = False
            size = cast("App[Any]", self.app).size
            self._compositor._dirty_regions.add(size.region)  # pyright: ignore[reportPrivateUsage] - no public way
        super()._on_timer_update()

    async def _on_idle(self, event: events.Idle) -> None:
        """While the screen is turned nothing is painted, so that what is to be done after a paint waits."""
        if self.host._batch_count:  # pyright: ignore[reportPrivateUsage] - no public way
            event.prevent_default()

    def paint_now(self) -> None:
        """Not with the next frame, which may be 16 ms away."""
        self._on_timer_update()

    def _compositor_refresh(self) -> None:
        """Below a sheet it has painted what changed of it; the library would have the whole terminal painted."""
        app, changed = self.host, self._compositor._dirty_regions  # pyright: ignore[reportPrivateUsage] - no public way
        if app._batch_count:  # pyright: ignore[reportPrivateUsage] - as above
            return  # the library would draw all of it, and send nothing
        if self is app.screen or app.is_inline:
            super()._compositor_refresh()
        elif changed:
            app.screen.refresh(*changed)
            changed.clear()
            self._dirty_widgets.clear()

    def on_unmount(self) -> None:
        """What was painted of it goes with it."""
        forget_gone()

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Where a selection begins and ends: the cells of a row are its offsets, and no segment has to say them."""
        found, offset = super().get_widget_and_offset_at(x, y)
        if isinstance(found, Painted):
            inside = found.content_region
            offset = Offset(x - inside.x, min(y - inside.y, inside.height - 1))
        return found, offset

    def copy_selected(self) -> bool:
        """Copies what the mouse selected; says whether anything was."""
        text = self.get_selected_text()
        if not text:
            return False
        self.clear_selection()
        self._last_done = ""
        self.host.copy_to_clipboard(text)
        self.say(f"Copied what was selected: {words.plural(len(text.splitlines()), 'row')}.")
        return True

    def do_app_interrupt(self) -> None:
        """Copies what is selected; where nothing is, ends what goes on here."""
        if not self.copy_selected():
            self.interrupt()

    def interrupt(self) -> None:
        """Screens say what they end."""

    def do_app_quit(self) -> None:
        """Leave the app, also from what is open over a place."""
        self.post_message(AskToLeave())

    def do_app_suspend(self) -> None:
        """To the shell, also from what is open over a place: what is typed next is meant for it."""
        if has_shell():
            self.host.action_suspend_process()
        else:
            self.say("No shell waits behind this terminal. Nothing was stopped.", Role.WARN)

    def note(self, action: Action) -> None:
        """Places write down what their keys do."""

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """Says something on row 23; a key in it is named by its action's id."""
        for line in self.query(MessageLine):
            line.say(name_keys(text, self.look), role)

    async def on_key(self, event: events.Key) -> None:
        """Types, or does the key's action. Each key is done before the next: what is typed ahead is not lost.

        Where one fails the app goes on: the library would end it.
        """
        event.stop()
        event.prevent_default()
        try:
            await self._take_key(event)
        except Exception as exc:  # noqa: BLE001 - the edge of a key
            self.failed(exc, "key")

    async def _take_key(self, event: events.Key) -> None:
        self.context.signs.seen(self.host)
        action = self.action_of(event.key)
        # What is said may be what is selected: it stands until it is copied.
        if not self.selections or action is None or action.id != "app.interrupt":
            for line in self.query(MessageLine):
                line.hush()
            if self.selections:
                self.clear_selection()
        if self.typing is not None:
            character = event.character if event.is_printable else None
            typed = self.typing.press(event.key, character)
            if typed is not None:
                self._after_typing(self.typing, typed)
                return
        if action is not None:
            await self.action_perform(action.id)

    def on_paste(self, event: events.Paste) -> None:
        """Pastes into the field that is typed into."""
        event.stop()
        if self.typing is not None:
            self._after_typing(self.typing, self.typing.paste(event.text))

    def _after_typing(self, widget: Field | Choice, typed: Typed) -> None:
        if typed == "changed":
            self.field_changed(widget)
        elif typed == "submitted":
            self.field_submitted(widget)
        elif typed == "left":
            self.field_left(widget)

    def type_into(self, widget: Field | Choice | None) -> None:
        """The keys go there from now on; None: they are actions."""
        if self.typing is not None:
            self.typing.set_typed_into(False)
        self.typing = widget
        if widget is not None:
            widget.set_typed_into(True)
            self._show_typed()

    @on(events.Resize)
    def _show_typed(self) -> None:
        """Where there are fewer rows than a form has, the field that is filled in is seen."""
        if self.typing is not None and self.typing.is_mounted:
            self.typing.scroll_visible(animate=False, force=True)

    def fields(self) -> list[Field | Choice]:
        """What is filled in, from the top."""
        from dlthub_tui.widgets.choice import Choice
        from dlthub_tui.widgets.field import Field

        found = [widget for widget in self.query("Field, Choice") if isinstance(widget, Field | Choice)]
        return [widget for widget in found if not isinstance(widget, MessageLine)]

    def type_into_next(self, steps: int) -> None:
        """To the next field of the form, round the end."""
        fields = self.fields()
        if fields:
            at = fields.index(self.typing) if self.typing in fields else -steps
            self.type_into(fields[(at + steps) % len(fields)])

    def field_changed(self, widget: Field | Choice) -> None:
        """The text, or what is chosen, is another one."""

    def field_submitted(self, widget: Field | Choice) -> None:
        """Enter was pressed in a field."""

    def field_left(self, widget: Field | Choice) -> None:
        """Escape was pressed in a prompt."""

    def fetch(self, work: Coroutine[Any, Any, None], group: str = "load") -> None:
        """Runs `work` beside the screen; newer work of a group ends the older. Failures come to `failed`."""
        older = self._works.get(group)
        if older is not None and inspect.getcoroutinestate(older) == inspect.CORO_CREATED:
            older.close()
        self._works[group] = work
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    def act_on(self, sheet: Sheet[_Answer], act: Callable[[_Answer], Coroutine[Any, Any, object]]) -> None:
        """Opens a sheet and acts on its answer: `Sheet.acting` says how."""
        self.host.push_screen(sheet.acting(self, act))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place where failed work of a screen is reported."""
        event.stop()
        worker = cast("Worker[Any]", event.worker)  # pyright: ignore[reportUnknownMemberType] - generic in Textual
        if event.state is WorkerState.ERROR:
            self.failed(worker.error or RuntimeError(), worker.group)

    def failed(self, error: BaseException, group: str) -> None:  # noqa: ARG002 - screens tell groups apart
        """Says what failed and what can be done next."""
        from dlthub_tui.client.errors import ClientError, NotSignedIn

        if isinstance(error, NotSignedIn):
            self.post_message(SessionEnded())
        elif isinstance(error, ClientError):
            self.say(error.sentence, Role.FAIL)
        else:
            self.say(f"Something here failed: see {self.crash_file(error)}. The platform goes on.", Role.FAIL)

    def crash_file(self, error: BaseException) -> str:
        """Writes what failed beside the session, without any value, and answers the file's name."""
        from dlthub_tui.session.crashes import write_crash

        return write_crash(self.context.client_folder, error, self.look.now())
