"""One line of input: what is pasted into it."""

from __future__ import annotations

import pytest

from dlthub_tui.viewmodel.editing import LineEditor

KEY = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_the_end_of_the_last_line_is_no_part_of_what_was_pasted(end: str) -> None:
    pasted = LineEditor("a", 1).insert(f"token{end}")

    assert pasted == LineEditor("atoken", 6)
    assert LineEditor().insert(f"token{end}", keeps_lines=True).text == "token"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_become_one_where_they_are_not_kept(end: str) -> None:
    pasted = KEY.replace("\n", end)

    assert LineEditor().insert(pasted).text == KEY.replace("\n", " ")
    assert LineEditor().insert(pasted, keeps_lines=True).text == KEY


def test_what_drives_a_terminal_is_not_pasted() -> None:
    assert LineEditor().insert("a\x1b[31mb\a\tc", keeps_lines=True).text == "a[31mb\tc"
