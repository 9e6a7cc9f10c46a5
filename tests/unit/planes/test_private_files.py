from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planes.private_files import create_private, open_for_home, write_for_home, write_private


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_what_root_writes_in_a_home_is_the_homes_user_s(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    os.chown(tmp_path / "home", 1000, 1000)
    client = tmp_path / "home" / "client"
    write_for_home(client / "pins.json", b"{}")
    os.close(open_for_home(client / "errors.log", os.O_APPEND))

    assert {(file.stat().st_uid, file.stat().st_mode & 0o777) for file in client.iterdir()} == {(1000, 0o600)}
    assert (client.stat().st_uid, client.stat().st_mode & 0o777) == (1000, 0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_what_root_gives_away_is_no_file_of_its_own_elsewhere(tmp_path: Path) -> None:
    """The user of the home may have put a link there."""
    (tmp_path / "of-root").touch(mode=0o600)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1000, 1000)
    (home / "errors.log").hardlink_to(tmp_path / "of-root")
    (home / "crash.txt").symlink_to(tmp_path / "of-root")
    os.close(open_for_home(home / "errors.log", os.O_APPEND))
    with pytest.raises(OSError, match="symbolic link"):
        open_for_home(home / "crash.txt", os.O_TRUNC)

    assert (tmp_path / "of-root").stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_root_writes_into_no_file_that_is_another_s(tmp_path: Path) -> None:
    (tmp_path / "of-root").write_text("root's")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1000, 1000)
    (home / "errors.log").hardlink_to(tmp_path / "of-root")

    for flags in (os.O_TRUNC, os.O_APPEND):
        os.close(open_for_home(home / "errors.log", flags))

    assert (tmp_path / "of-root").read_text() == "root's"
    assert (home / "errors.log").stat().st_uid == 1000


@pytest.mark.parametrize("is_read", [False, True])
def test_nobody_writes_into_a_pipe_or_waits_for_its_reader(tmp_path: Path, *, is_read: bool) -> None:
    errors = tmp_path / "errors.log"
    os.mkfifo(errors)
    reader = os.open(errors, os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    os.close(open_for_home(errors, os.O_APPEND))
    if reader is not None:
        os.close(reader)

    assert errors.is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_a_folder_that_its_user_swaps_gives_them_nothing_of_root_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, client = tmp_path / "of-root", tmp_path / "home" / "client"
    elsewhere.mkdir()
    (elsewhere / "errors.log").touch()
    client.parent.mkdir()
    os.chown(client.parent, 1000, 1000)

    def swap() -> int:
        if client.is_symlink():
            client.unlink()
            client.mkdir()
            os.chown(client, 1000, 1000)
        return 0

    def link() -> None:
        shutil.rmtree(client, ignore_errors=True)
        client.symlink_to(elsewhere)

    monkeypatch.setattr("os.geteuid", swap)  # after the file is opened, before it is given away
    link()
    os.close(open_for_home(client / "errors.log", os.O_APPEND))
    link()
    os.close(open_for_home(client / "crash.txt", os.O_TRUNC))
    link()
    write_for_home(client / "pins.json", b"{}")

    assert {file.name: file.stat().st_uid for file in elsewhere.iterdir()} == dict.fromkeys(
        ("errors.log", "crash.txt", "pins.json"), 0
    )
