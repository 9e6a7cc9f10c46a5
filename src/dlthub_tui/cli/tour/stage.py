"""A terminal within the terminal: a program plays on all rows but the last, which holds the caption.

The program knows nothing of it. What it draws goes on as it comes, to the terminal and to the cast; an emulator reads
it along, so that a tour waits for words on the screen and never for time alone.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

from dlthub_tui.cli.opening import has_terminal
from dlthub_tui.cli.tour.recording import Cast
from dlthub_tui.viewmodel.text import cut_end

_LOOK_SECONDS = 0.05
_END_SECONDS = 20
# The emulator does not know these: to delete or insert lines comes to the same as scrolling a region.
_SCROLL = re.compile(rb"\x1b\[(\d+);(\d+)r\x1b\[(\d+)([ST])\x1b\[r")
# Nor device control strings, in which tmux is told what its terminal is to get: it would write them out.
_STRING = re.compile(rb"\x1bP(?:[^\x1b]|\x1b[^\\])*\x1b\\")
_PART = re.compile(
    rb"(?:\x1b\[\d+;\d+r(?!\x1b\[\d+[ST]\x1b\[r)[^r]{0,12}|\x1b(?:P(?:[^\x1b]|\x1b[^\\]){0,4096}\x1b?)?)\Z"
)
_UNKNOWN = re.compile(rb"\x1b\[\?2026\$p|\x1b\[>4;1m|\x1b\[<u|\x1b\[>1u")
# A terminal that reports its size in band would tell the program of the caption's row too.
_ASKS_FOR_SIZE = re.compile(rb"\x1b\[\?2048(\$p|h)")
_SIZE_REPORT = re.compile(rb"\x1b\[48;[\d;]+t|\x1b\[\?2048;\d\$y")
_SIZE_NAMES = frozenset({"COLUMNS", "LINES"})
_CLEARS = re.compile(rb"\x1b\[2?J|\x1b\[\?1049|\x1bc")
# What a terminal answers and reports by itself: no key of a person.
_REPORT = re.compile(
    rb"\x1b\[\??[\d;]*\$?[ycRnIO]|\x1b\[<[\d;]+[mM]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)


class Stage:
    """One program after another in a pty; input of a person goes to `heard` first, which says whether it goes on."""

    def __init__(self, cast: Cast | None, size: tuple[int, int] | None = None) -> None:
        self._cast = cast
        self._is_shown = has_terminal()
        self.columns, self.rows = size or _terminal_size()
        self._follows_size = size is None and self._is_shown
        self._master = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._caption: tuple[str, str] = ("", "")
        self._is_stale = True
        self._held = b""
        self._prints = False
        self.heard: Callable[[bytes], bool] = lambda _: True
        self.screen = pyte.Screen(self.columns, self.rows - 1)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self) -> str:
        """What the program shows."""
        return "\n".join(self.screen.display)

    @property
    def is_over(self) -> bool:
        """Whether the program has ended."""
        return self._process is None or self._process.poll() is not None

    @property
    def has_output(self) -> bool:
        """Whether the program may have said more than was read."""
        return self._master >= 0

    @contextmanager
    def opened(self) -> Generator[None]:
        """Takes the terminal, and gives it back as it was."""
        before = termios.tcgetattr(0) if self._is_shown else None
        if self._cast is not None:
            self._cast.open()
        try:
            if before is not None:
                tty.setraw(0)
            yield
        finally:
            self._end_program()
            # Leaving the other screen puts the cursor where it was at first: what was said since is not written over.
            self._put(f"\x1b[?1049l\x1b[r\x1b[{self.rows};1H\x1b[?25h\x1b[0m\r\n".encode())
            if before is not None:
                termios.tcsetattr(0, termios.TCSADRAIN, before)
            if self._cast is not None:
                self._cast.close()

    def play(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, *, prints: bool = False
    ) -> None:
        """Starts Python with these arguments; what played before must be over.

        `prints`: it draws no screen of its own. Its lines then scroll on all rows but the caption's.
        """
        self._end_program()
        self._prints = prints
        if prints:
            self._put(f"\x1b[r\x1b[{self.rows};1H".encode() + b"\r\n" * self.rows)
            self._put(self._part())
        self._master, slave = pty.openpty()
        self._set_size(slave)
        # A size in the environment is that of the terminal around the stage, and programs believe it before the pty's.
        known = {name: value for name, value in environment.items() if name not in _SIZE_NAMES}
        self._process = subprocess.Popen(
            [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=known,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.screen.reset()
        self._held = b""
        self._is_stale = True

    def _part(self) -> bytes:
        """Only the rows of the program scroll; the cursor goes to the first one."""
        return f"\x1b[1;{self.rows - 1}r\x1b[H".encode()

    def type(self, keys: str) -> None:
        """Types into the program."""
        if self._master >= 0:
            os.write(self._master, keys.encode())

    def say(self, caption: str, keys: str = "") -> None:
        """The caption, and on its right the keys of the moment."""
        if (caption, keys) != self._caption:
            self._caption = (caption, keys)
            self._is_stale = True

    @property
    def said(self) -> str:
        """The caption."""
        return self._caption[0]

    @property
    def is_said(self) -> bool:
        """Whether the caption stands on the terminal."""
        return not self._is_stale

    def pump(self) -> None:
        """Passes on what there is, for a twentieth of a second."""
        self._follow_size()
        sources = [source for source in (self._master, 0 if self._is_shown else -1) if source >= 0]
        ready, _, _ = select.select(sources, [], [], _LOOK_SECONDS)
        if 0 in ready and self._is_shown:
            self._take_input()
        if self._master in ready:
            self._take_output()
        elif self._is_stale and not self._held:  # a caption inside a frame or a sequence would land anywhere
            self._draw_caption()

    def hold(self, seconds: float) -> None:
        """Passes on for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pump()

    def _take_input(self) -> None:
        read = os.read(0, 4096)
        piece = _SIZE_REPORT.sub(b"", read)
        if read and not piece:
            return
        goes_on = bool(piece) and (_REPORT.fullmatch(piece) is not None or self.heard(piece))
        if goes_on and self._master >= 0:
            os.write(self._master, piece)

    def _take_output(self) -> None:
        try:
            piece = os.read(self._master, 65536)
        except OSError:
            piece = b""
        if not piece:
            os.close(self._master)
            self._master = -1
            return
        self._put(_ASKS_FOR_SIZE.sub(b"", piece))
        whole = _STRING.sub(b"", self._held + piece)
        part = _PART.search(whole)
        self._held = whole[part.start() :] if part else b""
        self._stream.feed(_UNKNOWN.sub(b"", _SCROLL.sub(_scrolled, whole[: part.start()] if part else whole)))
        if _CLEARS.search(piece):
            self._is_stale = True

    def _put(self, piece: bytes) -> None:
        if self._cast is not None:
            self._cast.put(piece)
        if self._is_shown:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(1, rest) :]

    def _draw_caption(self) -> None:
        said, keys = self._caption
        room = self.columns - len(keys) - 3
        text = f" {cut_end(said, room):<{room}} {keys} "
        self._put(f"\x1b7\x1b[{self.rows};1H\x1b[0;1;33m\x1b[2K{text[: self.columns]}\x1b[0m\x1b8".encode())
        self._is_stale = False

    def _follow_size(self) -> None:
        if self._follows_size and (size := _terminal_size()) != (self.columns, self.rows):
            self.columns, self.rows = size
            self.screen.resize(self.rows - 1, self.columns)
            self._is_stale = True
            if self._prints:  # a terminal that got another size scrolls on all rows
                self._put(b"\x1b7" + self._part() + b"\x1b8")
            if self._master >= 0:
                self._set_size(self._master)
                if self._process is not None and self._process.poll() is None:
                    self._process.send_signal(signal.SIGWINCH)

    def _set_size(self, descriptor: int) -> None:
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows - 1, self.columns, 0, 0))

    def _end_program(self) -> None:
        """The program that plays, gone; one that does not go by itself is ended."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _END_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            self.pump()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process = None
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def _scrolled(match: re.Match[bytes]) -> bytes:
    verb = b"M" if match[4] == b"S" else b"L"
    return b"\x1b[%b;%br\x1b[%b;1H\x1b[%b%b\x1b[r" % (match[1], match[2], match[1], match[3], verb)


def _terminal_size() -> tuple[int, int]:
    try:
        found = os.get_terminal_size(1)
    except OSError:
        return 80, 24
    return found.columns, found.lines
