"""What a rescrub has found in a run's log so far: `ctl/rescrub-ID.json`, names and counts, never values.

A segment's entry is on the disk before the segment is replaced. So a death in between loses nothing: what was replaced
is written down, and what is only written down is found again, and written over. The plane takes the totals into its
database, in the transaction that ends the run's part of the rescrub, and then the file goes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from planes.data_plane.runner.folders import read_record
from planes.data_plane.segments import Segment, write_synced
from planes.data_plane.segments.rewriting import RewriteStep, form_of

_PREFIX = "rescrub-"


class Found(NamedTuple):
    """Of all segments so far: how many, lines looked at and changed, hits by name."""

    segments: int
    lines: int
    changed: int
    hits: Mapping[str, int]


class RescrubJournal:
    """The file of one rescrub and run. Blocking."""

    def __init__(self, control: Path, rescrub_id: str) -> None:
        self._path = control / f"{_PREFIX}{rescrub_id}.json"
        record = read_record(self._path) or {}
        self._segments: dict[str, dict[str, Any]] = record.get("segments", {})

    def is_done(self, segment: Segment) -> bool:
        """Whether the segment is as it was left."""
        entry = self._segments.get(segment.lines_path.stem)
        return entry is not None and entry["form"] == _identity(form_of(segment))

    def note(self, step: RewriteStep, hits: Mapping[str, int]) -> None:
        """Writes down what was found in a segment.

        Where nothing was, an earlier pass has replaced it and died before it could go on: what it found stays.
        """
        name = step.segment.lines_path.stem
        entry = self._segments.get(name)
        if entry is None or step.changed:
            entry = {"lines": step.lines, "changed": step.changed, "hits": dict(hits)}
        self._segments[name] = {**entry, "form": _identity(step.form)}
        write_synced(self._path, json.dumps({"segments": self._segments}).encode())

    def found(self) -> Found:
        """Totals."""
        entries = self._segments.values()
        hits: Counter[str] = Counter()
        for entry in entries:
            hits.update(entry["hits"])
        return Found(
            len(entries), sum(entry["lines"] for entry in entries), sum(entry["changed"] for entry in entries), hits
        )


def forget_others(control: Path, rescrub_ids: Collection[str]) -> None:
    """Removes the files of all rescrubs but these: theirs are in the database. May run again."""
    kept = {f"{_PREFIX}{rescrub_id}.json" for rescrub_id in rescrub_ids}
    for path in control.glob(f"{_PREFIX}*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _identity(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_ino, state.st_size, state.st_mtime_ns]
