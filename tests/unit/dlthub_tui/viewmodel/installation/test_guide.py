"""What the guide gives a shell."""

from __future__ import annotations

import shlex
from pathlib import Path

from dlthub_tui.viewmodel.installation.guide import CLIENT, shell_commands, shell_lines
from dlthub_tui.viewmodel.look import Look

README = Path(__file__).parents[5] / "README.md"


def test_the_client_is_the_release_that_the_readme_names() -> None:
    assert f"'{CLIENT}'" in README.read_text(encoding="utf-8")


def test_what_is_copied_is_commands_and_nothing_beside_them() -> None:
    commands = [shlex.split(line) for line in shell_commands("http://127.0.0.1:8400")]

    assert ["dlthub", "login", "--device"] in commands
    assert ["pip", "install", "dlt[duckdb]", CLIENT] in commands


def test_the_screen_says_beside_a_command_what_is_to_be_done_here() -> None:
    said = ["".join(span.text for span in line) for line in shell_lines("http://127.0.0.1:8400", Look(), 80)]

    assert any(text.endswith("approve it here with :approve") for text in said)
    assert all(len(text) <= 80 for text in said)
