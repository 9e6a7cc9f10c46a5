"""Reading a log, finished or still being written, from any line on."""

import os
from datetime import UTC, datetime
from pathlib import Path

from planes.data_plane.segments.files import Segment, count_lines, list_segments, position_of
from planes.data_plane.segments.wire import Origin, encode_lines

READ_BYTES = 256 * 1024


class LogCursor:
    """A place in a log that moves forward over whole lines.

    It holds one open file and no lines, so a slow reader costs no memory; a segment dropped while it is read stays
    readable to its end. Where the middle is missing it gives one `runner` line that says how much.
    """

    def __init__(self, folder: Path, from_line: int = 0) -> None:
        self._folder = folder
        self.next_line = max(from_line, 0)
        self._segment: Segment | None = None
        self._descriptor = -1
        self._offset = 0

    def read(self, limit_bytes: int = READ_BYTES) -> bytes:
        """The whole lines stored from here on, about `limit_bytes` of them; empty when there are none at the moment."""
        while True:
            if self._segment is None:
                missing = self._enter()
                if self._segment is None or missing:
                    return missing
            content = self._whole_lines(limit_bytes)
            if content:
                self.next_line += content.count(b"\n")
                return content
            if not self._is_left_behind():
                return b""
            # The next segment began before this read: what is still unread here was written before that.
            content = self._whole_lines(limit_bytes)
            if content:
                self.next_line += content.count(b"\n")
                return content
            self._leave()

    def close(self) -> None:
        """Let go of the file; may run again."""
        self._leave()

    def _whole_lines(self, limit_bytes: int) -> bytes:
        """Up to the last newline; one line longer than the limit is read whole."""
        while True:
            content = os.pread(self._descriptor, limit_bytes, self._offset)
            end = content.rfind(b"\n") + 1
            if end:
                self._offset += end
                return content[:end]
            if len(content) < limit_bytes:
                return b""
            limit_bytes *= 4

    def _enter(self) -> bytes:
        """Open the segment that holds the next line; return the line that stands for a gap, if one lies before it."""
        while True:
            try:
                return self._enter_listed(list_segments(self._folder))
            except FileNotFoundError:
                continue  # a segment was dropped between the listing and now: list again

    def _enter_listed(self, segments: list[Segment]) -> bytes:
        before = [segment for segment in segments if segment.first_line <= self.next_line]
        after = [segment for segment in segments if segment.first_line > self.next_line]
        if before:
            end = before[-1].first_line + count_lines(before[-1])
            if self.next_line < end or (self.next_line == end and not after):
                self._open(before[-1])
                return b""
        if not after:
            return b""
        gap = _gap_line(before[-1] if before else None, self.next_line, after[0])
        self._open(after[0])
        self.next_line = after[0].first_line
        return gap

    def _open(self, segment: Segment) -> None:
        offset = position_of(segment, self.next_line) if self.next_line > segment.first_line else 0
        self._descriptor = os.open(segment.lines_path, os.O_RDONLY | os.O_CLOEXEC)
        self._segment = segment
        self._offset = offset

    def _is_left_behind(self) -> bool:
        segment = self._segment
        return segment is not None and any(
            other.first_line > segment.first_line for other in list_segments(self._folder)
        )

    def _leave(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self._segment = None


def line_count(folder: Path) -> int:
    """The number after the last stored line; dropped lines keep their numbers."""
    segments = list_segments(folder)
    return segments[-1].first_line + count_lines(segments[-1]) if segments else 0


def read_range(folder: Path, from_line: int, limit: int) -> bytes:
    """At most `limit` wire lines from `from_line` on; a negative `from_line` counts from the end."""
    cursor = LogCursor(folder, from_line if from_line >= 0 else line_count(folder) + from_line)
    pieces: list[bytes] = []
    try:
        while limit > 0 and (content := cursor.read()):
            lines = content.count(b"\n")
            if lines > limit:
                content = b"".join(content.splitlines(keepends=True)[:limit])
            pieces.append(content)
            limit -= lines
    finally:
        cursor.close()
    return b"".join(pieces)


def _gap_line(before: Segment | None, next_line: int, after: Segment) -> bytes:
    """A wire line, numbered as the first missing one, that says how much of the middle is gone."""
    first_missing, missing_bytes = next_line, after.base_bytes
    if before is not None:
        first_missing = max(before.first_line + count_lines(before), next_line)
        missing_bytes -= before.base_bytes + before.lines_path.stat().st_size
    text = (
        f"{after.first_line - first_missing} lines ({missing_bytes / 1e6:.1f} MB) of the middle of this log"
        " were dropped: it reached its size limit"
    )
    reported_at = datetime.fromtimestamp(after.lines_path.stat().st_ctime, UTC)
    return encode_lines([text], first_missing, Origin("other", "runner", "run"), reported_at)
