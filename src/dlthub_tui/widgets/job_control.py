"""Who would wake the app after ctrl+z."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def has_shell() -> bool:
    """Whether a shell waits for this group of processes, which alone can wake it after ctrl+z.

    None does behind `ssh -t HOST dlthub-tui`, in a pane of tmux that runs the app, or behind a browser.
    """
    session, group, parent = os.getsid(0), os.getpgrp(), os.getppid()
    try:
        while parent > 1 and os.getsid(parent) == session:
            if os.getpgid(parent) != group:
                return True
            parent = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return sys.platform != "linux"
    return False
