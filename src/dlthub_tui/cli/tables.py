"""Lists for people: a header and columns as wide as what they hold. No colours but on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from dlthub_tui.cli.exits import inert
from dlthub_tui.viewmodel.text import cell_width

_STATE_COLOURS = {"completed": "32", "failed": "31", "running": "36", "starting": "36", "cancelling": "33"}


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, colour: bool) -> None:
    """Cells hold names of other people, so they are made inert. A column of states is coloured by its words."""
    inerted = [[inert(cell) for cell in row] for row in rows]
    table = [list(header), *inerted]
    widths = [max(cell_width(row[place]) for row in table) for place in range(len(header))]
    for row in table:
        cells = [
            _coloured(cell, colour=colour) + " " * (width - cell_width(cell))
            for cell, width in zip(row, widths, strict=True)
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.flush()


def local(at: datetime | None) -> str:
    """A moment in the local zone, to the second."""
    return "-" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _coloured(cell: str, *, colour: bool) -> str:
    code = _STATE_COLOURS.get(cell) if colour else None
    return cell if code is None else f"\x1b[{code}m{cell}\x1b[0m"
