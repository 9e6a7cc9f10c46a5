"""Settings: how the app looks and behaves for this person, kept in `settings.toml`."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.messages import Open, SettingChanged
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel import settings as view
from dlthub_tui.viewmodel.keys.actions import key_name
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import Place, SettingsPlace, WorkspaceSettingsPlace
from dlthub_tui.viewmodel.table import answer, rule
from dlthub_tui.viewmodel.text import Line, Role, cut_front, guard, line, muted
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.row_list import RowList

REBINDS = " where a key works, then {field.edit} changes it: [keys] of the file."


class SettingsScreen(PlaceScreen):
    """How shall it look and behave? What is chosen holds at once, and is kept."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("choice.next", "choose"), ("choice.right", "another value"), ("form.next", "next value"),
        ("field.edit", "the file in $EDITOR"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "settings"

    def __init__(self, context: Context, place: SettingsPlace) -> None:
        super().__init__(context)
        self.place = place
        self.rows = RowList(self.look, widget_id="list")

    def where(self) -> Place:
        """The settings."""
        return self.place

    def crumbs(self) -> list[str]:
        """The settings."""
        return ["dlthub-tui", "settings"]

    def compose_body(self) -> ComposeResult:
        """The answer, a row for each setting, what it does."""
        yield LinesView(lambda width: [self._answer(width)], widget_id="answer")
        yield self.rows
        yield LinesView(self._details, widget_id="details")

    def on_mount(self) -> None:
        """Shows what holds."""
        self._show()

    def _answer(self, width: int) -> Line:
        changed = sum(self.context.chosen.source(each.id) != "default" for each in view.SETTINGS)
        said = f"{changed} of {len(view.SETTINGS)} are not as they come." if changed else "All are as they come."
        return answer((muted(said),), "", width)

    def _show(self) -> None:
        workspace = self.place.workspace
        name = f"{workspace.organization_name}/{workspace.name}" if workspace is not None else ""
        self.rows.show(view.sections(self.context.chosen, self.look, guard(name), self.context.troubles))
        self.query_one("#answer", LinesView).update()
        self.query_one("#details", LinesView).update()
        self.update_frame()

    @property
    def _setting(self) -> view.Setting:
        return view.BY_ID.get(self.rows.key or "", view.SETTINGS[0])

    def _details(self, width: int) -> list[Line]:
        if self.rows.key == view.WORKSPACE:
            return [
                rule("Settings of the workspace", "", width, self.look),
                line("   ", name_keys(view.WORKSPACE_SENTENCE, self.look)),
            ]
        setting, folder = self._setting, str(self.context.client_folder / "settings.toml")
        later = " It holds from the next start on." if setting.at_start else ""
        where = cut_front(guard(folder), max(20, width - 14), self.look.glyphs.cut)
        return [
            rule(setting.title, self.context.chosen.source(setting.id), width, self.look),
            line("   ", name_keys(setting.sentence, self.look), later),
            line(""),
            line(muted("   The file  "), where),
            line(muted("   Keys      "), self._helps(), name_keys(REBINDS, self.look)),
        ]

    def _helps(self) -> str:
        """The key of the help that lives here."""
        action = self._find("help.open")
        return key_name(action.keys[0], is_ascii=self.look.is_ascii) if action is not None else ""

    def redraw(self) -> None:
        """After the look changed."""
        super().redraw()
        self._show()

    def on_row_list_moved(self) -> None:
        """What it does follows the cursor."""
        self.query_one("#details", LinesView).update()

    def do_choice_next(self) -> None:
        """The next setting."""
        self.rows.move(1)

    def do_choice_previous(self) -> None:
        """The setting before."""
        self.rows.move(-1)

    def do_pane_next(self) -> None:
        """The next setting."""
        self.rows.move(1)

    def do_pane_previous(self) -> None:
        """The setting before."""
        self.rows.move(-1)

    def do_choice_right(self) -> None:
        """The value to the right."""
        self._step(1)

    def do_choice_left(self) -> None:
        """The value to the left."""
        self._step(-1)

    def do_form_next(self) -> None:
        """The next value; of the workspace, its settings."""
        if self.rows.key == view.WORKSPACE and self.place.workspace is not None:
            self.post_message(Open(WorkspaceSettingsPlace(self.place.workspace)))
        else:
            self._step(1)

    def _step(self, steps: int) -> None:
        if self.rows.key == view.WORKSPACE:
            return
        setting = self._setting
        if self.context.chosen.source(setting.id) == "command line":
            self.say(f"The command line chose this. Without its switch {setting.title.lower()} is free.", Role.WARN)
            return
        word = view.step(setting, self.context.chosen.word(setting.id), steps)
        self._choose(setting, word)

    def _choose(self, setting: view.Setting, word: str) -> None:
        """Written before the next key is taken, so that keys pressed fast step on from each other.

        What holds where nothing is said need not be said: it goes out of the file.
        """
        from dlthub_tui.session.preferences import NotWritten, write_setting

        is_default = word == setting.words[0]
        try:
            write_setting(self.context.client_folder, view.TABLE, setting.id, None if is_default else word)
        except NotWritten as exc:
            self.say(f"Nothing changed. {exc}", Role.FAIL)
            return
        self.context.chosen.values[setting.id] = view.Value(word) if is_default else view.Value(word, "settings.toml")
        self.post_message(SettingChanged(setting.id))
        self._show()
        later = " from the next start on" if setting.at_start else ""
        self.say(f"{setting.title} is {word}{later}.", Role.OK)

    def do_field_edit(self) -> None:
        """The file in the user's own editor; what it then says holds at once."""
        from dlthub_tui.screens.frame.editing import edited
        from dlthub_tui.session.preferences import NotWritten, read_text, write_text

        try:
            before = read_text(self.context.client_folder)
            after = edited(self, before, "settings.toml")  # pyright: ignore[reportArgumentType] - a screen of None
            if after is None or after == before:
                return
            write_text(self.context.client_folder, after)
        except NotWritten as exc:
            self.say(f"Nothing changed. {exc}", Role.FAIL)
            return
        self.post_message(SettingChanged(""))
        self.say("settings.toml is as you wrote it.", Role.OK)
