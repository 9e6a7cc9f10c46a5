"""Sealed files: compressed (zstd), then encrypted in the age format, to a recipient's key or behind a passphrase.

NAME.tar.zst.age        the content, for one key
NAME.key.age            that key behind the passphrase; not there when the recipient has a key of their own

Both open with the age program, too. Blocking; what is sealed passes through and is never held whole.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyrage  # pyright: ignore[reportMissingTypeStubs] - there are none
import zstandard

from planes.private_files import sync_folder
from planes.storage.errors import StorageError
from planes.storage.passphrases import MOST_BYTES, CannotOpen, open_by_passphrase, seal_by_passphrase

_AGE: Any = pyrage
CONTENT = ".tar.zst.age"
KEY = ".key.age"
_PART = ".part"
_LEVEL = 3
_LONGEST_KEY_BYTES = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a file is sealed for: the public key of somebody (`age1…`), or whoever knows the passphrase."""

    public_key: str | None = None
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens a sealed file: the recipient's private key (`AGE-SECRET-KEY-…`), or the passphrase."""

    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


class CannotUnseal(StorageError):
    """The key or the passphrase is not the one, or the file is damaged."""


def seal(folder: Path, name: str, recipient: Recipient, write: Callable[[IO[bytes]], None]) -> Path:
    """Seals what `write` writes; the file appears whole, synced, 0600, or not at all. Replaces none.

    Raises: StorageError for what is no public key, FileExistsError, OSError, and what `write` raises.
    """
    path, key_path = folder / f"{name}{CONTENT}", folder / f"{name}{KEY}"
    for each in (path, key_path):
        if each.exists():
            raise FileExistsError(f"{each} exists already")
    key: bytes | None = None
    if recipient.public_key is not None:
        try:
            public = _AGE.x25519.Recipient.from_str(recipient.public_key)
        except _AGE.RecipientError as exc:
            raise StorageError("the recipient is no public key of age (age1…)") from exc
    else:
        own: Any = _AGE.x25519.Identity.generate()
        public = own.to_public()
        key = seal_by_passphrase(str(own).encode(), recipient.passphrase or "")
    part = path.with_name(path.name + _PART)
    try:
        with _private(part) as file:
            _pump(write, lambda reading: _AGE.encrypt_io(reading, file, [public]))
        if key is not None:
            with _private(key_path) as file:
                file.write(key)
        part.rename(path)
    except BaseException:
        for each in (part, key_path):
            each.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return path


@contextmanager
def unsealed(folder: Path, name: str, opener: Opener) -> Generator[IO[bytes]]:
    """The content as a stream. That it was whole is known at its end only.

    Raises: CannotUnseal, also while it is read; StorageError for what is no private key; OSError.
    """
    identity: Any = _identity(folder / f"{name}{KEY}", opener)
    with (folder / f"{name}{CONTENT}").open("rb") as sealed:

        def decrypt(writing: IO[bytes]) -> None:
            try:
                _AGE.decrypt_io(sealed, writing, [identity])
            except _AGE.DecryptError as exc:
                raise CannotUnseal("the key is not the one it was sealed for, or the file is damaged") from exc

        with _fed(decrypt) as (reading, fed):
            try:
                with zstandard.ZstdDecompressor().stream_reader(reading) as content:
                    checked: Any = _Checked(content, fed)
                    yield checked
            except zstandard.ZstdError as exc:
                fed.result()
                raise CannotUnseal("the file is damaged") from exc


class _Checked(io.RawIOBase):
    """A stream whose end is only believed when whoever feeds it has not failed."""

    def __init__(self, source: Any, fed: Future[None]) -> None:
        self._source = source
        self._fed = fed

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content: bytes = self._source.read(size)
        if size != 0 and not content:
            self._fed.result()
        return content


def _identity(key_path: Path, opener: Opener) -> Any:
    text = opener.private_key
    if opener.passphrase is not None:
        try:
            with key_path.open("rb") as file:
                text = open_by_passphrase(file.read(_LONGEST_KEY_BYTES), opener.passphrase).decode("ascii")
        except CannotOpen as exc:
            raise CannotUnseal(str(exc)) from exc
    try:
        return _AGE.x25519.Identity.from_str((text or "").strip())
    except _AGE.IdentityError as exc:
        raise StorageError("that is no private key of age (AGE-SECRET-KEY-…)") from exc


def _pump(write: Callable[[IO[bytes]], None], take: Callable[[IO[bytes]], None]) -> None:
    """Compresses in a thread what `write` writes; `take` takes it here."""

    def compress(writing: IO[bytes]) -> None:
        with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(writing, closefd=False) as compressed:
            write(compressed)  # pyright: ignore[reportArgumentType] - it writes as a file does

    with _fed(compress) as (reading, fed):
        take(reading)
        fed.result()


@contextmanager
def _fed(feed: Callable[[IO[bytes]], None]) -> Generator[tuple[IO[bytes], Future[None]]]:
    """A pipe's end to read from, while a thread feeds the other one; it has ended when the block has."""
    out, into = os.pipe()
    reading = os.fdopen(out, "rb")

    def run() -> None:
        with suppress(BrokenPipeError), os.fdopen(into, "wb") as writing:
            feed(writing)

    with ThreadPoolExecutor(1, thread_name_prefix="sealing") as pool:
        fed = pool.submit(run)
        try:
            yield reading, fed
        finally:
            reading.close()


@contextmanager
def _private(path: Path) -> Generator[IO[bytes]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
