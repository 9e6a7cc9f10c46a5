"""A file for what failed in the app itself: what and where, scrubbed, never with its variables (Security: 9)."""

from __future__ import annotations

import os
import traceback
from datetime import datetime
from pathlib import Path

from planes.private_files import open_for_home

ERRORS_FILE = "errors.log"
_MOST_BYTES = 200_000
_MOST_IN_A_SECOND = 9


def note_error(folder: Path, error_id: str, what: str, at: datetime) -> None:
    """One line with the id of an error that is shown, 0600: places and kinds, nothing that came from a region."""
    path = folder / ERRORS_FILE
    flags = os.O_TRUNC if _is_long(path) else os.O_APPEND
    with os.fdopen(open_for_home(path, flags), "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{at:%Y-%m-%dT%H:%M:%S%z} {error_id} {what}\n")


def _is_long(path: Path) -> bool:
    try:
        return path.stat().st_size > _MOST_BYTES
    except OSError:
        return False


def write_crash(folder: Path, error: BaseException, now: datetime) -> str:
    """Writes the stack of an error, 0600, scrubbed and without its locals; answers the file's name.

    Another error in the same second, which the first may have caused, has a file of its own.
    """
    from planes.scrub import scrub_text

    stack = "".join(traceback.format_tb(error.__traceback__))
    text = f"{type(error).__name__}: {scrub_text(str(error))}\n{stack}"
    begin = f"crash-{now:%m%d-%H%M%S}"
    names = [f"{begin}.txt", *(f"{begin}-{number}.txt" for number in range(2, _MOST_IN_A_SECOND + 1))]
    name = next((each for each in names if not (folder / each).exists()), names[-1])
    with os.fdopen(open_for_home(folder / name, os.O_TRUNC), "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return name
