"""Bringing a log back to whole records after its writer or the machine died."""

import os
import zlib
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments.files import IDX_BYTES, STRIDE, SUM_BYTES, Segment, list_segments
from planes.data_plane.segments.wire import is_wire_line
from planes.data_plane.segments.writer import write_synced


class Recovered(NamedTuple):
    """What was found: lines in the log now, and bytes of broken records that were cut off."""

    lines: int
    cut_bytes: int


def recover(folder: Path) -> Recovered:
    """Check every record, cut each segment after its last whole one and rebuild its index; may run again.

    A write is whole if its checksum is right. Lines behind the last checksum (the writer died between two writes) stay
    if each is a whole wire line with the number that is due. Only for a log without a live writer.
    """
    lines = cut_bytes = 0
    for segment in list_segments(folder):
        lines, cut = _recover_segment(segment)
        cut_bytes += cut
    return Recovered(lines, cut_bytes)


def _recover_segment(segment: Segment) -> tuple[int, int]:
    sums = segment.sum_path.read_bytes() if segment.sum_path.exists() else b""
    line = segment.first_line
    offsets: list[int] = []
    with segment.lines_path.open("rb") as stored:
        size = os.fstat(stored.fileno()).st_size
        good = records = 0
        for place in range(0, len(sums) - SUM_BYTES + 1, SUM_BYTES):
            length = int.from_bytes(sums[place : place + 4], "little")
            block = stored.read(length)
            if len(block) < length or zlib.crc32(block) != int.from_bytes(sums[place + 4 : place + 8], "little"):
                break
            line = _index(offsets, block, good, line, segment)
            good += length
            records += 1
        tail = b""
        if records * SUM_BYTES == len(sums) - len(sums) % SUM_BYTES:
            stored.seek(good)
            tail = _whole_tail(stored.read(), line)
            line = _index(offsets, tail, good, line, segment)
    kept = sums[: records * SUM_BYTES]
    if tail:
        kept += len(tail).to_bytes(4, "little") + zlib.crc32(tail).to_bytes(4, "little")
    good += len(tail)
    _settle(segment, good, kept, offsets)
    return line, size - good


def _whole_tail(tail: bytes, line: int) -> bytes:
    """The leading whole wire lines of bytes that no checksum covers."""
    end = 0
    while (newline := tail.find(b"\n", end)) >= 0 and is_wire_line(tail[end:newline], line):
        end = newline + 1
        line += 1
    return tail[:end]


def _index(offsets: list[int], block: bytes, base: int, line: int, segment: Segment) -> int:
    """Note where strides end inside a block; return the line number after it."""
    place = 0
    while (newline := block.find(b"\n", place)) >= 0:
        place = newline + 1
        line += 1
        if (line - segment.first_line) % STRIDE == 0:
            offsets.append(base + place)
    return line


def _settle(segment: Segment, size: int, sums: bytes, offsets: list[int]) -> None:
    descriptor = os.open(segment.lines_path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    write_synced(segment.sum_path, sums)
    write_synced(segment.idx_path, b"".join(offset.to_bytes(IDX_BYTES, "little") for offset in offsets))
