"""What a crowd of threads has freed is there for the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from planes.data_plane.runner.kernel import libc

# As many threads at once, each with a piece of the C library's memory, and how many heaps there are then.
_PROGRAM = """
import ctypes, os, sys, threading
from planes.data_plane.runner.kernel import libc, share_heaps
assert share_heaps()
libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(24)
def take():
    libc.malloc(70_000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with open(sys.argv[1], "wb") as file:
    stream = ctypes.c_void_p(libc.fdopen(os.dup(file.fileno()), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
"""


@pytest.mark.skipif(not hasattr(libc, "malloc_info"), reason="another C library has other heaps")
def test_threads_share_two_heaps(tmp_path: Path) -> None:
    told = tmp_path / "told"
    subprocess.run([sys.executable, "-c", _PROGRAM, told], check=True, timeout=240)

    assert told.read_text().count("<heap ") == 2
