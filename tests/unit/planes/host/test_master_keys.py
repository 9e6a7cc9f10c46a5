"""A key of the environment is not to be replaced there: what it has wrapped would stay closed."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from planes.host.master_keys import CannotRotate, rotate


def test_a_key_of_the_environment_comes_to_a_file_before_it_is_rotated(tmp_path: Path) -> None:
    file = tmp_path / "data" / "eu1" / "master.key"
    said = rf"DLTHUB_TUI_EU1_MASTER_KEY, .*Write this one to {file} .*without the variable, and rotate"

    with pytest.raises(CannotRotate, match=said):
        anyio.run(rotate, tmp_path, "eu1", {"DLTHUB_TUI_EU1_MASTER_KEY": "k"})
