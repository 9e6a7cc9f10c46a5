"""Blobs in a folder: whole or not there, and bounded in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.disks import small_tmpfs

from planes.domain.errors import StorageFull
from planes.storage.blobs import Blobs
from planes.storage.errors import BlobMissing, StorageError

pytestmark = pytest.mark.anyio


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.in_folder(tmp_path / "blobs")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with small_tmpfs(1) as folder:
        yield folder


async def test_a_blob_comes_back_from_memory_and_from_a_file(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "source").write_bytes(content)
    await blobs.put("a/b/c", tmp_path / "source")
    await blobs.put("a/d", b"small")

    await blobs.fetch("a/b/c", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert await blobs.get("a/d") == b"small"
    assert await blobs.exists("a/d")


async def test_a_blob_can_be_written_again_and_removed_twice(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put("a", b"1")
    await blobs.put("a", b"2")
    assert await blobs.get("a") == b"2"

    await blobs.delete("a")
    await blobs.delete("a")

    assert not await blobs.exists("a")
    assert list((tmp_path / "blobs").rglob("*")) == []


async def test_a_missing_blob_is_missing(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(BlobMissing):
        await blobs.get("nothing")
    with pytest.raises(BlobMissing):
        await blobs.fetch("nothing", tmp_path / "copy")


async def test_what_was_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """A library that is killed in `put` leaves its file beside the blob, as here."""
    folder = tmp_path / "half"
    blobs = Blobs.in_folder(folder)
    await blobs.put("a/b", b"whole")
    (folder / "a" / "b#1").write_bytes(b"ha")

    blobs.remove_unfinished()

    assert [path.name for path in (folder / "a").iterdir()] == ["b"]
    assert await blobs.get("a/b") == b"whole"


async def test_a_key_cannot_leave_the_folder(blobs: Blobs, tmp_path: Path) -> None:
    for key in ("../out", "a/../../out", "/../out"):
        with pytest.raises(StorageError):
            await blobs.put(key, b"x")

    assert not (tmp_path / "out").exists()


async def test_only_the_owner_enters_the_folder(blobs: Blobs, tmp_path: Path) -> None:
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(StorageError):
        Blobs.at_url("memory://x")


async def test_a_full_disk_is_said_so_and_leaves_no_part(small_disk: Path, tmp_path: Path) -> None:
    blobs = Blobs.in_folder(small_disk / "blobs")
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))

    for content in (os.urandom(3_000_000), tmp_path / "large"):
        with pytest.raises(StorageFull):
            await blobs.put("a", content)
        assert not await blobs.exists("a")

    await blobs.put("a", b"small")
    assert await blobs.get("a") == b"small"
