"""Textual's driver for a terminal that may vanish, and that gets only what changes on it.

When a terminal hangs up, every write to it fails. Textual writes in a thread that ends at the first failed write, and
whose bounded queue then holds the application for ever: nothing would hand over what runs, or end. Here such writes are
dropped, and what follows goes nowhere, so the application goes on to its end (Borders: 3). `_file`,
`_get_terminal_size` and `_sigtstp_application` are private names: tests/tui/test_terminal.py closes a real terminal,
opens one whose size the environment denies, and stops the app below a shell, to see that Textual still uses them.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from dlthub_tui.widgets.changed_cells import ChangedCells
from dlthub_tui.widgets.job_control import has_shell

_ESC = "\x1b"
# Behind esc they begin what a terminal says by itself: arrows, its size, its answers.
_INTRODUCERS = frozenset("[O]P_^X")
_PASTE = f"{_ESC}[200~"
_PASTED = f"{_ESC}[201~"


class EscapeFirst(XTermParser):
    """Escape and the key behind it are two keys, also where a slow line or a fast hand brings them as one packet.

    Terminals send alt with a key as the same bytes. No action has alt, and a field would type what Textual makes of
    it: a bullet for esc and 8.

    What is pasted is text whatever is in it. Most terminals take escapes out of it, tmux does not, and Textual would
    take what follows one for keys: somebody else's text would press them.
    """

    _is_pasting = False
    # The end of what was read: it may be the first half of a mark. Keys do not wait for the other half, text does.
    _passed = _held = ""

    def feed(self, data: str) -> Iterable[Message]:
        """What was read; empty at the end."""
        inert = self._inert(data)
        if inert or not data:
            yield from super().feed(inert)

    def _inert(self, data: str) -> str:
        """Without escapes in what is pasted."""
        done: list[str] = []
        text, self._held = self._held + data, ""
        while text:
            piece, text = self._pasted(text) if self._is_pasting else self._typed(text)
            done.append(piece)
        return "".join(done)

    def _typed(self, text: str) -> tuple[str, str]:
        before = self._passed
        at = (before + text).find(_PASTE)
        if at < 0:
            self._passed = (before + text)[1 - len(_PASTE) :]
            return text, ""
        self._is_pasting, self._passed = True, ""
        end = at + len(_PASTE) - len(before)
        return text[:end], text[end:]

    def _pasted(self, text: str) -> tuple[str, str]:
        inside, mark, rest = text.partition(_PASTED)
        if mark:
            self._is_pasting = False
        else:
            half = next((n for n in range(len(_PASTED) - 1, 0, -1) if inside.endswith(_PASTED[:n])), 0)
            inside, self._held = inside[: len(inside) - half], inside[len(inside) - half :]
        return inside.replace(_ESC, "") + mark, rest

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        is_pair = len(sequence) == 2 and sequence[0] == _ESC and sequence[1].isprintable()
        behind = sequence[1:] if is_pair and sequence[1] not in _INTRODUCERS else ""
        if alt or behind:
            yield events.Key("escape", _ESC)
            yield from super()._sequence_to_key_events(behind or sequence)
            return
        for event in super()._sequence_to_key_events(sequence):
            if event.key.startswith("alt+") and event.character and event.is_printable:
                yield events.Key("escape", _ESC)
                yield from super()._sequence_to_key_events(event.character)
            else:
                yield event


# The driver makes its parser in the middle of the thread that reads.
linux_driver.XTermParser = EscapeFirst  # pyright: ignore[reportPrivateImportUsage] - it is what the driver uses


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

    def forget(self) -> None:
        """The next paint sends its cells whatever was written before."""
        self._changed.forget()

    def tell_hang_up(self, gone: Callable[[], None]) -> None:
        """Calls once the terminal is gone: a process that it does not control, as below `su -c`, gets no signal."""
        if not hasattr(select, "epoll"):
            return  # only Linux has it
        loop, watch = asyncio.get_running_loop(), select.epoll()
        with suppress(OSError):  # what is read is no terminal
            watch.register(self.fileno, 0)

        def heard() -> None:
            loop.remove_reader(watch.fileno())
            watch.close()
            gone()

        loop.add_reader(watch.fileno(), heard)

    def _sigtstp_application(self, *_: object) -> None:
        """Stops with all that the shell counts as its job, as `make run`, and not where no shell would go on with it.

        Textual stops this process alone: who waits for it waits on, and so does the shell.
        """
        if not has_shell():
            return
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.killpg(0, signal.SIGSTOP)

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
