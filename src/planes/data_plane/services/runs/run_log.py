"""Lines of a run's log from before it has a runner: warnings, and why it could not be started.

Only for a folder whose run no runner has taken or can take. Blocking; may run twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from planes.data_plane.runner.folders import Outcome, RunFolder
from planes.data_plane.segments import Origin, SegmentWriter
from planes.scrub import Registered, display_guard, scrub_text

# `dlthub` hides runner lines, and this is for the person whose job it is.
_REASON = Origin("stderr", "setup", "build")
_NOTE = Origin("stdout", "setup", "build")
_LAST_WORD = Origin("other", "runner", "build")


def write_notes(root: Path, notes: Sequence[str], values: Sequence[tuple[str, str]]) -> None:
    """Begins the log with these lines, without these (name, value) pairs; the runner goes on after them."""
    folder = _fresh(root)
    if not notes:
        return
    registered = Registered.from_values(values)
    writer = SegmentWriter(folder.segments)
    try:
        writer.append(_lines(notes, registered), _NOTE, datetime.now(UTC))
        writer.sync()
    finally:
        writer.close()


def write_end(root: Path, run_id: str, fence: int, outcome: str, reasons: Sequence[str]) -> Outcome:
    """A sealed log that says why the run was never started, and its exit record. `outcome` is failed or cancelled."""
    folder = _fresh(root)
    now = datetime.now(UTC)
    writer = SegmentWriter(folder.segments)
    try:
        writer.append(_lines(reasons, Registered.empty()), _REASON, now)
        writer.append([f"not started; {outcome}"], _LAST_WORD, now)
        writer.seal()
    finally:
        writer.close()
    record = Outcome(
        run_id=run_id,
        fence=fence,
        outcome=outcome,
        reason="not_started" if outcome == "failed" else "cancelled",
        step=None,
        exit_code=None,
        signal=None,
        started_at=None,
        user_started_at=None,
        finished_at=now.isoformat(),
        hits={},
        lines=writer.next_line,
    )
    folder.write_outcome(record)
    return record


def _fresh(root: Path) -> RunFolder:
    folder = RunFolder(root)
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.control.mkdir(mode=0o700, exist_ok=True)
    if folder.segments.exists():
        shutil.rmtree(folder.segments)
    return folder


def _lines(texts: Sequence[str], registered: Registered) -> list[str]:
    return [display_guard(line) for text in texts for line in scrub_text(text, registered).splitlines()]
