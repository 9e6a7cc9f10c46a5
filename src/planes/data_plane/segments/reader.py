"""Reading a log, finished or still being written, from any line on."""

import contextlib
import json
import re
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from planes.data_plane.segments.files import Segment, count_lines, list_segments
from planes.data_plane.segments.integrity import inspect_packed, inspect_plain
from planes.data_plane.segments.packed import Block, Packed
from planes.data_plane.segments.seals import Seal, facts_of, find_seal
from planes.data_plane.segments.sources import Source, open_source
from planes.data_plane.segments.wire import Origin, encode_lines, reported_at_of

READ_BYTES = 256 * 1024
_LOST = "damaged"
_MARK = re.compile(r"[0-9]+ lines? (?:are damaged|\([0-9.]+ MB\) of the middle)")
_CHECKSUMS_LOST = "checksums lost: these lines are served unchecked"


class Damage(NamedTuple):
    """Lines from `from_line` up to and without `to_line` that are lost, or served unchecked; `why` says which."""

    from_line: int
    to_line: int
    why: str


class _Entry(NamedTuple):
    """A segment that belongs to the log; `segment` is None if it is gone though nobody dropped it."""

    first_line: int
    base_bytes: int
    segment: Segment | None


class LogCursor:
    """A place in a log that moves forward over whole lines.

    It holds one open file and at most one block, so a slow reader costs no memory; a segment that is dropped,
    compressed or rewritten while it is read stays readable to its end. Where lines are missing it gives one `runner`
    line, numbered as the first of them, that says how many and why.
    """

    def __init__(self, folder: Path, from_line: int = 0) -> None:
        self._folder = folder
        self.next_line = max(from_line, 0)
        self._seal: Seal | None = None
        self._entry: _Entry | None = None
        self._source: Source | None = None
        self._held: Block | None = None

    def read(self, limit_bytes: int = READ_BYTES) -> bytes:
        """The whole lines stored from here on, about `limit_bytes` of them; empty when there are none at the moment."""
        while True:
            if self._source is None:
                mark = self._enter()
                if self._source is None:
                    return mark
            block = self._take(limit_bytes)
            if block is None and self._is_left_behind():
                # The next segment began before this read: what is still unread here was written before that.
                block = self._take(limit_bytes)
                if block is None:
                    mark = self._mark_rest() or self._mark_unread()
                    self._leave()
                    if mark:
                        return mark
                    continue
            if block is None:
                return self._mark_rest()
            if block.first_line > self.next_line:
                self._held = block
                return self._mark(block.first_line, f"are {_LOST}", _first_time(block.content))
            self.next_line += block.lines
            return block.content

    def close(self) -> None:
        """Let go of the file; may run again."""
        self._leave()

    def _take(self, limit_bytes: int) -> Block | None:
        held, self._held = self._held, None
        return held or (self._source.read(limit_bytes) if self._source is not None else None)

    def _enter(self) -> bytes:
        """Open the segment that holds the next line; or return the line that stands for a gap, if one is there."""
        while True:
            self._seal = find_seal(self._folder)
            with contextlib.suppress(FileNotFoundError):  # dropped or replaced between the listing and now: list again
                return self._enter_listed(_entries(self._folder, self._seal))

    def _enter_listed(self, entries: list[_Entry]) -> bytes:
        before = [entry for entry in entries if entry.first_line <= self.next_line]
        after = entries[len(before) :]
        if before:
            end = _end_of(before[-1], self._seal)
            if self.next_line < end and before[-1].segment is None:
                return self._mark(end, f"are {_LOST}: the file that held them is gone", self._time_of(after))
            if self.next_line < end or (self.next_line == end and not after):
                if before[-1].segment is not None:
                    self._open(before[-1].segment, before[-1])
                return b""
        if not after:
            return b""
        missing_bytes = after[0].base_bytes
        if before:
            missing_bytes -= before[-1].base_bytes + _size_of(before[-1], self._seal)
        words = f"({missing_bytes / 1e6:.1f} MB) of the middle of this log were dropped: it reached its size limit"
        return self._mark(after[0].first_line, words, self._time_of(after))

    def _open(self, segment: Segment, entry: _Entry) -> None:
        self._source = open_source(segment, self.next_line, self._seal)
        self._entry = entry

    def _is_left_behind(self) -> bool:
        entry = self._entry
        return entry is not None and any(
            other.first_line > entry.first_line for other in _entries(self._folder, find_seal(self._folder))
        )

    def _mark_rest(self) -> bytes:
        """The line for what a sealed log should hold here and does not."""
        seal = find_seal(self._folder)
        if self._entry is None or seal is None or not seal.segments:
            return b""
        end = _end_of(self._entry, seal)
        at = seal.sealed_at or datetime.now(UTC)
        return self._mark(end, f"are {_LOST}", at) if self.next_line < end else b""

    def _mark_unread(self) -> bytes:
        """The line for what stands in a segment that is over and cannot be read, where no seal says what it held."""
        entry = self._entry
        if entry is None:
            return b""
        with contextlib.suppress(FileNotFoundError):
            later = [other.first_line for other in _entries(self._folder, self._seal)]
            end = min([_end_of(entry, self._seal), *(line for line in later if line > entry.first_line)])
            if self.next_line < end:
                return self._mark(end, f"are {_LOST}", datetime.now(UTC))
        return b""

    def _mark(self, to_line: int, words: str, at: datetime | None) -> bytes:
        """A wire line, numbered as the first missing one, that says how many are missing; the cursor goes past them."""
        first, self.next_line = self.next_line, to_line
        origin = Origin("other", "runner", "run")
        count = to_line - first
        text = f"{count} {'line' if count == 1 else 'lines'} {words}"
        return encode_lines([text], first, origin, at or datetime.fromtimestamp(0, UTC))

    def _time_of(self, after: list[_Entry]) -> datetime | None:
        """The time of the first line that is there after a gap."""
        for entry in after:
            if entry.segment is not None:
                source = open_source(entry.segment, entry.first_line, self._seal)
                try:
                    block = source.read(4096)
                finally:
                    source.close()
                if block is not None:
                    return _first_time(block.content)
        return self._seal.sealed_at if self._seal is not None else None

    def _leave(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = self._entry = self._held = None


def line_count(folder: Path) -> int:
    """The number after the last stored line; lines that were dropped or lost keep their numbers."""
    while True:
        seal = find_seal(folder)
        if seal is not None and seal.lines is not None:
            return seal.lines
        entries = _entries(folder, seal)
        with contextlib.suppress(FileNotFoundError):
            return _end_of(entries[-1], seal) if entries else 0


def gap_in(block: bytes, behind: int) -> tuple[int, int] | None:
    """The lines that a block stands for which a `LogCursor` gave, if it is the one line for a gap; `behind` is the
    number after it.
    """
    if block.count(b"\n") != 1:
        return None
    line: dict[str, Any] = json.loads(block)
    is_mark = line["source"] == "runner" and line["io_stream"] == "other" and _MARK.match(line["content"])
    return (line["line_num"], behind) if is_mark else None


def range_blocks(folder: Path, from_line: int, limit: int) -> Generator[bytes]:
    """At most `limit` wire lines from `from_line` on, in blocks; a negative `from_line` counts from the end."""
    cursor = LogCursor(folder, from_line if from_line >= 0 else line_count(folder) + from_line)
    try:
        while limit > 0 and (content := cursor.read()):
            lines = content.count(b"\n")
            if lines > limit:
                content = b"".join(content.splitlines(keepends=True)[:limit])
            limit -= lines
            yield content
    finally:
        cursor.close()


def read_range(folder: Path, from_line: int, limit: int) -> bytes:
    """The same, as a whole."""
    return b"".join(range_blocks(folder, from_line, limit))


def damage_of(folder: Path, from_line: int, to_line: int) -> list[Damage]:
    """What is damaged in the segments that hold these lines of a sealed log, and every segment that is gone.

    The first look at a segment reads it (16 MiB: some milliseconds); later ones are free as long as it stays the same.
    """
    seal = find_seal(folder)
    if seal is None:
        return []
    found: list[Damage] = []
    if seal.lines is None:
        found.append(Damage(0, line_count(folder), _CHECKSUMS_LOST))
    for entry in _entries(folder, seal):
        with contextlib.suppress(FileNotFoundError):
            end = _end_of(entry, seal)
            if entry.segment is None:
                found.append(Damage(entry.first_line, end, "the file that held them is gone"))
            elif entry.first_line < to_line and from_line < end:
                found += _damage_in(entry.segment, end, seal)
    return found


def _damage_in(segment: Segment, end: int, seal: Seal) -> list[Damage]:
    good: list[tuple[int, int]]
    found: list[Damage] = []
    if segment.packed_path.exists():
        broken = {span.first_line for span in inspect_packed(segment)}
        packed = Packed(segment.packed_path)
        packed.close()
        good = [(frame.first_line, frame.end_line) for frame in packed.frames if frame.first_line not in broken]
    else:
        facts = facts_of(seal, segment)
        health = inspect_plain(segment, facts)
        if health.is_whole:
            return []
        if not health.is_verified:
            found.append(Damage(segment.first_line, end, _CHECKSUMS_LOST))
        good = []
        with segment.lines_path.open("rb") as stored:
            for first_line, start, stop in health.spans:
                stored.seek(start)
                good.append((first_line, first_line + stored.read(stop - start).count(b"\n")))
    due = segment.first_line
    for first_line, behind in [*good, (end, end)]:
        if first_line > due:
            found.append(Damage(due, first_line, "the stored bytes do not match their checksum"))
        due = max(due, behind)
    return found


def _entries(folder: Path, seal: Seal | None) -> list[_Entry]:
    """Every segment that belongs to the log, gone ones of a sealed log included, oldest first."""
    present = {(segment.first_line, segment.base_bytes): segment for segment in list_segments(folder)}
    keys = present.keys() | (seal.segments.keys() if seal is not None else set[tuple[int, int]]())
    return [
        _Entry(first_line, base_bytes, present.get((first_line, base_bytes))) for first_line, base_bytes in sorted(keys)
    ]


def _end_of(entry: _Entry, seal: Seal | None) -> int:
    """The number after a segment's last line. Raises: FileNotFoundError."""
    facts = seal.segments.get((entry.first_line, entry.base_bytes)) if seal is not None else None
    if facts is not None:
        return entry.first_line + facts.lines
    assert entry.segment is not None
    if not entry.segment.packed_path.exists():
        return entry.first_line + count_lines(entry.segment)
    packed = Packed(entry.segment.packed_path)
    packed.close()
    return packed.frames[-1].end_line if packed.frames else entry.first_line


def _size_of(entry: _Entry, seal: Seal | None) -> int:
    facts = seal.segments.get((entry.first_line, entry.base_bytes)) if seal is not None else None
    if facts is not None or entry.segment is None:
        return facts.size_bytes if facts is not None else 0
    path = entry.segment.packed_path
    return (path if path.exists() else entry.segment.lines_path).stat().st_size


def _first_time(content: bytes) -> datetime | None:
    return reported_at_of(content[: content.find(b"\n") + 1])
