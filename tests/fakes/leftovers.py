"""Ends what a test has left: runners outlive their region by design, and so a test that fails halfway."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

_RUNS = "orgs/*/workspaces/*/runs/*/ctl"


def end_runners(folder: Path, seconds: float = 5.0) -> None:
    """Ends what still runs of this home, or of the regions in this folder, and waits until it is gone."""
    left: list[int] = []
    for place in (found for way in ("", "*/", "data/*/") for found in folder.glob(way + _RUNS)):
        for record in (place / "runner.json", place / "step.json"):
            with suppress(OSError, ValueError):
                found = json.loads(record.read_bytes())
                if start_ticks(found["pid"]) == found["start_ticks"]:
                    left.append(os.pidfd_open(found["pid"]))
                    os.killpg(found["pid"], signal.SIGKILL)
    until = time.monotonic() + seconds
    for process in left:  # readable when it has ended
        select.select([process], [], [], max(0.0, until - time.monotonic()))
        os.close(process)


def start_ticks(pid: int) -> int | None:
    """When a process started, which tells it from a later one with the same pid; None when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])
