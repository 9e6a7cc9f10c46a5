"""Names and layout of a log's folder.

A log is a folder of segments. Each segment is three files of one name, which says the number of its first line and how
many bytes the log had before it:

    000000000000-000000000000000.ndjson   the wire lines, nothing else
    000000000000-000000000000000.sum      per piece of a write: its length and CRC-32 (8 bytes, little endian)
    000000000000-000000000000000.idx      per 256 lines: where the next line starts (8 bytes, little endian)

or, some time after the end, one file: the same lines compressed (`packed`). While both are there both are whole, and
the compressed one counts.

    000000000000-000000000000000.zst

`sealed` stands beside them once the log is complete and synced; it names every segment that belongs to the log
(`seals`). A gap between two segments that the seal does not name is the dropped middle of a log that reached its bound.
"""

import os
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments.wire import number_before

STRIDE = 256
IDX_BYTES = 8
SUM_BYTES = 8
SEAL_NAME = "sealed"
SCAN_BYTES = 1024 * 1024
PLAIN_SUFFIX = ".ndjson"
PACKED_SUFFIX = ".zst"


class Segment(NamedTuple):
    """One segment of a log; `base_bytes` counts every byte written before it, dropped ones included."""

    folder: Path
    first_line: int
    base_bytes: int

    @property
    def lines_path(self) -> Path:
        """The wire lines."""
        return self._path("ndjson")

    @property
    def sum_path(self) -> Path:
        """The checksums of the writes."""
        return self._path("sum")

    @property
    def idx_path(self) -> Path:
        """The sparse index."""
        return self._path("idx")

    @property
    def packed_path(self) -> Path:
        """The compressed form."""
        return self._path("zst")

    @property
    def plain_paths(self) -> tuple[Path, Path, Path]:
        """The files of the form that is written first. The lines come last: without them the form is not there."""
        return self.sum_path, self.idx_path, self.lines_path

    def _path(self, extension: str) -> Path:
        return self.folder / f"{self.first_line:012d}-{self.base_bytes:015d}.{extension}"


def list_segments(folder: Path) -> list[Segment]:
    """Every segment of a log, oldest first; empty if the folder does not exist yet."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found: set[Segment] = set()
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix in {PLAIN_SUFFIX, PACKED_SUFFIX}:
            first_line, _, base_bytes = stem.partition("-")
            if first_line.isdecimal() and base_bytes.isdecimal():
                found.add(Segment(folder, int(first_line), int(base_bytes)))
    return sorted(found, key=lambda segment: segment.first_line)


def is_sealed(folder: Path) -> bool:
    """Whether the log in this folder is complete and synced."""
    return (folder / SEAL_NAME).exists()


def position_of(segment: Segment, line: int) -> int:
    """The byte offset in a plain segment where `line` starts; the segment's size if it has fewer lines.

    One read of the index, then at most `STRIDE` lines are passed over (all of them where the index is damaged).
    """
    strides = (line - segment.first_line) // STRIDE
    with segment.lines_path.open("rb") as lines:
        offset, passed = _nearest_stride(segment, lines.fileno(), strides)
        lines.seek(offset)
        remaining = line - segment.first_line - passed
        while remaining > 0 and (chunk := lines.read(SCAN_BYTES)):
            here = chunk.count(b"\n")
            if here < remaining:
                remaining -= here
                offset += len(chunk)
                continue
            place = 0
            for _ in range(remaining):
                place = chunk.index(b"\n", place) + 1
            return offset + place
        return offset


def count_lines(segment: Segment) -> int:
    """How many whole lines a plain segment holds now."""
    with segment.lines_path.open("rb") as lines:
        offset, counted = _nearest_stride(segment, lines.fileno(), None)
        lines.seek(offset)
        while chunk := lines.read(SCAN_BYTES):
            counted += chunk.count(b"\n")
    return counted


def _nearest_stride(segment: Segment, lines: int, strides: int | None) -> tuple[int, int]:
    """Offset and lines passed of the last index entry at or before `strides` (None: the last there is).

    An entry is believed if the line that ends there has the number that is due.
    """
    try:
        with segment.idx_path.open("rb") as index:
            entries = index.seek(0, os.SEEK_END) // IDX_BYTES
            entry = entries if strides is None else min(strides, entries)
            if entry <= 0:
                return 0, 0
            index.seek((entry - 1) * IDX_BYTES)
            offset = int.from_bytes(index.read(IDX_BYTES), "little")
    except FileNotFoundError:
        return 0, 0
    if number_before(lines, offset) != segment.first_line + entry * STRIDE - 1:
        return 0, 0
    return offset, entry * STRIDE
