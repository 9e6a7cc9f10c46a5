"""The settings file keeps what it says, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.session.preferences import NAME, NotWritten, read_preferences, write_key, write_setting


@pytest.mark.parametrize(
    "text",
    [
        "[keys]\nx = 2026-01-01\n",
        "[keys]\nx = {a = 1}\n",
        "[keys]\nx = nan\n",
        "[keys.run]\nstart = 1\n",
        'keys.x = "f5"\n',
        '[keys]\nx = """\n[app]\n"""\n',
        "keys = 1\n",
        "[[keys]]\n",
    ],
)
def test_what_cannot_be_kept_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(NotWritten, match="by hand"):
        write_key(tmp_path, "run.start", ["f6"])

    assert (tmp_path / NAME).read_text() == text


def test_signs_of_every_plane_and_the_mark_of_an_editor_are_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('\ufeff[keys]\n"x" = "\U0001f600"\n', encoding="utf-8")
    write_key(tmp_path, "run.start", ["f6"])

    assert read_preferences(tmp_path) == ({"keys": {"x": "\U0001f600", "run.start": "f6"}}, None)


def test_what_is_taken_out_leaves_the_rest(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('[keys]\n# mine\n"run.start" = "f6"\n"run.options" = "f7"\n')
    write_key(tmp_path, "run.start", ())

    assert (tmp_path / NAME).read_text() == '[keys]\n# mine\n"run.options" = "f7"\n'


def test_what_is_not_there_is_taken_out_without_a_file(tmp_path: Path) -> None:
    write_setting(tmp_path, "app", "theme", None)

    assert not (tmp_path / NAME).exists()
