"""Keys as a terminal sends them: esc and a key, and what is one key of many bytes."""

from __future__ import annotations

import pytest
from textual import events

from dlthub_tui.widgets.lasting_driver import EscapeFirst


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1b8", ["escape", "8"]),
        ("\x1b/", ["escape", "slash"]),
        ("\x1bj", ["escape", "j"]),
        ("\x1b[A\x1b[B\x1b[B\r", ["up", "down", "down", "enter"]),
        ("\x1bOA\x1bOB", ["up", "down"]),
        ("\x1b[5~\x1b[1;5C", ["pageup", "ctrl+right"]),
        ("\x1bOP", ["f1"]),
    ],
)
def test_esc_and_a_key_are_two_and_a_sequence_is_one(sent: str, keys: list[str]) -> None:
    parser = EscapeFirst()
    found = [*parser.feed(sent), *parser.feed("")]

    assert [event.key for event in found if isinstance(event, events.Key)] == keys
