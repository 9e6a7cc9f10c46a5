"""Words from outside on a terminal: what commands print moves no cursor, sets no title and writes no clipboard."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.acceptance.platforms import run_command

from dlthub_tui.cli import exits

HOSTILE = "a\x1b]0;title\x07b\x1b[2Jc\x1b]52;c;Zm9v\x07d\u202ee\x9b31mf\rg"


def _is_inert(text: str) -> bool:
    return not any(
        (ord(character) < 0x20 and character != "\n") or 0x7F <= ord(character) < 0xA0 or character == "\u202e"
        for character in text
    )


@pytest.mark.parametrize("as_json", [True, False])
def test_results_are_inert(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    exits.say_result({"name": HOSTILE}, as_json=as_json, sentence=f"one\n{HOSTILE}")

    shown = capsys.readouterr().out
    assert _is_inert(shown)
    assert json.loads(shown)["name"] == HOSTILE if as_json else shown.startswith("one\na")


def test_errors_are_inert(capsys: pytest.CaptureFixture[str]) -> None:
    exits.say_error(HOSTILE)

    assert _is_inert(capsys.readouterr().err)


@pytest.mark.skipif(sys.platform == "win32", reason="names of files")
def test_a_hostile_name_of_a_folder_is_inert(tmp_path: Path) -> None:
    home = tmp_path / "a\x1b]0;title\x07b"
    home.mkdir()

    done = run_command("admin", "user", "add", "a@example.org", "--home", str(home))

    assert done.returncode == 3
    assert "title" in done.stderr
    assert _is_inert(done.stderr)
    assert _is_inert(done.stdout)
