"""What the environment says of the terminal."""

from __future__ import annotations

import pytest

from dlthub_tui.settings import shows_ascii_only, terminal_environment


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


def test_a_recording_does_not_tell_the_terminal_that_it_was_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "SSH_CONNECTION", "NO_COLOR"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TERM", "linux")

    assert terminal_environment(is_recorded=True)["TERM"] == "xterm-256color"
    assert not {"TMUX", "SSH_CONNECTION", "NO_COLOR"} & terminal_environment(is_recorded=True).keys()
    assert "TMUX" in terminal_environment()
