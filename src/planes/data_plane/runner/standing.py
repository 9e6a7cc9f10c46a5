"""An interpreter that stands by: contained as its run's step will be, with its imports done, for one run and no more.

The runner starts it before it has a run, exactly as it starts a step, with one thing more: a line to it in the place of
its standard input.

    start ─► r: imports done ─► the step's arguments, environment, folder ─► +: from here on it is the step's program
                    │                                                    └─► -, nothing, or too late: ended, start cold
                    └─► it ended: there is no run yet, the runner ends too
"""

import json
import os
import signal
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planes.data_plane.runner.groups import RunGroup
from planes.data_plane.runner.request import Step, step_document
from planes.data_plane.runner.spawning import StepNotStarted, StepProcess, spawn

LENGTH = struct.Struct("=I")
READY, TAKEN = b"r", b"+"
_TAKES_SECONDS = 2.0
_PROGRAM = Path(__file__).with_name("standing_program.py")


def standing_step(step: Step, imports: tuple[str, ...]) -> Step:
    """The step that stands by for steps of this kind: `argv` is an interpreter, the environment what it begins with."""
    code = _PROGRAM.read_text(encoding="utf-8")
    return step._replace(argv=(step.argv[0], "-u", "-c", code, *imports), cwd="/")


class Standing:
    """A started interpreter. The process that makes it must be the one that runs the step."""

    def __init__(self, step: Step, work: str, group: RunGroup) -> None:
        """`work` is the folder that will be the step's `cwd`, wherever it is moved until then; `group` its run's.

        Raises: StepNotStarted, also where this system lacks a part of the containment.
        """
        self._step = step
        self.group = group
        self._work = _identity(work)
        self.line, theirs = socket.socketpair()
        with theirs:
            self._process: StepProcess | None = None
            self._process = spawn(step, theirs.fileno(), group)
        if self._process.gaps or self._process.first is None:
            self.end()
            raise StepNotStarted("nothing stands by where runs are not contained")

    def begin(self, step: Step) -> StepProcess | None:
        """Turn into this step's program. None when it cannot: it is gone then, and has run nothing of the step."""
        process = self._process
        if process is None or not self._fits(step):
            self.end()
            return None
        content = json.dumps({"argv": step.argv, "environment": dict(step.environment), "cwd": step.cwd}).encode()
        self.line.settimeout(_TAKES_SECONDS)
        try:
            self.line.sendall(LENGTH.pack(len(content)) + content)
            answer = self.line.recv(1)
        except OSError:
            answer = b""
        if answer != TAKEN:
            self.end()
            return None
        self.line.close()
        self._process = None
        return process

    def end(self) -> None:
        """End it and all it started; may run again."""
        process, self._process = self._process, None
        self.line.close()
        if process is None:
            return
        first = process.first or process.pid
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        for descriptor in (process.stdout, process.stderr, process.status, process.binds):
            if descriptor is not None:
                os.close(descriptor)

    def _fits(self, step: Step) -> bool:
        """Whether the step would be started and contained just like this, in this very folder."""
        mine, theirs = self._step, step
        if mine.confinement is None or theirs.confinement is None:
            return False
        return (
            (theirs.argv[0], theirs.argv[1:3]) == (mine.argv[0], ("-u", "-m"))
            and (theirs.uid, theirs.gid, theirs.limits) == (mine.uid, mine.gid, mine.limits)
            and theirs.app_port is None
            and _identity(theirs.cwd) == self._work
            and set(theirs.confinement.read) == set(mine.confinement.read)
            and set(theirs.confinement.use) == set(mine.confinement.use)
            and set(theirs.confinement.write) - {theirs.cwd} <= set(mine.confinement.write)
        )


def render_berth(step: Step, work: str) -> bytes:
    """The line that asks a runner to keep an interpreter standing by."""
    document: Mapping[str, Any] = {**step_document(step), "work": work}
    return json.dumps(document).encode("ascii") + b"\n"


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder, follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino
