"""A real terminal for the app: a pty whose output an emulator reads."""

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
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pyte


class Terminal:
    """One process in a pty of the given size."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, columns: int, rows: int) -> None:
        self.process = process
        self._master = master
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""
        self._held = b""

    def read(self, seconds: float = 0.05) -> bytes:
        """What came meanwhile."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return b""
        try:
            piece = os.read(self._master, 65536)
        except OSError:
            return b""
        self.output += piece
        whole = self._held + piece
        part = _PART_OF_SCROLL.search(whole)
        self._held = whole[part.start() :] if part else b""
        self._stream.feed(plain(whole[: part.start()] if part else whole))
        return piece

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._screen.display)

    def row(self, number: int) -> str:
        """One row of the screen, from 0 on."""
        cells = self._screen.buffer[number]
        return "".join(cells[column].data for column in range(self._screen.columns))

    def press(self, keys: str) -> None:
        """Types."""
        os.write(self._master, keys.encode())

    def write_beside(self, text: str) -> None:
        """Somebody else writes to the terminal, in its middle."""
        self._stream.feed(f"\x1b7\x1b[12;1H{text}\x1b8".encode())

    def resize(self, columns: int, rows: int) -> None:
        """The terminal takes another size; its programs are told by the kernel."""
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def is_stopped(self) -> bool:
        """Whether the process stands still, as after ctrl+z."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
        """Reads until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.read()
            assert time.monotonic() < deadline, f"never: {what}\n{self.text}"

    def until_text(self, words: str, seconds: float = 240) -> None:
        """Reads until the words are on the screen."""
        self.until(lambda: words in self.text, words, seconds)

    def until_quiet(self, seconds: float = 0.4) -> None:
        """Reads until nothing came for a while in which the process had nothing to do: a busy machine makes it wait."""
        begun = last = time.monotonic()
        while time.monotonic() - last < seconds:
            if self.read() or (self._has_work and time.monotonic() - begun < 240):
                last = time.monotonic()

    @property
    def _has_work(self) -> bool:
        """Whether a thread of the process runs, or waits for a processor or a disk."""
        try:
            stats = [path.read_text() for path in Path(f"/proc/{self.process.pid}/task").glob("*/stat")]
        except OSError:  # one of them has just ended
            return True
        return any(stat.rsplit(")", 1)[1].split()[0] in "RD" for stat in stats)

    def bytes_of(self, keys: str) -> int:
        """How many bytes the terminal gets for these keys, which change what it shows."""
        self.until_quiet()
        before = len(self.output)
        self.press(keys)
        self.until(lambda: len(self.output) > before, f"an answer to {keys!r}")
        self.until_quiet()
        return len(self.output) - before

    def hang_up(self) -> None:
        """The terminal goes away, as with a broken connection."""
        os.close(self._master)
        self._master = -1

    def wait_without_terminal(self, seconds: float = 240) -> int:
        """The exit code after `hang_up`. Raises: TimeoutExpired."""
        return self.process.wait(seconds)

    def wait(self, seconds: float = 240) -> int:
        """Reads to the end and answers the exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            self.read()
            assert time.monotonic() < deadline, self.text
        while self.read():
            pass
        return self.process.returncode


# The emulator does not know the sequences that scroll a region; to delete or insert lines in it comes to the same.
_SCROLL = re.compile(rb"\x1b\[(\d+);(\d+)r\x1b\[(\d+)([ST])\x1b\[r")
_PART_OF_SCROLL = re.compile(rb"\x1b\[\d+;\d+r(?!\x1b\[\d+[ST]\x1b\[r)[^r]{0,12}\Z")


def _scrolled(match: re.Match[bytes]) -> bytes:
    verb = b"M" if match[4] == b"S" else b"L"
    return b"\x1b[%b;%br\x1b[%b;1H\x1b[%b%b\x1b[r" % (match[1], match[2], match[1], match[3], verb)


def plain(piece: bytes) -> bytes:
    """What the emulator knows, for what it does not know."""
    return (
        _SCROLL.sub(_scrolled, piece)
        .replace(b"\x1b[?2026$p", b"")
        .replace(b"\x1b[>4;1m", b"")
        .replace(b"\x1b[<u", b"")
        .replace(b"\x1b[>1u", b"")
    )


def _own_terminal() -> None:
    """Makes the pty the session's own terminal: one that hangs up then tells its processes."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(
    arguments: list[str],
    environment: dict[str, str],
    size: tuple[int, int] = (80, 24),
    folder: Path | None = None,
    *,
    is_controlling: bool = True,
) -> Generator[Terminal]:
    """Starts Python with these arguments in a pty; ends it if it is still there.

    `is_controlling`: its signals come of the pty, as everywhere but below `su -c` and `docker exec`.
    """
    master, slave = pty.openpty()
    columns, rows = size
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, close_fds=True, cwd=folder,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        | environment,
        start_new_session=True, preexec_fn=_own_terminal if is_controlling else None,  # noqa: PLW1509 - no other thread holds a lock here
    )  # fmt: skip
    os.close(slave)
    opened = Terminal(process, master, columns, rows)
    try:
        yield opened
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        if opened._master >= 0:
            os.close(master)
