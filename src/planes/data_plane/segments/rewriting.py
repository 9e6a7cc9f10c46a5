"""Changing what the lines of a sealed log say, in place: for values that turn out to be secrets later."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments.files import Segment, list_segments
from planes.data_plane.segments.integrity import inspect_packed, inspect_plain
from planes.data_plane.segments.packed import FRAME_BYTES, Block
from planes.data_plane.segments.packing import changing, put_in_place, remove_plain, write_beside
from planes.data_plane.segments.seals import Seal, facts_of, find_seal
from planes.data_plane.segments.sources import open_source
from planes.data_plane.segments.wire import WireLine


class RewriteResult(NamedTuple):
    """What was done: lines looked at, lines changed, segments replaced."""

    lines: int
    changed: int
    segments: int


class RewriteStep(NamedTuple):
    """One segment looked at. `form` is the file that is its form now, or is about to be when lines were changed."""

    segment: Segment
    form: Path
    lines: int
    changed: int


def rewrite_lines(
    folder: Path,
    change: Callable[[Iterable[str]], Iterable[str]],
    *,
    is_done: Callable[[Segment], bool] = lambda _: False,
    note: Callable[[RewriteStep], None] = lambda _: None,
) -> RewriteResult:
    """Pass the contents of a sealed log through `change`: text in, text out, one for each, in order, without newlines.

    `change` is called once for each segment (about 16 MiB of lines), over its lines from first to last; it has the
    shape of `planes.scrub.scrub_lines`, so it may look at more than one line. Numbers, times, streams and sources
    stay. Each segment with a changed line is replaced as a whole by a compressed one, with a new index; so is a damaged
    one, of which only what can be read stays. Others stay as they are.

    `note` is told of each segment when its new form is on the disk and before it is in place, so that what is written
    down there is never less than what was changed; `is_done` says which need not be looked at again.

    May run again: after a death at any point each segment is either as before or changed, and what is left of a
    replaced one is removed by the next call. Readers that are in a segment read it to its end as it was. Blocking.
    Raises: LogIsOpen if the log is not sealed, ValueError if `change` breaks its promise, OSError.
    """
    lines = changed = replaced = 0
    with changing(folder):
        seal = find_seal(folder)
        for segment in list_segments(folder):
            if segment.packed_path.exists() and any(path.exists() for path in segment.plain_paths):
                remove_plain(segment)
            if is_done(segment):
                continue
            work = _Pass(change)
            written = _write_if_changed(segment, seal, work)
            lines += work.lines
            note(RewriteStep(segment, written or form_of(segment), work.lines, work.changed))
            if written is not None:
                put_in_place(segment)
                changed += work.changed
                replaced += 1
    return RewriteResult(lines, changed, replaced)


def form_of(segment: Segment) -> Path:
    """The file that counts."""
    return segment.packed_path if segment.packed_path.exists() else segment.lines_path


def _write_if_changed(segment: Segment, seal: Seal | None, work: "_Pass") -> Path | None:
    """The new form, not in place yet; None if it would hold what the segment holds.

    Blocks are held until one is changed: a segment's at most.
    """
    blocks = work.blocks(segment, seal)
    held: list[Block] = []
    for block in blocks:
        held.append(block)
        if work.changed:
            break
    if not work.changed and not _is_damaged(segment, seal):
        return None
    return write_beside(segment, chain(held, blocks))


class _Pass:
    """One pass over a segment, counted."""

    def __init__(self, change: Callable[[Iterable[str]], Iterable[str]]) -> None:
        self._change = change
        self._waiting: deque[tuple[int, bytes, WireLine]] = deque()
        self.lines = self.changed = 0

    def blocks(self, segment: Segment, seal: Seal | None) -> Iterator[Block]:
        """The segment's lines with their new contents, in blocks that fit a frame."""
        pieces: list[bytes] = []
        size = first_line = due = 0
        for content in self._change(self._contents(segment, seal)):
            if not self._waiting or "\n" in content:
                raise ValueError("each content is answered by one content without a newline")
            number, stored, line = self._waiting.popleft()
            self.lines += 1
            rendered = stored
            if content != line.content:
                self.changed += 1
                rendered = line.render(content)
            if pieces and (number != due or size + len(rendered) > FRAME_BYTES):
                yield Block(first_line, b"".join(pieces), len(pieces))
                pieces, size = [], 0
            first_line = first_line if pieces else number
            pieces.append(rendered)
            size += len(rendered)
            due = number + 1
        if self._waiting:
            raise ValueError("each content is answered by one content")
        if pieces:
            yield Block(first_line, b"".join(pieces), len(pieces))

    def _contents(self, segment: Segment, seal: Seal | None) -> Iterator[str]:
        source = open_source(segment, segment.first_line, seal)
        try:
            while (block := source.read(FRAME_BYTES)) is not None:
                for number, stored in enumerate(block.content.splitlines(keepends=True), block.first_line):
                    line = WireLine.parse(stored[:-1])
                    self._waiting.append((number, stored, line))
                    yield line.content
        finally:
            source.close()


def _is_damaged(segment: Segment, seal: Seal | None) -> bool:
    if segment.packed_path.exists():
        return bool(inspect_packed(segment))
    return not inspect_plain(segment, facts_of(seal, segment)).is_whole
