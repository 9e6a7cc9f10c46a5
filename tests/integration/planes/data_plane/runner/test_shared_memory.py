"""Shared memory that a job has left, with nobody attached to it, is counted."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ROOT, own_uid

from planes.data_plane.runner.containment import landlock

__all__ = ["own_uid"]

pytestmark = pytest.mark.skipif(landlock.version() < 6, reason="namespaces as runs have them")

_JOB = """
import ctypes, os, sys
telling, waits = map(int, sys.argv[1:])
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
for attaches in (False, True):
    place = ctypes.c_void_p(libc.shmat(libc.shmget(0, 32 * 2**20, 0o1600), None, 0))
    ctypes.memset(place, 1, 32 * 2**20)
    if not attaches:
        libc.shmdt(place)
os.write(telling, b"+")
os.read(waits, 1)
"""
_RUNNER = """
import os, sys
from planes.data_plane.runner.containment import namespaces
from planes.data_plane.runner.processes import list_descendants
from planes.data_plane.runner.shared_memory import measure_unattached
from planes.data_plane.runner.usage import measure_together
told, telling = os.pipe()
waits, goes = os.pipe()
if os.fork() == 0:
    namespaces.enter()
    for descriptor in (telling, waits):
        os.set_inheritable(descriptor, True)
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], str(telling), str(waits)])
os.close(telling)
os.read(told, 1)
job = list_descendants(os.getpid())
print(measure_unattached(job) // 2**20, measure_together(job) // 2**20)
"""


def test_what_nobody_is_attached_to_counts_once(own_uid: int | None) -> None:
    done = subprocess.run(
        [*as_uid(own_uid), sys.executable, "-c", _RUNNER, _JOB],
        check=False, capture_output=True, text=True, timeout=240, cwd=ROOT, env={"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    unattached, together = map(int, (done.stdout or f"-1 {len(done.stderr)}").split())

    assert unattached == 32, done.stderr
    assert 64 <= together < 64 + 32
