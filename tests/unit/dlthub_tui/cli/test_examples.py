"""A workspace to begin with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dlthub_tui.cli.commands import run_command
from dlthub_tui.paths import example_folder


def test_an_example_is_written_whole_and_says_what_to_do_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my weather"

    code = run_command(["example", str(folder)])
    said = capsys.readouterr()

    assert code == 0
    assert f"{folder} is a workspace with five jobs" in said.out
    assert f"cd '{folder}'" in said.err
    assert (folder / "__deployment__.py").read_bytes() == (example_folder() / "__deployment__.py").read_bytes()
    assert (folder / ".dlt" / "prod.secrets.toml").is_file()
    assert not (folder / ".dlt" / "data").exists()


def test_an_example_takes_no_folders_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kept").write_text("mine")

    code = run_command(["example", str(tmp_path), "--json"])
    said = capsys.readouterr()

    assert code == 1
    assert said.out == ""
    assert f"{tmp_path} is there already." in said.err
    assert [child.name for child in tmp_path.iterdir()] == ["kept"]


def test_scripts_learn_where_an_example_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code = run_command(["example", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"folder": str(tmp_path / "weather")}


def test_an_example_that_may_not_be_written_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    code = run_command(["example", str(tmp_path / "file" / "weather")])

    assert code == 1
    assert "Not a directory" in capsys.readouterr().err
