"""Names that are looked up: the system does that in a thread, and nothing can end it.

Where no name server answers that lasts for ten seconds and more, long after who asked has gone on. What ends then does
not wait for it: neither the event loop nor the process.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NoReturn

_THREADS = "lookup"
_MOST_AT_ONCE = 16


class _NotWaitedFor(ThreadPoolExecutor):
    """The event loop's own threads, which it has for nothing but looking names up."""

    def __init__(self) -> None:
        super().__init__(_MOST_AT_ONCE, thread_name_prefix=_THREADS)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - it never waits
        """Returns at once."""
        super().shutdown(wait=False, cancel_futures=True)


def wait_for_no_lookup() -> None:
    """The end of this event loop waits for no name that is still looked up."""
    import asyncio  # the end of commands that ask nobody needs none

    asyncio.get_running_loop().set_default_executor(_NotWaitedFor())


def leave(code: int) -> NoReturn:
    """Ends this process; where a name is still looked up, as Python itself does, but for waiting for every thread."""
    if not any(thread.name.startswith(f"{_THREADS}_") for thread in threading.enumerate()):
        sys.exit(code)
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage] - what Python runs as it ends, without what it waits for
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)
