"""Blobs of one plane: a folder by default, an S3-compatible store by URL. The only door to the object-store library.

A blob is there whole or not at all, and what `put` has returned for survives loss of power.

The library is loaded with the first blob of a folder: its 7 MB are none that an idle region needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import structlog
from anyio import to_thread

from planes.domain.errors import NO_ROOM, StorageFull
from planes.storage.errors import BlobMissing, StorageError

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3Store

_PIECE_BYTES = 1024 * 1024

# Of a bucket that falls silent each try takes half a minute, and who deploys waits.
_TRY_AGAIN_FOR = timedelta(seconds=20)
_HOW_BUCKETS_READ = "The address of a region's bucket (DLTHUB_TUI_ID_BLOBS_URL) is none: it reads s3://BUCKET/FOLDER."
_log = structlog.get_logger(__name__)

_UNFINISHED = re.compile(r".+#[0-9]+")


class Blobs:
    """Keys are paths such as `organizations/<id>/deployments/<sha256>`."""

    def __init__(self, place: Path | S3Store) -> None:
        self._place = place
        self._folder = place if isinstance(place, Path) else None

    @property
    def are_here(self) -> bool:
        """Whether they are files of this machine: a bucket is waited for, and may not answer."""
        return self._folder is not None

    @cached_property
    def _store(self) -> LocalStore | S3Store:
        if not isinstance(self._place, Path):
            return self._place
        from obstore.store import LocalStore

        return LocalStore(prefix=self._place, automatic_cleanup=True)

    @staticmethod
    def in_folder(folder: Path) -> Blobs:
        """Blobs as files below the folder, which is made (0700). May run twice."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Blobs(folder)

    @staticmethod
    def at_url(url: str) -> Blobs:
        """Blobs below an `s3://bucket/prefix` URL; credentials as the library finds them.

        Raises: StorageError for what is no such URL.
        """
        from obstore.exceptions import BaseError
        from obstore.store import S3Store, from_url

        try:
            store = from_url(url, retry_config={"retry_timeout": _TRY_AGAIN_FOR}) if url.startswith("s3://") else None
        except (BaseError, ValueError) as exc:
            raise StorageError(_HOW_BUCKETS_READ) from exc
        if not isinstance(store, S3Store):
            raise StorageError(_HOW_BUCKETS_READ)
        return Blobs(store)

    def remove_unfinished(self) -> None:
        """Removes what a process that was killed had half written. Blocking; only while nobody writes here.

        The library writes `KEY#N` and renames; no key of ours has such a name. S3 keeps nothing unfinished in sight.
        """
        if self._folder is None:
            return
        for place in self._folder.rglob("*#*"):
            if _UNFINISHED.fullmatch(place.name) and place.is_file():
                place.unlink(missing_ok=True)

    async def put(self, key: str, content: bytes | Path) -> None:
        """Writes a blob from memory or from a file, replacing one of the same key. May run twice.

        Raises: StorageFull, StorageError.
        """
        with _translated():
            await self._store.put_async(key, content)
            if self._folder is not None:
                await to_thread.run_sync(_sync, self._folder, key)

    async def get(self, key: str) -> bytes:
        """A whole blob, for those known to be small.

        Raises: BlobMissing, StorageError.
        """
        with _translated():
            return bytes(await (await self._store.get_async(key)).bytes_async())

    async def fetch(self, key: str, path: Path) -> None:
        """Copies a blob into a new file (0600) without holding it in memory.

        Raises: BlobMissing, StorageFull, StorageError.
        """
        with _translated():
            answer = await self._store.get_async(key)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            async with anyio.wrap_file(os.fdopen(descriptor, "wb")) as file:
                async for piece in answer.stream(min_chunk_size=_PIECE_BYTES):
                    await file.write(bytes(piece))

    async def exists(self, key: str) -> bool:
        """Whether there is such a blob."""
        try:
            with _translated():
                await self._store.head_async(key)
        except BlobMissing:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Removes a blob. May run twice."""
        try:
            with _translated():
                await self._store.delete_async(key)
        except BlobMissing:
            return


@contextmanager
def _translated() -> Generator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as exc:
        if "<Code>NoSuchBucket</Code>" in str(exc):
            raise _failure("there is no such bucket as the region was given") from exc
        raise BlobMissing("no blob has this key") from exc
    except OSError as exc:
        if exc.errno in NO_ROOM or "os error 28" in str(exc):
            raise StorageFull("storage_full", "The region has no room left for this.") from exc
        raise _failure("the blob store failed") from exc
    except ValueError as exc:
        raise StorageError("a key that leads out of the blobs") from exc
    except BaseError as exc:
        if "os error 28" in str(exc) or "No space left" in str(exc):
            raise StorageFull("storage_full", "The region has no room left for this.") from exc
        raise _failure(_why(exc)) from exc


def _why(error: BaseException) -> str:
    """The library's text holds addresses and what the bucket said, so it stays in the cause."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "the bucket refuses the keys that the region has for it"
    if "error sending request" in str(error):
        return "the bucket cannot be reached"
    return "the blob store failed"


def _failure(why: str) -> StorageError:
    """The service log tells classes of errors only: here is which of them it was."""
    _log.error("blobs_failed", reason=why)
    return StorageError(why)


def _sync(folder: Path, key: str) -> None:
    """The library renames but does not sync: the file first, then every folder that may be new."""
    path = folder / key
    _sync_one(path, os.O_RDONLY)
    for parent in path.parents:
        _sync_one(parent, os.O_RDONLY | os.O_DIRECTORY)
        if parent == folder:
            return


def _sync_one(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
