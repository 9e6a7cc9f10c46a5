"""Compressing the logs of ended runs, one at a time, beside everything else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.segments import is_sealed, list_segments
from planes.data_plane.segments.packing import LogIsOpen, consolidate

# Below this nothing is gained: a log of a few lines stays as it was written.
SMALL_BYTES = 16 * 1024
_log = structlog.get_logger("planes.data_plane.consolidation")


class Consolidation:
    """`find_logs` lists the folders of all logs; it is asked once, for those that an earlier process left."""

    def __init__(self, find_logs: Callable[[], Iterable[Path]]) -> None:
        self._find_logs = find_logs
        self._due: deque[Path] = deque()
        self._news = anyio.Event()

    def add(self, folder: Path) -> None:
        """A log has been sealed."""
        self._due.append(folder)
        self._news.set()

    async def run(self) -> None:
        """Compresses what is due, until it is cancelled. A death in between harms nothing."""
        self._due.extendleft(await to_thread.run_sync(self._list_left, abandon_on_cancel=True))
        while True:
            while self._due:
                await _consolidate(self._due.popleft())
            self._news = anyio.Event()
            if not self._due:
                await self._news.wait()  # as long as no run ends

    def _list_left(self) -> list[Path]:
        return [folder for folder in self._find_logs() if is_worth_it(folder)]


def is_worth_it(folder: Path) -> bool:
    """Whether a log is sealed and has plain segments of some size."""
    if not is_sealed(folder):
        return False
    plain = [segment.lines_path for segment in list_segments(folder) if segment.lines_path.exists()]
    return sum(path.stat().st_size for path in plain) > SMALL_BYTES


async def _consolidate(folder: Path) -> None:
    try:
        if await to_thread.run_sync(is_worth_it, folder):
            done = await to_thread.run_sync(consolidate, folder, abandon_on_cancel=True)
            if done.left:
                _log.error("log_damaged", segments=done.left)
    except LogIsOpen:
        return
    except OSError as exc:
        _log.error("log_not_consolidated", reason=exc.strerror)
