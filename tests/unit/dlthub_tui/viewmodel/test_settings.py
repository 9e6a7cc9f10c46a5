"""What the settings file says, and what the terminal is told."""

from __future__ import annotations

import re

import pytest

from dlthub_tui.settings import ways_to_notify
from dlthub_tui.viewmodel.settings import SETTINGS, read_settings, step, theme_of
from dlthub_tui.viewmodel.terminal_signs import notification, progress, title


def test_command_line_beats_the_file_and_the_file_beats_what_it_comes_with() -> None:
    chosen, troubles = read_settings({"theme": "day", "motion": "calm"}, {"theme": "contrast"})

    assert troubles == []
    assert [(chosen.word(name), chosen.source(name)) for name in ("theme", "motion", "times")] == [
        ("contrast", "command line"), ("calm", "settings.toml"), ("relative", "default"),
    ]  # fmt: skip


@pytest.mark.parametrize("table", ["words", ["theme"], {"theme": "pink"}, {"theme": 3}, {"colour": "night"}])
def test_what_is_wrong_is_said_and_changes_nothing(table: object) -> None:
    chosen, troubles = read_settings(table, {})

    assert len(troubles) == 1
    assert "settings.toml" in troubles[0]
    assert all(chosen.word(setting.id) == setting.words[0] for setting in SETTINGS)


def test_values_go_round() -> None:
    theme = SETTINGS[0]

    assert step(theme, theme.words[-1], 1) == theme.words[0]
    assert step(theme, theme.words[0], -1) == theme.words[-1]


@pytest.mark.parametrize(
    ("word", "is_plain", "is_sixteen", "theme"),
    [("auto", False, False, "night"), ("auto", False, True, "sixteen"), ("auto", True, True, "plain"),
     ("day", True, True, "day")],
)  # fmt: skip
def test_theme_that_is_drawn(word: str, is_plain: bool, is_sixteen: bool, theme: str) -> None:
    chosen, _ = read_settings({"theme": word}, {})

    assert theme_of(chosen, is_plain=is_plain, is_sixteen=is_sixteen) == theme


def test_a_name_cannot_leave_the_title_or_the_notification() -> None:
    evil = "shop\x07\x1b]52;c;aGk=\x07\x9b2J"

    for said in (title(["ana", evil], "›", runs=True), notification(f"{evil} failed")):
        inside = re.sub(r"\x1b\](2|9|777;notify);[^\x00-\x1f\x7f-\x9f]*\x07", "", said)
        assert inside == "", "nothing else, and no bell"


def test_tmux_hands_a_notification_on_and_nothing_ends_it_early() -> None:
    said = notification("shop\x1b\\ failed", ("9",), in_tmux=True)

    assert said.startswith("\x1bPtmux;\x1b\x1b]9;")
    assert said.endswith("\x07\x1b\\")
    assert said.count("\x1b\\") == 1


def test_tmux_hands_progress_on_and_other_terminals_take_it_as_it_is() -> None:
    assert progress(runs=True) == "\x1b]9;4;3\x07"
    assert progress(runs=True, in_tmux=True) == "\x1bPtmux;\x1b\x1b]9;4;3\x07\x1b\\"
    assert progress(runs=False, in_tmux=True) == "\x1bPtmux;\x1b\x1b]9;4;0\x07\x1b\\"


@pytest.mark.parametrize(
    ("environment", "ways"),
    [
        ({"TERM": "xterm-kitty"}, ("9",)), ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, ("9",)),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, ("777",)), ({"TERM": "xterm-256color"}, ("9", "777")),
    ],
)  # fmt: skip
def test_a_terminal_that_takes_both_is_notified_once(environment: dict[str, str], ways: tuple[str, ...]) -> None:
    assert ways_to_notify(environment) == ways
