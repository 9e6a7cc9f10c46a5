"""The seal of a log: that it is complete, and which segments belong to it."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from planes.data_plane.segments.files import SEAL_NAME, Segment, count_lines, list_segments


class SegmentFacts(NamedTuple):
    """What a segment held when the log was sealed; `sums_checksum` is the CRC-32 of its file of checksums."""

    lines: int
    size_bytes: int
    sums_checksum: int


class Seal(NamedTuple):
    """What a seal says. `lines` is None in a damaged one; `segments` is keyed by first line and bytes before."""

    lines: int | None
    sealed_at: datetime | None
    segments: Mapping[tuple[int, int], SegmentFacts]


def describe_segments(folder: Path) -> list[list[int]]:
    """Every segment as the seal lists it: first line, bytes before it, lines, bytes, checksum of its checksums."""
    return [
        [
            segment.first_line,
            segment.base_bytes,
            count_lines(segment),
            segment.lines_path.stat().st_size,
            zlib.crc32(segment.sum_path.read_bytes()),
        ]
        for segment in list_segments(folder)
    ]


def find_seal(folder: Path) -> Seal | None:
    """The seal, or None as long as the log is not complete."""
    path = folder / SEAL_NAME
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return _read_seal(path, state.st_ino, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_seal(path: Path, _inode: int, _changed_at: int) -> Seal:
    try:
        mark = cast("dict[str, Any]", json.loads(path.read_bytes()))
        rows = cast("list[list[int]]", mark.get("segments", []))
        segments = {(row[0], row[1]): SegmentFacts(*row[2:]) for row in rows}
        return Seal(int(mark["lines"]), datetime.fromisoformat(mark["sealed_at"]), segments)
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return Seal(None, None, {})


def facts_of(seal: Seal | None, segment: Segment) -> SegmentFacts | None:
    """What the seal says of a segment."""
    return seal.segments.get((segment.first_line, segment.base_bytes)) if seal is not None else None
