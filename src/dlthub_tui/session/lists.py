"""A list saved to a file: a table that spreadsheets and shells read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def write_table(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Cells between tabs, one row a line, into a new file (0600). Blocking.

    Raises: FileExistsError, OSError.
    """
    text = "".join("\t".join(cell.replace("\t", " ").strip() for cell in row) + "\n" for row in rows)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
