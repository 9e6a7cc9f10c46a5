"""Stages that many cases share, and what is kept of one on which a case failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from tests.reliability.crash_stage import CrashStage, crash_stage
from tests.reliability.forked_planes import Forking

KEPT = (
    "*/serve.log",
    "*/control/control.db*",
    "*/data/*/region.db*",
    "*/data/*/orgs/*/workspaces/*/runs/*/ctl/**/*",
)
"""Logs and databases of the planes, records and logs of the runs."""


class Stages:
    """One of each kind, as long as the cases on it hold: what a failed one left would fail those after it."""

    def __init__(self) -> None:
        self._open: dict[tuple[bool, bool], tuple[ExitStack, CrashStage]] = {}
        self._lasting = ExitStack()
        self._forking: Forking | None = None

    @contextmanager
    def use(self, *, is_split: bool, is_forked: bool = False) -> Generator[CrashStage]:
        """The stage; when the block fails, what tells why is kept in a folder that the failure names.

        Planes are started as people start them, or forked.
        """
        kind = (is_split, is_forked)
        if kind not in self._open:
            if is_forked and self._forking is None:
                self._forking = self._lasting.enter_context(closing(Forking()))
            stack = ExitStack()
            forking = self._forking if is_forked else None
            self._open[kind] = stack, stack.enter_context(crash_stage(is_split=is_split, forking=forking))
        stack, stage = self._open[kind]
        try:
            yield stage
        except BaseException as exc:
            exc.add_note(f"what tells why is kept in {keep(stage.root)}")
            del self._open[kind]
            stack.close()
            raise

    def close(self) -> None:
        """Ends all and removes them."""
        for stack, _ in self._open.values():
            stack.close()
        self._open.clear()
        self._lasting.close()


def keep(root: Path) -> Path:
    """A copy of what tells what happened on the stage in this folder, and the machine's processes."""
    kept = Path(tempfile.mkdtemp(prefix="dlthub-tui-kept-"))
    for path in (path for pattern in KEPT for path in root.glob(pattern)):
        with suppress(OSError):  # it may go at any moment
            if path.is_file():
                place = kept / path.relative_to(root)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)
    with (kept / "processes").open("w") as file:
        file.write(f"load {os.getloadavg()}\n")
        file.flush()
        subprocess.run(["ps", "-eo", "pid,ppid,stat,etimes,time,wchan:20,args"], stdout=file, check=False)
    return kept
