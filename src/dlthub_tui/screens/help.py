"""The keys of a screen, searchable; enter leaves the help and does it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import Sheet
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.frame import footer, header
from dlthub_tui.viewmodel.keys.actions import Action, key_name
from dlthub_tui.viewmodel.keys.commands import Offer, found, help_line, offer
from dlthub_tui.viewmodel.keys.keymap import with_key
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, line, muted, width_of
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.message_line import MessageLine
from dlthub_tui.widgets.row_list import RowList

# A screen's own keys first, then those of many screens, then what cannot be done.
LATER = ("Workspace", "Every list", "Columns", "Everywhere", "Not possible here")
COLUMNS = (Column("", takes_rest=True),)
# Cursor, mark and state stand before a row.
BEFORE = 4
# From here on there are two columns.
WIDE = 116


class HelpScreen(ActingScreen[str]):
    """Typing searches names, words and keys."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")
    STYLES = "help"

    def __init__(self, context: Context, origin: PlaceScreen | Sheet[Any], place: PlaceScreen | None) -> None:
        super().__init__(context)
        self._origin = origin
        self._place = place
        self._changing: Action | None = None
        # The keys of the screen itself stand left where there is room for both.
        self._left = self._pane = RowList(self.look, widget_id="list")
        self._right = RowList(self.look, widget_id="right")
        self._offers = self._offered()

    def _offered(self) -> list[Offer]:
        origin = self._origin
        return [offer(action, origin.why_not(action), self.look, origin.KEYS) for action in origin.live]

    def compose(self) -> ComposeResult:
        """The frame of the screen below, a search line, the keys."""
        yield LinesView(lambda width: [self._header(width)], ground="raised", widget_id="header")
        with Container(id="body"):
            yield Field(self.look, line(" "), widget_id="search")
            yield LinesView(lambda _width: [EMPTY_LINE])
            with Horizontal():
                yield self._left
                yield self._right
        yield MessageLine(self.look)
        yield LinesView(lambda width: [self._footer(width)], ground="raised", widget_id="footer")

    def _header(self, width: int) -> Line:
        crumbs = [*(self._place.crumbs() if self._place else ["dlthub-tui"]), "help"]
        lock = self._place.region_lock() if self._place else None
        return header(crumbs, self.context.planes_now, lock, self.look, width)

    def _shown(self) -> list[Offer]:
        return found(self._offers, self.query_one("#search", Field).text, by_title=True)

    def _footer(self, width: int) -> Line:
        return footer(self.footer_entries(), self.look, width, live=self.live, has_help=False)

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How the help is used."""
        names = {
            "choice.next": "choose", "form.next": "do it now", "field.edit": "change key", "nav.back": "leave",
        }  # fmt: skip
        entries = {action.id: action for action in self.live}
        return [(entries[name], label) for name, label in names.items()]

    async def on_key(self, event: events.Key) -> None:
        """The key that was asked for is taken, whatever it does elsewhere."""
        if self._changing is None:
            return
        event.stop()
        event.prevent_default()
        action, self._changing = self._changing, None
        if event.key == "escape":
            self.say("The key stays as it is.")
        else:
            self._change(action, event.key)

    def _change(self, action: Action, key: str) -> None:
        from dlthub_tui.session.preferences import NotWritten, write_key

        keys, why_not = with_key(self.look.keys, action.id, key)
        shown = key_name(key, is_ascii=self.look.is_ascii)
        if why_not is not None:
            self.say(f"Nothing changed. {why_not}", Role.WARN)
            return
        try:
            write_key(self.context.client_folder, action.id, keys.get(action.id, ()))
        except NotWritten as exc:
            self.say(f"Nothing changed. {exc}", Role.FAIL)
            return
        self.look.keys = keys
        for screen in self.host.screen_stack:
            if isinstance(screen, ActingScreen):
                screen.rebind()
        self._offers = self._offered()
        self._show()
        self.query_one("#footer", LinesView).update()
        self.say(f"{action.title} is {shown} now.", Role.OK)

    def do_field_edit(self) -> None:
        """Asks for another key of what is under the cursor; the settings file keeps it."""
        key = self._pane.key
        chosen = key.rpartition("/")[0] if key else ""
        action = next((each for each in self._origin.live if each.id == chosen), None)
        if action is not None:
            self._changing = action
            now = " ".join(key_name(each, is_ascii=self.look.is_ascii) for each in action.keys)
            self.say(f"Press the new key for {action.title}, now {now}. {{nav.back}} leaves it as it is.")

    def on_mount(self) -> None:
        """Typing searches."""
        self.type_into(self.query_one("#search", Field))
        self._show()

    def on_resize(self) -> None:
        """There may be room for both columns now, or none any more."""
        self._show()

    def _show(self) -> None:
        shown = self._shown()
        hint = "type to search    " if len(shown) == len(self._offers) else ""
        self.query_one("#search", Field).set_hint((muted(f"{hint}{len(shown)} of {len(self._offers)} keys "),))
        is_wide = self.size.width >= WIDE
        groups: dict[str, list[Row]] = {}
        for item in shown:
            key = f"{item.choice}/{item.keys}"
            row = Row(key, Span(" "), (help_line(item),), item.title)
            groups.setdefault(item.group, []).append(row)
        order = sorted(groups, key=lambda group: LATER.index(group) if group in LATER else -1)
        sections = [Section(COLUMNS, tuple(groups[group]), group, shows_titles=False) for group in order]
        own = [section for section in sections if section.title not in LATER] or sections[:1]
        others = [section for section in sections if section not in own] if is_wide else []
        empty = f'No key for "{self.query_one("#search", Field).text}". Try the palette: {{palette.open}}.'
        self._right.display = bool(others)
        self._left.show((own if others else sections) or [Section(COLUMNS, (), empty=(empty,))])
        self._right.show(others)
        self._take_keys(self._right if others and self._pane is self._right else self._left)

    def _take_keys(self, pane: RowList) -> None:
        self._pane = pane
        for each in (self._left, self._right):
            each.take_keys(each is pane)
        self._say_whole()

    def on_row_list_moved(self) -> None:
        """What is cut stands whole on row 23."""
        self._say_whole()

    def _say_whole(self) -> None:
        chosen = next((item for item in self._offers if f"{item.choice}/{item.keys}" == self._pane.key), None)
        is_cut = chosen is not None and width_of(help_line(chosen)) > self._pane.size.width - BEFORE
        said = line(" ", muted(chosen.why_not or chosen.sentence)) if chosen is not None and is_cut else EMPTY_LINE
        self.query_one(MessageLine).keep(said)

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Searches as it is typed."""
        self._show()

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter does what is under the cursor."""
        self.do_form_next()

    def do_choice_next(self) -> None:
        """Next key; from the end of the left column on to the right one."""
        if self._pane is self._left and self._right.display and self._pane.is_at_end(last=True):
            self._take_keys(self._right)
            self._right.move_to_end(last=False)
        else:
            self._pane.move(1)

    def do_choice_previous(self) -> None:
        """Key before; from the top of the right column back to the left one."""
        if self._pane is self._right and self._pane.is_at_end(last=False):
            self._take_keys(self._left)
        else:
            self._pane.move(-1)

    def do_pane_next(self) -> None:
        """The other column."""
        if self._right.display:
            self._take_keys(self._left if self._pane is self._right else self._right)

    def do_pane_previous(self) -> None:
        """The other column."""
        self.do_pane_next()

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """A click does it."""
        self.dismiss(event.key.rpartition("/")[0])

    def do_form_next(self) -> None:
        """Leaves the help and does it."""
        key = self._pane.key
        self.dismiss(key.rpartition("/")[0] if key else None)

    def do_nav_back(self) -> None:
        """Leaves the help."""
        self.dismiss(None)

    def do_help_open(self) -> None:
        """The help's own key closes it."""
        self.dismiss(None)
