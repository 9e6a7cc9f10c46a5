"""What went wrong is said in words."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from dlthub_tui.cli import exits
from dlthub_tui.cli.exits import words_of


def test_a_file_that_cannot_be_read_is_named_without_the_systems_number(tmp_path: Path) -> None:
    missing = tmp_path / "passphrase"

    with pytest.raises(OSError) as refused:
        missing.read_text()

    assert words_of(refused.value) == f"{missing}: No such file or directory."
    assert words_of(ValueError("It is none.")) == "It is none."


def test_a_disk_without_room_for_a_file_of_ours_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = exits.end_unwritten(OSError(errno.ENOSPC, "No space left on device", "/srv/home/client/pins.json"))

    assert code == exits.FAILED
    assert "/srv/home/client/pins.json: No space left on device. Make room there" in capsys.readouterr().err


def test_a_home_that_is_closed_to_this_user_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = exits.end_unwritten(PermissionError(errno.EACCES, "Permission denied", "/srv/home/data/us1/tools"))

    assert code == exits.FAILED
    assert "/srv/home/data/us1/tools: Permission denied. A home is open" in capsys.readouterr().err
