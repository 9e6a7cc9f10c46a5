"""What the platform's page says of the control plane."""

from __future__ import annotations

from dlthub_tui.viewmodel.installation.platform import control_row
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of


def test_a_control_plane_that_is_silent_was_seen_before_and_is_not_up() -> None:
    up = control_row("http://control.example", None, Look())
    silent = control_row("http://control.example", None, Look(), 48.0)

    assert (up.glyph.text, text_of(up.cells[3])) == ("▴", "now")
    assert (silent.glyph.text, text_of(silent.cells[3])) == ("▵", "48 s ago")
