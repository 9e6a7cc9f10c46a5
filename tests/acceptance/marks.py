"""Planted values, and the search for them in every form in which they could have been carried."""

from __future__ import annotations

import base64
import gzip
import os
import secrets
import sqlite3
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import zstandard

ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
SKIPPABLE_FRAME = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5f


class Marks:
    """Random words by what they stand for. They are letters and digits, so no quoting changes them."""

    def __init__(self, *names: str) -> None:
        self._words = {name: f"mark{secrets.token_hex(10)}" for name in names}

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    @property
    def words(self) -> Mapping[str, str]:
        """Name → word."""
        return self._words


def forms_of(word: str) -> set[bytes]:
    """The word as it is, in upper case, backwards, in hexadecimal digits, and in base64 at each of three offsets."""
    plain = word.encode()
    found = {plain, plain.upper(), plain[::-1], plain.hex().encode(), plain.hex().upper().encode()}
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        # the first and the last group depend on what stands beside the word
        start, end = (4 if offset else 0), len(coded) - 4
        found.add(coded[start:end])
    return found


def search(folder: Path, words: Mapping[str, str]) -> dict[str, list[str]]:
    """Name → files (relative to the folder) whose content or path holds the word in any form. Empty: nothing found.

    What is stored compressed, in a database or as a file, is also searched as it was before.
    """
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    hits = files_with(folder, {name: {form.decode() for form in forms_of(word)} for name, word in words.items()})
    found = {name: hits[name] | {path for path in names if word in path} for name, word in words.items()}
    return {name: sorted(files) for name, files in found.items() if files}


def files_with(folder: Path, pieces: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Name → files in which one of its pieces stands, also in what is compressed; one walk for all names."""
    with tempfile.TemporaryDirectory(prefix="unpacked-") as unpacked:
        unpack(folder, Path(unpacked))
        found = _grep(folder, set().union(*pieces.values())) | _grep(Path(unpacked), set().union(*pieces.values()))
    return {
        name: {file for file, text in found if any(piece in text for piece in some)} for name, some in pieces.items()
    }


def _grep(folder: Path, pieces: set[str]) -> set[tuple[str, str]]:
    """Files, relative to the folder, each with the pieces that stand in it."""
    done = subprocess.run(
        ["grep", "-rHZoaF", "-f", "-", "--", str(folder)], input="\n".join(sorted(pieces)), errors="surrogateescape",
        check=False, capture_output=True, text=True, timeout=300, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    # a file may go while it is looked for; anything else that could not be read is no proof
    problems = [line for line in done.stderr.splitlines() if "No such file or directory" not in line]
    assert not problems, done.stderr
    found = (line.split("\0") for line in done.stdout.split("\n") if line)
    return {(os.path.relpath(file, folder), piece) for file, piece in found}


def unpack(folder: Path, target: Path) -> None:
    """Writes down what was compressed: cells of databases, and gzip and zstd files outside of environments."""
    for path in folder.rglob("*"):
        if not path.is_file() or {"environments", "uv-cache"} & set(path.relative_to(folder).parts):
            continue
        label = str(path.relative_to(folder)).replace(os.sep, "!")
        if path.suffix == ".db":
            for place, cell in _compressed_cells(path):
                (target / f"{label}!{place}").write_bytes(cell)
            continue
        try:
            with path.open("rb") as file:
                head = file.read(4)
            if head.startswith(b"\x1f\x8b"):
                (target / label).write_bytes(gzip.decompress(path.read_bytes()))
            elif head == ZSTD_FRAME or head[1:] == SKIPPABLE_FRAME:
                (target / label).write_bytes(b"".join(_zstd_frames(path.read_bytes())))
        except FileNotFoundError:
            continue


def _zstd_frames(data: bytes) -> Iterator[bytes]:
    """What whole frames hold; a last one that is still being written is left out."""
    while data[:4] == ZSTD_FRAME or data[1:4] == SKIPPABLE_FRAME:
        if data[1:4] == SKIPPABLE_FRAME:
            data = data[8 + int.from_bytes(data[4:8], "little") :]
            continue
        frame = zstandard.ZstdDecompressor().decompressobj()
        with suppress(zstandard.ZstdError):
            yield frame.decompress(data)
        data = frame.unused_data


def _compressed_cells(database: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for number, row in enumerate(connection.execute(f'SELECT * FROM "{table}"')):
                for column, cell in enumerate(row):
                    if isinstance(cell, bytes):
                        with suppress(zlib.error):
                            yield f"{table}!{number}!{column}", zlib.decompress(cell)


def search_memory(pid: int, words: Mapping[str, str]) -> list[str]:
    """Names of the words that stand in a process's memory now. Needs the right to read it."""
    found: set[str] = set()
    for content in memory_of(pid):
        found |= {name for name, word in words.items() if word.encode() in content}
    return sorted(found)


def memory_of(pid: int) -> Iterator[bytes]:
    """The stretches of memory that a process may write, as they are now. Needs the right to read them."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            # a stretch may go while it is read, and some cannot be read at all
            with suppress(OSError, OverflowError, ValueError):
                memory.seek(start)
                yield memory.read(end - start)
