"""What the environment says of the terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from dlthub_tui.settings import (
    cannot_be_drawn_on,
    forget_odd_size,
    shows_ascii_only,
    shows_sixteen_only,
    terminal_environment,
)


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({}, False),
        ({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, False),
        ({"LANG": "en_US.utf8"}, False),
        ({"LC_CTYPE": "UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "", "LC_CTYPE": ""}, False),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
    ],
)
def test_signs_are_drawn_in_ascii_where_the_terminal_has_no_others(environment: dict[str, str], is_ascii: bool) -> None:
    assert shows_ascii_only(environment) is is_ascii


@pytest.mark.parametrize(
    ("environment", "is_sixteen"),
    [
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "screen"}, True),
        ({}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "foot", "COLORTERM": "truecolor"}, False),
        ({"TERM": "linux", "TEXTUAL_COLOR_SYSTEM": "256"}, False),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, True),
    ],
)
def test_the_palette_of_the_terminal_is_drawn_with_where_it_has_no_more(
    environment: dict[str, str], is_sixteen: bool
) -> None:
    """As Rich decides, which maps what is drawn: a green of ours became grey there."""
    assert shows_sixteen_only(environment) is is_sixteen
    system = Console(force_terminal=True, _environ=environment).color_system
    if "TEXTUAL_COLOR_SYSTEM" not in environment:
        assert (system == "standard") is is_sixteen


def test_a_terminal_that_only_takes_lines_is_not_drawn_on() -> None:
    assert cannot_be_drawn_on({"TERM": "dumb"})
    assert not cannot_be_drawn_on({"TERM": "vt100"})
    assert not cannot_be_drawn_on({})


def test_a_recording_does_not_tell_the_terminal_that_it_was_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "SSH_CONNECTION", "NO_COLOR"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TERM", "linux")

    assert terminal_environment(is_recorded=True)["TERM"] == "xterm-256color"
    assert not {"TMUX", "SSH_CONNECTION", "NO_COLOR"} & terminal_environment(is_recorded=True).keys()
    assert "TMUX" in terminal_environment()


def test_a_size_that_is_none_counts_as_not_told() -> None:
    """Help is drawn as wide as COLUMNS says, and nothing can be drawn on none."""
    environment = {"COLUMNS": "0", "LINES": "-3", "TERM": "xterm"}
    forget_odd_size(environment)
    kept = {"COLUMNS": "060", "LINES": "24"}
    forget_odd_size(kept)

    assert environment == {"TERM": "xterm"}
    assert kept == {"COLUMNS": "060", "LINES": "24"}
