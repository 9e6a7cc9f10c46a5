"""What of a segment can be read and believed."""

import os
import zlib
from functools import lru_cache
from typing import NamedTuple

from planes.data_plane.segments.files import SCAN_BYTES, SUM_BYTES, Segment
from planes.data_plane.segments.packed import Packed
from planes.data_plane.segments.seals import SegmentFacts
from planes.data_plane.segments.wire import is_wire_line, number_of


class Span(NamedTuple):
    """Bytes of a plain segment that are good, and the number of their first line."""

    first_line: int
    start: int
    end: int


class Health(NamedTuple):
    """`spans` is what is good. Without checksums (not `is_verified`) that is each whole line with its number."""

    spans: tuple[Span, ...]
    is_verified: bool
    size_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost and everything is checked."""
        if not self.is_verified:
            return False
        return not self.size_bytes or (len(self.spans) == 1 and self.spans[0][1:] == (0, self.size_bytes))


def inspect_plain(segment: Segment, facts: SegmentFacts | None) -> Health:
    """Check a segment that is not written any more. The answer is kept as long as its files stay as they are.

    Raises: FileNotFoundError.
    """
    stored = segment.lines_path.stat()
    try:
        summed = segment.sum_path.stat().st_mtime_ns
    except FileNotFoundError:
        summed = 0
    return _inspect(segment, facts, (stored.st_ino, stored.st_size, stored.st_mtime_ns, summed))


def inspect_packed(segment: Segment) -> tuple[Span, ...]:
    """The frames of a compressed segment that are damaged, as lines: `start` and `end` are line numbers.

    Raises: FileNotFoundError.
    """
    state = segment.packed_path.stat()
    return _inspect_packed(segment, (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=256)
def _inspect_packed(segment: Segment, _state: tuple[int, ...]) -> tuple[Span, ...]:
    packed = Packed(segment.packed_path)
    try:
        return tuple(
            Span(frame.first_line, frame.first_line, frame.end_line)
            for place, frame in enumerate(packed.frames)
            if not packed.is_whole(place)
        )
    finally:
        packed.close()


@lru_cache(maxsize=256)
def _inspect(segment: Segment, facts: SegmentFacts | None, _state: tuple[int, ...]) -> Health:
    try:
        sums = segment.sum_path.read_bytes()
    except OSError:
        sums = b""
    is_trusted = zlib.crc32(sums) == facts.sums_checksum if facts is not None else bool(sums)
    descriptor = os.open(segment.lines_path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        spans = _by_checksums(descriptor, sums, segment) if is_trusted else _by_lines(descriptor, segment)
    finally:
        os.close(descriptor)
    expected = size if facts is None else max(size, facts.size_bytes)
    return Health(tuple(spans), is_trusted, expected)


def _by_checksums(descriptor: int, sums: bytes, segment: Segment) -> list[Span]:
    spans: list[Span] = []
    place, first_line, start = 0, segment.first_line, 0
    is_good = True
    for entry in range(0, len(sums) - SUM_BYTES + 1, SUM_BYTES):
        length = int.from_bytes(sums[entry : entry + 4], "little")
        block = _pread(descriptor, length, place)
        if len(block) == length and zlib.crc32(block) == int.from_bytes(sums[entry + 4 : entry + 8], "little"):
            if not is_good:
                first_line, start, is_good = number_of(block[: block.find(b"\n") + 1]) or 0, place, True
        else:
            if is_good and place > start:
                spans.append(Span(first_line, start, place))
            is_good = False
        place += length
    if is_good and place > start:
        spans.append(Span(first_line, start, place))
    return spans


def _by_lines(descriptor: int, segment: Segment) -> list[Span]:
    """Runs of whole wire lines whose numbers follow one another."""
    spans: list[Span] = []
    due, start, first_line = segment.first_line, 0, segment.first_line
    place = 0
    rest = b""
    while chunk := _pread(descriptor, SCAN_BYTES, place + len(rest)):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number = number_of(line)
            if number is None or number < due or not is_wire_line(line, number):
                if place > start:
                    spans.append(Span(first_line, start, place))
                start = place + len(line) + 1
            else:
                if place == start or number != due:
                    if place > start:
                        spans.append(Span(first_line, start, place))
                    start, first_line = place, number
                due = number + 1
            place += len(line) + 1
    if place > start:
        spans.append(Span(first_line, start, place))
    return spans


def _pread(descriptor: int, length: int, place: int) -> bytes:
    """Bytes of a file; fewer where it ends or the disk cannot read them."""
    try:
        return os.pread(descriptor, length, place)
    except OSError:
        return b""
