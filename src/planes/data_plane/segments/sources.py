"""One segment read forward, whatever its form. Each source holds one open file and at most one block."""

import os
from collections.abc import Sequence
from typing import Protocol

from planes.data_plane.segments.files import Segment, position_of
from planes.data_plane.segments.integrity import Span, inspect_plain
from planes.data_plane.segments.packed import Block, Packed
from planes.data_plane.segments.seals import Seal, facts_of
from planes.data_plane.segments.wire import number_of


class Source(Protocol):
    """The good lines of one segment from a line on. Lines that are lost are left out: the numbers tell."""

    def read(self, limit_bytes: int) -> Block | None:
        """About `limit_bytes` of whole lines, or None if there are no more at the moment."""
        ...

    def close(self) -> None:
        """Let go of the file; may run again."""
        ...


def open_source(segment: Segment, line: int, seal: Seal | None) -> Source:
    """Open a segment at the line, or at the first good one after it.

    A segment that may still be written (no seal) is read as it lies there; afterwards it is checked first.
    Raises: FileNotFoundError when its form has just been replaced or the segment dropped.
    """
    if segment.packed_path.exists():
        return PackedSource(segment, line)
    if seal is not None:
        health = inspect_plain(segment, facts_of(seal, segment))
        if not health.is_whole:
            return DamagedSource(segment, line, health.spans)
    return PlainSource(segment, line, is_checked=seal is not None)


class PlainSource:
    """A whole plain segment, possibly one that grows. With `is_checked` its lines are known to be as they were written.

    Then a block's lines are counted by the number in its last one: that is faster than the look at each byte.
    """

    def __init__(self, segment: Segment, line: int, *, is_checked: bool = False) -> None:
        self._offset = position_of(segment, line) if line > segment.first_line else 0
        self._next_line = line
        self._is_checked = is_checked
        self._descriptor = os.open(segment.lines_path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, limit_bytes: int) -> Block | None:
        """Up to the last newline; one line longer than the limit is read whole."""
        content = read_whole_lines(self._descriptor, self._offset, limit_bytes)
        if not content:
            return None
        last = number_of(content) if self._is_checked else None
        block = Block(self._next_line, content, content.count(b"\n") if last is None else last + 1 - self._next_line)
        self._offset += len(content)
        self._next_line += block.lines
        return block

    def close(self) -> None:
        """Let go of the file; may run again."""
        self._descriptor = _closed(self._descriptor)


class DamagedSource:
    """The good spans of a damaged plain segment."""

    def __init__(self, segment: Segment, line: int, spans: Sequence[Span]) -> None:
        self._spans = list(spans)
        self._line = line
        self._descriptor = os.open(segment.lines_path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, limit_bytes: int) -> Block | None:
        """The next lines of the spans."""
        while self._spans:
            number, place, end = self._spans[0]
            content = read_whole_lines(self._descriptor, place, min(limit_bytes, end - place), end)
            if not content:
                self._spans.pop(0)
                continue
            count = content.count(b"\n")
            self._spans[0] = Span(number + count, place + len(content), end)
            if place + len(content) >= end:
                self._spans.pop(0)
            block = from_line(Block(number, content, count), self._line)
            if block.content:
                return block
        return None

    def close(self) -> None:
        """Let go of the file; may run again."""
        self._descriptor = _closed(self._descriptor)


class PackedSource:
    """A compressed segment; damaged frames are left out."""

    def __init__(self, segment: Segment, line: int) -> None:
        self._packed = Packed(segment.packed_path)
        self._place = self._packed.frame_at(line)
        self._line = line
        self._rest: Block | None = None

    def read(self, limit_bytes: int) -> Block | None:
        """The rest of a frame, or the next good one."""
        while self._rest is None:
            if self._place >= len(self._packed.frames):
                return None
            block = self._packed.read(self._place)
            self._place += 1
            if block is not None:
                block = from_line(block, self._line)
                self._rest = block if block.content else None
        first_line, content, lines = self._rest
        if len(content) <= limit_bytes:
            self._rest = None
            return Block(first_line, content, lines)
        end = content.rfind(b"\n", 0, limit_bytes) + 1 or content.find(b"\n") + 1
        taken = Block(first_line, content[:end], content.count(b"\n", 0, end))
        self._rest = _after(taken, self._rest)
        return taken

    def close(self) -> None:
        """Let go of the file; may run again."""
        self._packed.close()


def read_whole_lines(descriptor: int, offset: int, limit_bytes: int, end: int | None = None) -> bytes:
    """Up to the last newline within the limit (and before `end`); one line longer than the limit is read whole."""
    while True:
        content = os.pread(descriptor, limit_bytes if end is None else min(limit_bytes, end - offset), offset)
        place = content.rfind(b"\n") + 1
        if place:
            return content[:place]
        if len(content) < limit_bytes:
            return b""
        limit_bytes *= 4


def from_line(block: Block, line: int) -> Block:
    """The part of a block from a line on."""
    skipped = line - block.first_line
    if skipped <= 0:
        return block
    place = 0
    for _ in range(skipped):
        place = block.content.find(b"\n", place) + 1
        if not place:
            return Block(line, b"", 0)
    return Block(line, block.content[place:], block.lines - skipped)


def _after(taken: Block, block: Block) -> Block | None:
    """What is left of a block."""
    content = block.content[len(taken.content) :]
    return Block(taken.first_line + taken.lines, content, block.lines - taken.lines) if content else None


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1
