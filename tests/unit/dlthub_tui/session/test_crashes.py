"""The file for what failed in the app itself."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dlthub_tui.session.crashes import ERRORS_FILE, note_error, write_crash

LOCAL = "a passphrase that stands in a variable only"
TOKEN = "ghp_" + "Ab3" * 12


def break_with(local: str) -> None:
    """Raises with a token in its words, and something else in a variable."""
    held = {"password": local}
    raise RuntimeError(f"the token {TOKEN} did not do for {len(held)} thing")


def test_a_crash_file_is_for_its_owner_scrubbed_and_without_locals(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        break_with(LOCAL)
    name = write_crash(tmp_path / "client", caught.value, datetime(2026, 3, 17, 14, 5, tzinfo=UTC))

    file = tmp_path / "client" / name
    text = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "RuntimeError" in text
    assert "in break_with" in text
    assert TOKEN not in text
    assert "[masked:" in text
    assert LOCAL not in text


def test_what_an_error_leads_to_does_not_take_the_place_of_its_file(tmp_path: Path) -> None:
    at = datetime(2026, 3, 17, 14, 5, tzinfo=UTC)
    first, second = (write_crash(tmp_path, error(), at) for error in (RuntimeError, LookupError))

    assert first != second
    assert "RuntimeError" in (tmp_path / first).read_text()


def test_noted_errors_are_for_their_owner_and_do_not_grow_without_end(tmp_path: Path) -> None:
    at = datetime(2026, 3, 17, 14, 5, tzinfo=UTC)
    note_error(tmp_path / "client", "first", "x" * 200_000, at)
    file = tmp_path / "client" / ERRORS_FILE
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)]
    note_error(tmp_path / "client", "second", "KeyError in jobs.py:1", at)
    note_error(tmp_path / "client", "third", "KeyError in jobs.py:1", at)

    assert modes == [0o600, 0o700]
    assert [line.split()[1] for line in file.read_text().splitlines()] == ["second", "third"]
