"""The folder of a demo: it goes as the demo ends, and at the next demo where that one was killed."""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlthub_tui.cli import exits
from dlthub_tui.session.held_folders import find_left, make_held

_PREFIX = "dlthub-tui-demo-"
# What builds and runs that were under way may still write, once their platform is gone.
_TRIES, _BETWEEN_TRIES_SECONDS = 50, 0.2
_STOPS_SECONDS = 60


@contextmanager
def temporary_folder() -> Generator[Path]:
    """A new folder, gone afterwards."""
    folder, held = make_held(_PREFIX)
    if os.geteuid() == 0:
        folder.chmod(0o711)  # the users of jobs pass through
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(held)


def remove_left_behind() -> None:
    """Stops the platforms of this user's demos that were killed, and removes their folders."""
    for folder in find_left(_PREFIX):
        exits.say_error(f"Removing {folder}: the demo that it was made for was killed.")
        with suppress(OSError):  # it has just ended by itself
            _stop(folder / "home")
        _remove(folder)


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
        # What was built and unpacked for jobs is closed to writing, to its owner too.
        for place, _folders, _files in os.walk(folder):
            with suppress(OSError):
                os.chmod(place, 0o700)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        select.select([], [], [], _BETWEEN_TRIES_SECONDS)
