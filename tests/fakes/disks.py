"""A disk that is soon full, for tests; only root can make one, and only where mounts are allowed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_tmpfs(mebibytes: int, files: int = 0) -> Generator[Path]:
    """A folder on a file system of its own with that much room, and for so many files where that is said.

    Skips the test where there can be none.
    """
    folder = Path(tempfile.mkdtemp(prefix="small-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}M,nr_inodes={files}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True, timeout=10).returncode:
        folder.rmdir()
        pytest.skip("no small disk can be made here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=10)
        folder.rmdir()
