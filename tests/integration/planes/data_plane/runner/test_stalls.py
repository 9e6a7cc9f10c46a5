"""A job that waits for a process it forked is told what it may be, and no other."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.acceptance.platforms import wait_until

from planes.data_plane.runner import stalls
from planes.data_plane.runner.processes import list_descendants, signal_processes
from planes.data_plane.runner.stalls import QUIET_SECONDS, ForkWait
from planes.data_plane.runner.usage import measure

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what a process waits for")

_BEGIN = "import os, signal, subprocess; signal.signal(signal.SIGTERM, lambda *_: None); "
FORKS = _BEGIN + "child = os.fork(); child or input(); os.waitpid(child, 0)"
FORKS_BUSY = _BEGIN + "child = os.fork()\nwhile not child: pass\nos.waitpid(child, 0)"
STARTS = _BEGIN + "subprocess.run(['cat'])"
ENDS_BY_SIGNAL = "import os; child = os.fork(); child or input(); os.waitpid(child, 0)"


@contextmanager
def waiting(program: str) -> Generator[int]:
    """The program, once it waits for what it started."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        try:
            wait_until(lambda: stalls._waits(process.pid))
            yield process.pid
        finally:
            signal_processes(list_descendants(process.pid), signal.SIGKILL)


TIMES = [step * QUIET_SECONDS / 6 for step in range(9)]


@pytest.mark.parametrize(
    ("program", "is_told"),
    [
        pytest.param(FORKS, True, id="forked"),
        pytest.param(STARTS, False, id="another program"),
        pytest.param(ENDS_BY_SIGNAL, False, id="ends by the signal"),
    ],
)
def test_only_a_wait_for_a_forked_process_that_takes_the_signal_is_told(program: str, is_told: bool) -> None:
    with waiting(program) as main:
        watched = ForkWait(main)
        told = [now for now in TIMES if watched.is_told(now, 0)]

    assert told == ([QUIET_SECONDS] if is_told else [])


def test_one_that_works_or_prints_is_waited_for() -> None:
    with waiting(FORKS_BUSY) as main:
        watched, taken = ForkWait(main), 0.0
        told = False
        for now in TIMES:
            wait_until(lambda before=taken: measure(list_descendants(main)).processor_seconds > before)
            taken = measure(list_descendants(main)).processor_seconds
            told = watched.is_told(now, 0) or told
    with waiting(FORKS) as main:
        watched = ForkWait(main)
        told = sum(watched.is_told(now, lines) for lines, now in enumerate(TIMES)) > 0 or told

    assert not told
