"""What the guide gives a shell."""

from __future__ import annotations

import shlex
from pathlib import Path

from dlthub_tui.viewmodel.installation.guide import CLIENT, shell_commands, shell_lines
from dlthub_tui.viewmodel.look import Look

ROOT = Path(__file__).parents[5]


def test_the_client_is_the_release_that_the_readme_and_the_table_of_releases_name_and_the_tests_use() -> None:
    release = CLIENT.rpartition("==")[2]

    assert f"'{CLIENT}'" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| {release} | all commands" in (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    tests = (ROOT / "tests" / "contract" / "client_environment.py").read_text(encoding="utf-8")
    assert f'NEWEST = "{release}"' in tests


def test_what_is_copied_is_commands_and_nothing_beside_them() -> None:
    commands = [shlex.split(line) for line in shell_commands("http://127.0.0.1:8400")]

    assert ["dlthub", "login", "--device"] in commands
    assert ["pip", "install", "dlt[duckdb]", CLIENT] in commands


def test_the_screen_says_beside_a_command_what_is_to_be_done_here() -> None:
    said = ["".join(span.text for span in line) for line in shell_lines("http://127.0.0.1:8400", Look(), 80)]

    assert any(text.endswith("approve it here with :approve") for text in said)
    assert all(len(text) <= 80 for text in said)
