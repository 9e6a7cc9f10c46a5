"""The compressed form of a segment: frames that are found, checked and read one by one.

    header frame, zstandard frame, header frame, zstandard frame, … index

Headers and index are skippable frames, so any zstandard program unpacks the file to its lines. A header says what its
frame holds and is checked by itself, so that a file whose index is damaged is read by its headers. Each frame holds
about `FRAME_BYTES` of whole lines and has a CRC-32 of its compressed bytes.
"""

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments.codecs import codec_in_use

FRAME_BYTES = 128 * 1024
_HEADER_MAGIC = b"\x50\x2a\x4d\x18"
_INDEX_MAGIC = b"\x51\x2a\x4d\x18"
_FRAME = struct.Struct("<QQIIII")
_PREFIX = _HEADER_MAGIC + (_FRAME.size + 4).to_bytes(4, "little")
_HEADER_BYTES = len(_PREFIX) + _FRAME.size + 4
_FOOTER = struct.Struct("<QII4s")
_MARK = b"LOGX"


class Block(NamedTuple):
    """Whole wire lines, the number of the first, and how many they are."""

    first_line: int
    content: bytes
    lines: int


class Frame(NamedTuple):
    """One compressed block: its lines, where its bytes begin in the file, their length and checksum."""

    first_line: int
    offset: int
    lines: int
    raw_bytes: int
    packed_bytes: int
    checksum: int

    @property
    def end_line(self) -> int:
        """The number after its last line."""
        return self.first_line + self.lines


class Packed:
    """An open compressed segment. `is_index_whole` is False when the frames were found by their headers."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = _read_index(self._descriptor)
            self.is_index_whole = found is not None
            self.frames: Sequence[Frame] = _find_frames(self._descriptor) if found is None else found
        except BaseException:
            self.close()
            raise

    def frame_at(self, line: int) -> int:
        """The place in `frames` of the first one that ends behind `line`."""
        place = bisect_right(self.frames, line, key=lambda frame: frame.first_line)
        return place - 1 if place and self.frames[place - 1].end_line > line else place

    def read(self, place: int) -> Block | None:
        """The lines of a frame, or None if it is damaged."""
        frame = self.frames[place]
        packed = self._checked(frame)
        if packed is None:
            return None
        try:
            return Block(frame.first_line, codec_in_use().decompress(packed, frame.raw_bytes), frame.lines)
        except ValueError:
            return None

    def is_whole(self, place: int) -> bool:
        """Whether a frame's checksum is right."""
        return self._checked(self.frames[place]) is not None

    def close(self) -> None:
        """Let go of the file; may run again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _checked(self, frame: Frame) -> bytes | None:
        try:
            packed = os.pread(self._descriptor, frame.packed_bytes, frame.offset)
        except OSError:
            return None
        return packed if len(packed) == frame.packed_bytes and zlib.crc32(packed) == frame.checksum else None


def write_packed(path: Path, blocks: Iterable[Block]) -> None:
    """Write a compressed segment and bring it to the disk. Nothing is renamed or removed here."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        entries: list[bytes] = []
        place = 0
        for first_line, content, lines in blocks:
            packed = codec_in_use().compress(content)
            frame = Frame(first_line, place + _HEADER_BYTES, lines, len(content), len(packed), zlib.crc32(packed))
            entry = _FRAME.pack(*frame)
            file.write(_PREFIX + entry + zlib.crc32(entry).to_bytes(4, "little") + packed)
            place += _HEADER_BYTES + len(packed)
            entries.append(entry)
        index = b"".join(entries)
        footer = _FOOTER.pack(len(entries), zlib.crc32(index), len(index), _MARK)
        file.write(_INDEX_MAGIC + (len(index) + len(footer)).to_bytes(4, "little") + index + footer)
        file.flush()
        os.fsync(file.fileno())


def _read_index(descriptor: int) -> list[Frame] | None:
    size = os.fstat(descriptor).st_size
    footer = os.pread(descriptor, _FOOTER.size, max(0, size - _FOOTER.size))
    if len(footer) < _FOOTER.size:
        return None
    count, checksum, length, mark = _FOOTER.unpack(footer)
    if mark != _MARK or length != count * _FRAME.size or length > size:
        return None
    index = os.pread(descriptor, length, size - _FOOTER.size - length)
    if zlib.crc32(index) != checksum:
        return None
    return [Frame(*entry) for entry in _FRAME.iter_unpack(index)]


def _find_frames(descriptor: int) -> list[Frame]:
    """By the headers in the file (at most a segment's bytes are read)."""
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    frames: list[Frame] = []
    place = content.find(_PREFIX)
    while place >= 0:
        entry = content[place + len(_PREFIX) : place + len(_PREFIX) + _FRAME.size]
        checksum = content[place + len(_PREFIX) + _FRAME.size : place + _HEADER_BYTES]
        if len(checksum) == 4 and zlib.crc32(entry) == int.from_bytes(checksum, "little"):
            frames.append(Frame(*_FRAME.unpack(entry)))
        place = content.find(_PREFIX, place + 1)
    return frames
