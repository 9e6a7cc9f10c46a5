"""Where an upload's bytes go while they arrive, bounded: a private file for code, memory for what holds secrets.

Blocking: call from a thread.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from planes.domain.errors import NO_ROOM, StorageFull, TooLarge


class Spool(Protocol):
    """Takes the pieces of one part of a form."""

    def feed(self, piece: bytes) -> None:
        """Raises: TooLarge, StorageFull."""
        ...


class MemorySpool:
    """Keeps a small part in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._content = bytearray()

    def feed(self, piece: bytes) -> None:
        """Raises: TooLarge."""
        if len(self._content) + len(piece) > self._limit:
            raise TooLarge("too_large", "The file is larger than the region takes.")
        self._content += piece

    @property
    def content(self) -> bytes:
        """What has arrived."""
        return bytes(self._content)


class FileSpool:
    """Writes a part to a new private file, hashing it on the way. Leaving the context removes the file."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.path = path
        self.size_bytes = 0
        self._limit = limit_bytes
        self._digest = hashlib.sha256()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def feed(self, piece: bytes) -> None:
        """Raises: TooLarge, StorageFull."""
        self.size_bytes += len(piece)
        if self.size_bytes > self._limit:
            raise TooLarge("too_large", "The file is larger than the region takes.")
        self._digest.update(piece)
        self._written(self._file.write, piece)

    def finish(self) -> str:
        """Nothing more comes. Answers the SHA-256 in hex. Raises: StorageFull."""
        self._written(self._file.close)
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # a full disk says so again; the file goes anyway
        finally:
            self.path.unlink(missing_ok=True)

    def _written(self, step: object, *arguments: object) -> None:
        assert callable(step)
        try:
            step(*arguments)
        except OSError as exc:
            if exc.errno in NO_ROOM:
                raise StorageFull("storage_full", "The region has no room left for this.") from exc
            raise
