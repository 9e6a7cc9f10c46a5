"""Looks for words in every byte of a folder or a process, once for all of them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

import zstandard

from planes.host.holes import written_parts
from planes.host.proof.forms import SoughtWords
from planes.storage.cells import compressed_cells

_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_FRAME = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5f
_GZIP = b"\x1f\x8b"
_HEADER_BYTES = 4
_HOLE_BYTES = 2**12
_PIECE_BYTES = 2**20  # stays in the processor's cache for all forms


@dataclass(slots=True)
class Searched:
    """What was read, and where each word was: paths relative to the folder, or addresses, with the word's form.

    `unread` are files and folders that could not be read; a search with any is no proof.
    """

    files: int = 0
    bytes: int = 0
    hits: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    unread: list[str] = field(default_factory=list[str])


def search_folder(folder: Path, words: Sequence[str], *, is_deep: bool = True) -> Searched:
    """Every file's content and path, with `is_deep` of all folders below too. Blocking.

    What is stored compressed is also read as it was before.

    A file that goes while it is looked for was not there.
    """
    sought = SoughtWords(words)
    found = Searched(hits={word: [] for word in words})

    def cannot_list(problem: OSError) -> None:
        if not isinstance(problem, FileNotFoundError):
            name = os.path.relpath(os.fsdecode(problem.filename or folder), folder)
            found.unread.append(f"{name}: {problem.strerror or problem}")

    for path in _files(folder, is_deep, cannot_list):
        name = os.path.relpath(path, folder)
        for word, form in sorted(sought.found_in(os.fsencode(name))):
            found.hits[word].append(f"{name} (its name, {form})")
        here: set[tuple[str, str]] = set()
        try:
            for pieces in _contents(path):
                here |= _look(pieces, sought, found)
            found.files += 1
        except FileNotFoundError:
            continue
        except OSError as exc:
            found.unread.append(f"{name}: {exc.strerror or exc}")
        for word, form in sorted(here):
            found.hits[word].append(f"{name} ({form})")
    return found


def search_memory(pid: int, words: Sequence[str]) -> Searched:
    """What a process can write to, as it is now. Needs the right to read it. Blocking. Linux only."""
    sought = SoughtWords(words)
    found = Searched(hits={word: [] for word in words})
    try:
        maps = Path(f"/proc/{pid}/maps").read_text("ascii", "replace").splitlines()
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError as exc:
        found.unread.append(f"memory of process {pid}: {exc.strerror}")
        return found
    with memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            for word, form in sorted(_look(_mapping(memory, start, end), sought, found)):
                found.hits[word].append(f"address {span} ({form})")
    return found


def _look(pieces: Iterable[bytes], sought: SoughtWords, found: Searched) -> set[tuple[str, str]]:
    """What is in the pieces or over their borders; counts what was read."""
    here: set[tuple[str, str]] = set()
    rest = b""
    for piece in pieces:
        found.bytes += len(piece)
        content = rest + piece if rest else piece
        here |= sought.found_in(content)
        rest = content[-sought.overlap :]
    return here


def _files(folder: Path, is_deep: bool, cannot_list: Callable[[OSError], None]) -> Iterator[str]:
    for root, folders, names in os.walk(folder, onerror=cannot_list):
        if not is_deep:
            folders.clear()
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def _contents(path: str) -> Iterator[Iterator[bytes]]:
    """The file as it is and, where it is compressed, as it was before."""
    with open(path, "rb", buffering=0) as file:
        head = file.read(_HEADER_BYTES)
        file.seek(0)
        yield _written_pieces(file)
        if head.startswith(_GZIP):
            file.seek(0)
            yield _unzipped(file)
        elif head == _ZSTD_FRAME or head[1:] == _SKIPPABLE_FRAME:
            file.seek(0)
            yield _zstd_frames(file)
    if head == b"SQLi" and path.endswith(".db"):
        for cell in compressed_cells(Path(path)):
            yield iter((cell,))


def _written_pieces(file: FileIO) -> Iterator[bytes]:
    """What is on the disk, with some of the zeros of each hole: a word may end in them."""
    size = os.fstat(file.fileno()).st_size
    end = 0
    for start, length in written_parts(file.fileno(), size):
        if start > end:
            yield bytes(min(start - end, _HOLE_BYTES))
        end = start + length
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE_BYTES, end - start))):
            start += len(piece)
            yield piece
    if size > end:
        yield bytes(min(size - end, _HOLE_BYTES))
    file.seek(max(size, end))
    yield from _pieces(file)  # what was added meanwhile


def _pieces(file: FileIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _mapping(memory: FileIO, start: int, end: int) -> Iterator[bytes]:
    with suppress(OSError, OverflowError, ValueError):  # a device's, or gone since
        memory.seek(start)
        while start < end and (piece := memory.read(min(_PIECE_BYTES, end - start))):
            start += len(piece)
            yield piece


def _unzipped(file: FileIO) -> Iterator[bytes]:
    """What its members hold, as far as they are gzip: it may only begin like one."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    with suppress(zlib.error):
        for piece in _pieces(file):
            data = piece
            while data:
                yield member.decompress(data, _PIECE_BYTES)
                data = member.unconsumed_tail
                if member.eof:
                    data = member.unused_data
                    member = zlib.decompressobj(zlib.MAX_WBITS | 16)


def _zstd_frames(file: FileIO) -> Iterator[bytes]:
    """What its frames hold, as far as they are whole or written."""
    with suppress(zstandard.ZstdError):
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False)
        while piece := reader.read(_PIECE_BYTES):
            yield piece
