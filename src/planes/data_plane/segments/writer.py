"""Writing a log: append, rotate, drop the middle, seal. One writer per log."""

import json
import os
import sys
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from planes.data_plane.segments.bulk import encode_pieces, escape
from planes.data_plane.segments.files import IDX_BYTES, SEAL_NAME, STRIDE, Segment, count_lines, list_segments
from planes.data_plane.segments.seals import describe_segments
from planes.data_plane.segments.wire import Origin

DEFAULT_MAX_LOG_BYTES = 1024**3
MAX_SEGMENT_BYTES = 16 * 1024**2
# So many finished segments may be on their way to the disk before the writer waits for them.
_MOST_BEHIND = 3
# After so many bytes the system is told to write them.
_BEGIN_WRITING_BYTES = 4 * 1024**2
# As many as every system takes in one call.
_MOST_PIECES = 1024
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class SegmentWriter:
    """Appends numbered wire lines to a log's folder.

    The log keeps within `max_log_bytes`: its first half stays, and of what follows the newest segments stay, so the
    *middle* goes. A caller that sees OSError from `append` knows that nothing of that call is stored.
    """

    def __init__(self, folder: Path, max_log_bytes: int = DEFAULT_MAX_LOG_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._max_log_bytes = max_log_bytes
        self._segment_bytes = max(1024, min(MAX_SEGMENT_BYTES, max_log_bytes // 8))
        self._tail: list[tuple[Segment, int]] = []
        self._behind: list[int] = []  # descriptors of finished segments that are not synced yet
        self._head_bytes = 0
        self.next_line = 0
        self.total_bytes = 0
        self._size = 0
        self._begun = 0  # up to here the system was told to write the segment
        existing = list_segments(folder)
        if existing:
            self._segment = existing[-1]
            self._size = self._segment.lines_path.stat().st_size
            self.next_line = self._segment.first_line + count_lines(self._segment)
            self.total_bytes = self._segment.base_bytes + self._size
        else:
            self._segment = Segment(folder, 0, 0)
        self._open()

    def append(self, contents: Sequence[str], origin: Origin, reported_at: datetime) -> None:
        """Store contents (no newline in any) as the next lines; else as `append_escaped`."""
        self.append_escaped([escape(content) for content in contents], origin, reported_at)

    def append_escaped(self, contents: Sequence[bytes], origin: Origin, reported_at: datetime) -> None:
        """Store contents, escaped as in `bulk`, as the next lines, in one write.

        Raises: OSError if they could not be stored; the log is then as before the call.
        """
        if not contents:
            return
        if self._size >= self._segment_bytes:
            self._rotate()
        pieces: list[bytes] = []
        sums = strides = b""
        line, size = self.next_line, self._size
        for count, piece in encode_pieces(contents, line, self._segment.first_line, origin, reported_at):
            pieces.append(piece)
            line += count
            size += len(piece)
            sums += len(piece).to_bytes(4, "little") + zlib.crc32(piece).to_bytes(4, "little")
            if (line - self._segment.first_line) % STRIDE == 0:
                strides += size.to_bytes(IDX_BYTES, "little")
        try:
            _write_pieces(self._lines, pieces)
            _write_all(self._sum, sums)
            _write_all(self._idx, strides)
        except OSError:
            os.ftruncate(self._lines, self._size)
            os.ftruncate(self._sum, self._sums_size)
            os.ftruncate(self._idx, self._idx_size)
            raise
        self._sums_size += len(sums)
        self._idx_size += len(strides)
        self.total_bytes += size - self._size
        self._size = size
        self.next_line = line
        if size - self._begun >= _BEGIN_WRITING_BYTES:
            self._begin_writing()

    def seal(self) -> None:
        """Sync every segment and mark the log complete. Nothing may be appended afterwards; may run again.

        Raises: OSError if a sync failed: then the log is not sealed, and must not be called so.
        """
        self.sync()
        mark = {
            "lines": self.next_line,
            "bytes": self.total_bytes,
            "sealed_at": datetime.now(UTC).isoformat(),
            "segments": describe_segments(self._folder),
        }
        write_synced(self._folder / SEAL_NAME, json.dumps(mark).encode())

    def sync(self) -> None:
        """Bring what was appended to the disk."""
        for descriptor in (*self._behind, self._lines, self._sum, self._idx):
            os.fsync(descriptor)
        sync_folder(self._folder)
        _close(self._behind)

    def close(self) -> None:
        """Let go of the files; may run again."""
        _close(self._behind)
        _close([descriptor for descriptor in (self._lines, self._sum, self._idx) if descriptor >= 0])
        self._lines = self._sum = self._idx = -1

    def _open(self) -> None:
        self._lines, self._sum, self._idx = _open_files(self._segment)
        self._sums_size = os.fstat(self._sum).st_size
        self._idx_size = os.fstat(self._idx).st_size

    def _rotate(self) -> None:
        """Raises: OSError when the next segment cannot be made: then this one stays the last."""
        if len(self._behind) >= 3 * _MOST_BEHIND:
            self.sync()
        self._begin_writing()
        following = Segment(self._folder, self.next_line, self.total_bytes)
        opened = _open_files(following)
        self._behind += (self._lines, self._sum, self._idx)
        if self._head_bytes < self._max_log_bytes // 2:
            self._head_bytes += self._size
        else:
            self._tail.append((self._segment, self._size))
        self._drop_middle()
        self._segment = following
        self._size = self._begun = self._sums_size = self._idx_size = 0
        self._lines, self._sum, self._idx = opened

    def _begin_writing(self) -> None:
        """Have the system write to the disk what is new, without waiting for it: to sync it then takes little time."""
        if sys.platform == "linux":
            os.posix_fadvise(self._lines, self._begun, self._size - self._begun, os.POSIX_FADV_DONTNEED)
        self._begun = self._size

    def _drop_middle(self) -> None:
        """Make room for one more segment."""
        room = self._max_log_bytes - self._head_bytes - self._segment_bytes
        while self._tail and sum(size for _, size in self._tail) > room:
            oldest, _ = self._tail.pop(0)
            for path in (oldest.lines_path, oldest.sum_path, oldest.idx_path):
                path.unlink(missing_ok=True)


def write_synced(path: Path, content: bytes) -> None:
    """Put a small file in place whole or not at all, on the disk when this returns."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_files(segment: Segment) -> tuple[int, int, int]:
    """The three files of a segment, all or none. Raises: OSError."""
    paths = (segment.lines_path, segment.sum_path, segment.idx_path)
    opened: list[int] = []
    try:
        opened.extend(os.open(path, _NEW_FILE, 0o600) for path in paths)
    except OSError:
        for path in paths[: len(opened)]:
            path.unlink(missing_ok=True)
        _close(opened)
        raise
    lines, sums, index = opened
    return lines, sums, index


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


def _write_all(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])


def _write_pieces(descriptor: int, pieces: Sequence[bytes]) -> None:
    for first in range(0, len(pieces), _MOST_PIECES):
        part = pieces[first : first + _MOST_PIECES]
        written = os.writev(descriptor, part)
        if written < sum(map(len, part)):
            _write_all(descriptor, b"".join(part)[written:])
