"""What went wrong is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.cli.exits import words_of


def test_a_file_that_cannot_be_read_is_named_without_the_systems_number(tmp_path: Path) -> None:
    missing = tmp_path / "passphrase"

    with pytest.raises(OSError) as refused:
        missing.read_text()

    assert words_of(refused.value) == f"{missing}: No such file or directory."
    assert words_of(ValueError("It is none.")) == "It is none."
