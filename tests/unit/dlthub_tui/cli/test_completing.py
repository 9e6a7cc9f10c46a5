"""What the tab key offers without asking an installation."""

from __future__ import annotations

import pytest

from dlthub_tui.cli.commands import run_command


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("f", ["failed"]),
        ("c", ["cancelling", "completed", "cancelled"]),
        ("failed,c", ["failed,cancelling", "failed,completed", "failed,cancelled"]),
        ("failed,f", []),
        ("x", []),
    ],
)
def test_states_are_completed_behind_those_that_were_named(
    typed: str, offered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run_command(["__complete", "runs", "fruitshop", "--status", typed])

    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line and not line.startswith("\x1f")] == offered
