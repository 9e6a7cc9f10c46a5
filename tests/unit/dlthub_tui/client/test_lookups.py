"""Nothing waits for a name that is looked up without end."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENDS = """
import asyncio, atexit, sys, threading
import anyio
from dlthub_tui.client.lookups import leave, wait_for_no_lookup

async def main():
    wait_for_no_lookup()
    begun = threading.Event()
    looked_up = asyncio.get_running_loop().run_in_executor(None, lambda: (begun.set(), LASTS(begun)))
    await anyio.to_thread.run_sync(begun.wait)
    looked_up.cancel()

LASTS = lambda begun: threading.Event().wait() if sys.argv[1] == "silent" else None
atexit.register(print, "put away")
anyio.run(main)
leave(3)
"""


@pytest.mark.parametrize("server", ["silent", "there"])
def test_a_process_ends_while_a_name_is_still_looked_up(server: str) -> None:
    command = [sys.executable, "-c", ENDS, server]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "put away\n", "")
