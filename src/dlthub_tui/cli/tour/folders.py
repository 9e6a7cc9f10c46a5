"""The folder of a demo: it goes as the demo ends, and at the next demo where that one was killed."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlthub_tui.cli import exits

_PREFIX = "dlthub-tui-demo-"
# Held (flock) for life by the demo whose folder it is.
_LOCK = "demo.lock"
# What builds and runs that were under way may still write, once their platform is gone.
_TRIES, _BETWEEN_TRIES_SECONDS = 50, 0.2
_STOPS_SECONDS = 60


@contextmanager
def temporary_folder() -> Generator[Path]:
    """A new folder, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # the users of jobs pass through
    held = _hold(folder)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(held)


def remove_left_behind() -> None:
    """Stops the platforms of this user's demos that were killed, and removes their folders."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another's, one that is alive, or one that has just gone
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                exits.say_error(f"Removing {folder}: the demo that it was made for was killed.")
                _stop(folder / "home")
                _remove(folder)
            finally:
                os.close(lock)


def _hold(folder: Path) -> int:
    """The lock, which gets its name as it is held: who finds it free finds a demo that is over."""
    unnamed = folder / f"{_LOCK}.new"
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    unnamed.rename(folder / _LOCK)
    return lock


def _stop(home: Path) -> None:
    """Ends the platform that runs for the home, if one does."""
    from dlthub_tui.embed.finding import find_platform

    if (found := find_platform(home)) is None:
        return
    os.kill(found.pid, signal.SIGTERM)
    until = time.monotonic() + _STOPS_SECONDS
    while find_platform(home) is not None and time.monotonic() < until:
        select.select([], [], [], _BETWEEN_TRIES_SECONDS)


def _remove(folder: Path) -> None:
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        select.select([], [], [], _BETWEEN_TRIES_SECONDS)
