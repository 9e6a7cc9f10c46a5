"""Blobs in a folder: whole or not there, and bounded in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from tests.fakes.disks import small_tmpfs

from planes.domain.errors import StorageFull
from planes.storage.blobs import Blobs, _translated
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


@pytest.mark.parametrize("url", ["memory://x", "s3://", "s3:///folder"])
def test_another_kind_of_url_is_refused_with_how_one_reads(url: str) -> None:
    with pytest.raises(StorageError, match=r"DLTHUB_TUI_ID_BLOBS_URL.* s3://BUCKET/FOLDER"):
        Blobs.at_url(url)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        ("404 Not Found", "NoSuchBucket", "there is no such bucket"),
        ("403 Forbidden", "InvalidAccessKeyId", "refuses the keys"),
        ("400 Bad Request", "AnythingElse", "the blob store failed"),
    ],
)
async def test_a_bucket_that_fails_is_no_missing_blob(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: str, code: str, why: str
) -> None:
    body = f"<Error><Code>{code}</Code></Error>"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name, value in _access(f"http://127.0.0.1:{port}").items():
            monkeypatch.setenv(name, value)
        blobs = Blobs.at_url("s3://bucket/folder")
        for call in (blobs.get("a"), blobs.fetch("a", tmp_path / "copy"), blobs.put("a", b"x"), blobs.delete("a")):
            with pytest.raises(StorageError, match=why) as failed:
                await call
            assert not isinstance(failed.value, BlobMissing)


def test_a_bucket_out_of_reach_is_told_from_another_failure() -> None:
    unreached = GenericError("Generic S3 error: after 10 retries - HTTP error: error sending request")

    with pytest.raises(StorageError, match="cannot be reached"), _translated():
        raise unreached


def _access(endpoint: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "us-east-1"}
    return {**keys, "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true"}


async def test_a_full_disk_is_said_so_and_leaves_no_part(small_disk: Path, tmp_path: Path) -> None:
    blobs = Blobs.in_folder(small_disk / "blobs")
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))

    for content in (os.urandom(3_000_000), tmp_path / "large"):
        with pytest.raises(StorageFull):
            await blobs.put("a", content)
        assert not await blobs.exists("a")

    await blobs.put("a", b"small")
    assert await blobs.get("a") == b"small"
