from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planes.private_files import create_private, write_private


def test_all_who_create_a_file_at_once_find_what_the_first_wrote(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"

    def create(number: int) -> bytes:
        create_private(path, b"%d" % number)
        return path.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        read = set(pool.map(create, range(64)))

    assert len(read) == 1
    assert [file.name for file in path.parent.iterdir()] == ["a.key"]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ports.json"
    write_private(path, b"old")

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space") as refused:
        write_private(path, b"new")

    assert refused.value.filename == str(path)
    assert [file.name for file in tmp_path.iterdir()] == ["ports.json"]
    assert path.read_bytes() == b"old"
    assert path.stat().st_mode & 0o777 == 0o600
