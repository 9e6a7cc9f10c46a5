"""Looks for a word in every byte of a folder or a process."""

from __future__ import annotations

import gzip
import mmap
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from planes.host.proof.forms import forms_of
from planes.storage.cells import compressed_cells

_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_FRAME = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5f
_GZIP = b"\x1f\x8b"
_LARGEST_MAPPING = 2**30


@dataclass(slots=True)
class Searched:
    """What was read, and where the word was: paths relative to the folder, or addresses, with the word's form.

    `unread` are files that could not be read; a search with any is no proof.
    """

    files: int = 0
    bytes: int = 0
    hits: list[str] = field(default_factory=list[str])
    unread: list[str] = field(default_factory=list[str])


def search_folder(folder: Path, word: str, *, is_deep: bool = True) -> Searched:
    """Every file's content and path, with `is_deep` of all folders below too. Blocking.

    What is stored compressed is also read as it was before.

    A file that goes while it is looked for was not there.
    """
    forms = forms_of(word)
    found = Searched()
    for path in _files(folder, is_deep):
        name = str(path.relative_to(folder))
        found.hits += [f"{name} (its name, {form})" for form, text in forms.items() if text in os.fsencode(name)]
        try:
            here: set[str] = set()
            for content in _contents(path):
                found.bytes += len(content)
                here |= {form for form, text in forms.items() if content.find(text) >= 0}
            found.hits += [f"{name} ({form})" for form in forms if form in here]
            found.files += 1
        except FileNotFoundError:
            continue
        except OSError as exc:
            found.unread.append(f"{name}: {exc.strerror or exc}")
    return found


def search_memory(pid: int, word: str) -> Searched:
    """What a process can write to, as it is now. Needs the right to read it. Blocking. Linux only."""
    forms = forms_of(word)
    found = Searched()
    try:
        maps = Path(f"/proc/{pid}/maps").read_text("ascii", "replace").splitlines()
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError as exc:
        found.unread.append(f"memory of process {pid}: {exc.strerror}")
        return found
    with memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - start > _LARGEST_MAPPING:
                continue
            with suppress(OSError, OverflowError, ValueError):
                memory.seek(start)
                content = memory.read(end - start)
                found.bytes += len(content)
                found.hits += [f"address {span} ({form})" for form, text in forms.items() if text in content]
    return found


def _files(folder: Path, is_deep: bool) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        if not is_deep:
            folders.clear()
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _contents(path: Path) -> Iterator[bytes | mmap.mmap]:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            return
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
            yield content
            head = content[:4]
            if head.startswith(_GZIP):
                yield _unzipped(content)
            elif head == _ZSTD_FRAME or head[1:] == _SKIPPABLE_FRAME:
                yield b"".join(_zstd_frames(content[:]))
    if path.suffix == ".db" and head == b"SQLi":
        yield from compressed_cells(path)


def _unzipped(content: mmap.mmap) -> bytes:
    try:
        return gzip.decompress(content[:])
    except (OSError, EOFError, zlib.error):
        return b""  # it only begins like one


def _zstd_frames(data: bytes) -> Iterator[bytes]:
    """What whole frames hold; a last one that is still being written is left out."""
    while data[:4] == _ZSTD_FRAME or data[1:4] == _SKIPPABLE_FRAME:
        if data[1:4] == _SKIPPABLE_FRAME:
            data = data[8 + int.from_bytes(data[4:8], "little") :]
            continue
        frame = zstandard.ZstdDecompressor().decompressobj()
        with suppress(zstandard.ZstdError):
            yield frame.decompress(data)
        if not frame.eof:
            return
        data = frame.unused_data
