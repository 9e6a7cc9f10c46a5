"""Textual's driver for a terminal that may vanish, and that gets only what changes on it.

When a terminal hangs up, every write to it fails. Textual writes in a thread that ends at the first failed write, and
whose bounded queue then holds the application for ever: nothing would hand over what runs, or end. Here such writes are
dropped, and what follows goes nowhere, so the application goes on to its end (Borders: 3). `_file` and
`_get_terminal_size` are private names: tests/tui/test_terminal.py closes a real terminal, and opens one whose size the
environment denies, to see that they still are what Textual uses.
"""

from __future__ import annotations

import os
from typing import IO, Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from dlthub_tui.widgets.changed_cells import ChangedCells


class LastingDriver(LinuxDriver):
    """LinuxDriver, but for writes to a terminal that is gone, and for cells that the terminal shows already."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType] - App[Unknown]
        self._file: Any = _Dropping(self._file)
        self._changed = ChangedCells()

    def write(self, data: str) -> None:
        """Writes what changes on the terminal."""
        size = self._app.size
        super().write(self._changed.reduce(data, size.width, size.height))

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own answer; `COLUMNS` and `LINES` of a shell are from when somebody exported them."""
        try:
            columns, rows = os.get_terminal_size(self._file.fileno())
        except OSError:
            columns = rows = 0
        return (columns, rows) if columns and rows else super()._get_terminal_size()


class _Dropping:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError:
            self._forget_terminal()
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            self._forget_terminal()

    def _forget_terminal(self) -> None:
        """What is buffered would fail again when the interpreter ends, and change its exit code."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()
