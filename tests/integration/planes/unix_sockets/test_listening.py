"""Sockets in folders of any depth."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import anyio
import pytest

from planes.unix_sockets import listening
from planes.unix_sockets.connecting import connect_unix
from planes.unix_sockets.listening import listen_unix, remove_socket, socket_place

DEPTHS = [0, 99, 107, 108, 300]


def folder_of(tmp_path: Path, length: int) -> Path:
    """A folder in which the path of `socket` has so many bytes, or as many as it has at least."""
    missing = length - len(os.fsencode(tmp_path / "socket")) - 1
    folder = tmp_path
    while missing > 0:
        name = "d" * min(missing, 100)
        folder, missing = folder / name, missing - len(name) - 1
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def answered(path: Path, listener: socket.socket) -> bytes:
    async with await connect_unix(path) as stream:
        peer, _ = listener.accept()
        with peer:
            peer.send(b"here")
        return await stream.receive()


@pytest.mark.parametrize("length", DEPTHS)
def test_a_socket_lies_where_it_is_wanted_however_long_its_path_is(tmp_path: Path, length: int) -> None:
    wanted = folder_of(tmp_path, length) / "socket"
    place = socket_place(wanted)

    before = set(os.listdir("/proc/self/fd"))
    with listen_unix(place) as listener:
        assert place == wanted
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert anyio.run(answered, place, listener) == b"here"
    assert set(os.listdir("/proc/self/fd")) == before

    remove_socket(place)
    remove_socket(place)
    assert not list(wanted.parent.iterdir())


def test_an_old_socket_makes_way(tmp_path: Path) -> None:
    listen_unix(tmp_path / "socket").close()
    with listen_unix(tmp_path / "socket") as listener:
        assert anyio.run(answered, tmp_path / "socket", listener) == b"here"


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "gone" / "socket", tmp_path / ("gone" * 50) / "socket"):
        with pytest.raises(FileNotFoundError):
            listen_unix(path)


def test_where_descriptors_have_no_names_a_long_path_has_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_DESCRIPTORS", tmp_path / "none")
    wanted = folder_of(tmp_path, 300) / "socket"
    with pytest.raises(OSError, match="File name too long"):
        listen_unix(wanted)

    place = socket_place(wanted)
    try:
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        with listen_unix(place) as listener:
            assert anyio.run(answered, place, listener) == b"here"
    finally:
        remove_socket(place)
    assert not place.parent.exists()


def test_a_folder_that_others_made_is_never_removed(tmp_path: Path) -> None:
    folder = tmp_path / "dlthub-tui-mine"
    folder.mkdir()
    listen_unix(folder / "socket").close()

    remove_socket(folder / "socket")

    assert not list(folder.iterdir())
