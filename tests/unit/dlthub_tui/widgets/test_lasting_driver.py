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


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100], ids=str)
def test_what_is_pasted_presses_no_key_whatever_is_in_it_and_however_it_is_read(size: int) -> None:
    parser = EscapeFirst()
    sent = "j\x1b[200~a\x1b[31mred\x1b x\r\x1b[200~\x1bOA\x1b[201~k\x1b[200~b\x1b\x1b[201~8"
    found = [event for at in range(0, len(sent), size) for event in parser.feed(sent[at : at + size])]
    found += parser.feed("")
    said = [event.key if isinstance(event, events.Key) else getattr(event, "text", None) for event in found]

    assert said == ["j", "a[31mred x\r[200~OA", "k", "b", "8"]
