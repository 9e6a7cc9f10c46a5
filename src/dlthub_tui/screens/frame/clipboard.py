"""What is copied reaches the clipboard through tmux too.

tmux ignores the sequence that sets a clipboard (OSC 52) when a program in it sends it, unless its user says otherwise
(`set-clipboard on`). What is loaded into its buffer it passes on to the terminal itself, and its own paste key has it.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

import anyio

PATIENCE_SECONDS = 5


async def copy_in_tmux(text: str) -> None:
    """Loads the text into the buffer of the tmux that this terminal is in; needs tmux 3.2."""
    words = ["tmux", "load-buffer", "-w", "-"]
    with suppress(OSError), anyio.move_on_after(PATIENCE_SECONDS):
        await anyio.run_process(
            words, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
