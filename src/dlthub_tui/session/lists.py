"""What a list shows, saved to a file: a table that spreadsheets and shells read, or a document of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Cells between tabs, one row a line."""
    return "".join("\t".join(cell.replace("\t", " ").strip() for cell in row) + "\n" for row in rows)


def write_new(path: Path, text: str) -> None:
    """Into a new file (0600). Blocking.

    Raises: FileExistsError, OSError.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
