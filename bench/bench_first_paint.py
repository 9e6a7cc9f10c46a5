"""Time to first paint of the terminal app against the smallest Textual app, each in a pty of 80 by 24, alternating.

Both find their modules compiled, as an installer leaves them, whatever this shell's `PYTHONDONTWRITEBYTECODE` says.
What is waited for is a word of the first screen: the terminal's title, which is written before it, is no paint.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from harness import machine

SMALLEST = """
from textual.app import App
from textual.widgets import Static

class Smallest(App):
    def compose(self):
        yield Static("painted")

Smallest().run()
"""


def first_paint_ms(argv: list[str], sentinel: bytes, compiled: Path) -> float:
    begun = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24", PYTHONPYCACHEPREFIX=str(compiled))
        os.execv(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while sentinel not in seen:
            ready, _, _ = select.select([terminal], [], [], 30)
            if not ready:
                raise TimeoutError(f"no {sentinel!r} in 30 s")
            seen += os.read(terminal, 65536)
        return (time.perf_counter() - begun) * 1000
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=10)
    arguments = parser.parse_args()
    ours: list[float] = []
    smallest: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "smallest.py"
        script.write_text(SMALLEST)
        compiled = Path(folder) / "compiled"
        for number in range(arguments.repetitions + 1):
            home = Path(folder) / f"home{number}"
            argv = [sys.executable, "-m", "dlthub_tui.cli.main", "--home", str(home)]
            smallest.append(first_paint_ms([sys.executable, str(script)], b"painted", compiled))
            ours.append(first_paint_ms(argv, b"Starting the platform", compiled))
        # The first of each compiles.
        del smallest[0], ours[0]
    print(f"first paint in a pty ({machine()})")
    print(f"  dlthub-tui            {statistics.median(ours):.0f} ms (min {min(ours):.0f}, max {max(ours):.0f})")
    print(f"  smallest Textual app  {statistics.median(smallest):.0f} ms (min {min(smallest):.0f})")
    print(f"  ratio of medians      {statistics.median(ours) / statistics.median(smallest):.2f}")


if __name__ == "__main__":
    main()
