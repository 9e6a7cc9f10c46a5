"""Settings of the app: their words, what they are where nothing is said, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, guard, line, muted

TABLE = "app"
COLUMNS = (Column("Setting", least=16), Column("Value", takes_rest=True, least=24), Column("From", least=14))


def said_at_start(troubles: Sequence[str]) -> str:
    """The first of what is wrong with the file, and where the rest is."""
    more = len(troubles) - 1
    return troubles[0] + (f" :settings shows {more} more." if more else "")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. The first of `words` holds where nothing is said. `at_start`: it is read when the app opens."""

    id: str
    title: str
    words: tuple[str, ...]
    sentence: str
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """What holds, and who says so."""

    word: str
    source: str = "default"


SETTINGS = (
    Setting("theme", "Theme", ("auto", "night", "day", "contrast", "sixteen", "plain"),
            "auto: night, sixteen over SSH and in sixteen colours, plain with NO_COLOR."),
    Setting("motion", "Motion", ("full", "calm"), "calm repaints less: seconds go by tens, a log is followed slower."),
    Setting("ssh", "SSH profile", ("auto", "on", "off"),
            "Fewer colours and repaints; auto: where this terminal is at the end of SSH.", at_start=True),
    Setting("glyphs", "Glyphs", ("auto", "unicode", "ascii"),
            "auto is ascii on the Linux console and in a locale without UTF-8."),
    Setting("times", "Times", ("relative", "exact", "utc"), "{times.toggle} switches them for now, this for good."),
    Setting("read_only", "Read-only", ("off", "on"), "Hides and refuses all that changes something."),
    Setting("notify", "Notifications", ("off", "on"),
            "The terminal tells its desktop when a run of a minute or more ends. tmux: allow-passthrough all."),
    Setting("title", "Terminal title", ("on", "off"), "Where you are, and progress while a run goes on (OSC 9;4)."),
)  # fmt: skip
BY_ID: Mapping[str, Setting] = {setting.id: setting for setting in SETTINGS}


@dataclass(slots=True)
class Chosen:
    """What holds for this app, by the setting's id."""

    values: dict[str, Value] = field(default_factory=dict[str, Value])

    def word(self, setting_id: str) -> str:
        """The word that holds."""
        return self.values[setting_id].word if setting_id in self.values else BY_ID[setting_id].words[0]

    def source(self, setting_id: str) -> str:
        """Who says so."""
        return self.values[setting_id].source if setting_id in self.values else "default"


def read_settings(table: Any, switches: Mapping[str, str]) -> tuple[Chosen, list[str]]:
    """From the `[app]` table of the file, which switches of the command line beat; and what is wrong with the table.

    `switches` has for some settings the word that the command line chose.
    """
    chosen, troubles = Chosen(), list[str]()
    if not isinstance(table, dict):
        troubles.append(f"settings.toml: [{TABLE}] is no table.")
        table = {}
    for name, word in table.items():  # pyright: ignore[reportUnknownVariableType] - of a file
        setting = BY_ID.get(str(name))  # pyright: ignore[reportUnknownArgumentType] - as above
        if setting is None:
            troubles.append(f'settings.toml: no setting is called "{name}".')
        elif word not in setting.words:
            troubles.append(f"settings.toml: {setting.id} is one of {', '.join(setting.words)}.")
        else:
            chosen.values[setting.id] = Value(str(word), "settings.toml")  # pyright: ignore[reportUnknownArgumentType] - as above
    for name, word in switches.items():
        chosen.values[name] = Value(word, "command line")
    return chosen, troubles


def unknown_tables(document: Mapping[str, Any]) -> list[str]:
    """What the file says outside of the tables that are read."""
    return [
        f'settings.toml: no table is called "{name}"; there are [{TABLE}] and [keys].'
        for name in document
        if name not in {TABLE, "keys"}
    ]


def theme_of(chosen: Chosen, *, is_plain: bool, is_sixteen: bool) -> str:
    """The name of the theme that is drawn."""
    word = chosen.word("theme")
    if word != "auto":
        return word
    return "plain" if is_plain else "sixteen" if is_sixteen else "night"


def step(setting: Setting, word: str, steps: int) -> str:
    """The word so many steps further, round the end."""
    return setting.words[(setting.words.index(word) + steps) % len(setting.words)]


WORKSPACE = "workspace"
WORKSPACE_SENTENCE = "Its name, default role, versions kept, scrubbing of logs, archive. {row.open} opens them."


def sections(chosen: Chosen, look: Look, workspace: str = "", troubles: Sequence[str] = ()) -> list[Section]:
    """One row a setting: all its words, and who says so. Behind them the way to those of a workspace.

    Below stands what is wrong with the file.
    """
    rows = [
        Row(
            setting.id,
            Span(" "),
            (
                line(setting.title),
                _words(setting.words, chosen.word(setting.id)),
                line(muted(chosen.source(setting.id))),
            ),
            setting.title,
        )
        for setting in SETTINGS
    ]
    if workspace:
        cells = (
            line("Of the workspace"),
            line(workspace, muted(name_keys("  {row.open} opens", look))),
            line(muted("its planes")),
        )
        rows.append(Row(WORKSPACE, Span(" "), cells, workspace))
    wrong = tuple(line(Span(guard(said), Role.WARN)) for said in troubles)
    return [Section(COLUMNS, tuple(rows), below=(EMPTY_LINE, *wrong) if wrong else ())]


def _words(words: Sequence[str], chosen: str) -> Line:
    spans = [Span(f"[{word}] ", Role.ACCENT) if word == chosen else muted(f"{word} ") for word in words]
    return tuple(spans)
