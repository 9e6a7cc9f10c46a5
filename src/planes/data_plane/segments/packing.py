"""Compressing a sealed log, while others read it.

For each segment: write the compressed form beside it, sync it, rename it into place, sync the folder, and only then
remove the plain form. A reader takes the compressed form where both are there, and both are whole. So a process that
dies anywhere in between leaves a readable log, and the next call goes on.
"""

import fcntl
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments.files import PACKED_SUFFIX, Segment, is_sealed, list_segments
from planes.data_plane.segments.integrity import inspect_plain
from planes.data_plane.segments.packed import FRAME_BYTES, Block, write_packed
from planes.data_plane.segments.seals import facts_of, find_seal
from planes.data_plane.segments.sources import PlainSource
from planes.data_plane.segments.writer import sync_folder

_UNFINISHED = PACKED_SUFFIX + ".new"


class Consolidated(NamedTuple):
    """What was done: segments compressed now, and damaged ones left as they are."""

    packed: int
    left: int


class LogIsOpen(Exception):
    """The log is still being written."""


def consolidate(folder: Path) -> Consolidated:
    """Compress every whole segment of a sealed log. May run again, and after a death at any point.

    A damaged segment stays as it is: what can be read of it is served, and the rest is there for whoever repairs disks.
    Waits for another call on the same log. Raises: LogIsOpen, OSError (the log is as readable as before).
    """
    packed = left = 0
    with changing(folder):
        seal = find_seal(folder)
        for segment in list_segments(folder):
            if not segment.packed_path.exists():
                if not inspect_plain(segment, facts_of(seal, segment)).is_whole:
                    left += 1
                    continue
                write_beside(segment, _blocks(segment))
                put_in_place(segment)
                packed += 1
            remove_plain(segment)
    return Consolidated(packed, left)


@contextmanager
def changing(folder: Path) -> Generator[None]:
    """Be the only one who changes a sealed log; what an earlier one left half-written is removed. Raises: LogIsOpen."""
    if not is_sealed(folder):
        raise LogIsOpen
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for name in os.listdir(folder):
            if name.endswith(_UNFINISHED):
                (folder / name).unlink()
        yield
    finally:
        os.close(descriptor)


def write_beside(segment: Segment, blocks: Iterable[Block]) -> Path:
    """Write these lines as a compressed form that is not in place yet; it is on the disk when this returns."""
    path = segment.packed_path.with_name(segment.packed_path.name + ".new")
    write_packed(path, blocks)
    return path


def put_in_place(segment: Segment) -> None:
    """Make what was written beside the segment's form, and remove the plain one."""
    segment.packed_path.with_name(segment.packed_path.name + ".new").replace(segment.packed_path)
    sync_folder(segment.folder)
    remove_plain(segment)


def remove_plain(segment: Segment) -> None:
    """Remove the plain form of a segment that has a compressed one; may run again."""
    for path in segment.plain_paths:
        path.unlink(missing_ok=True)
    sync_folder(segment.folder)


def _blocks(segment: Segment) -> Generator[Block]:
    source = PlainSource(segment, segment.first_line)
    try:
        while (block := source.read(FRAME_BYTES)) is not None:
            yield block
    finally:
        source.close()
