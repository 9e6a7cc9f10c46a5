"""Where services meet dlt's arithmetic: in a worker thread, loaded before a transaction is open.

The first import of dlt takes about a second; inside a transaction it would hold every other writer up.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

Result = TypeVar("Result")
_is_loaded = False


async def prepare() -> None:
    """Loads dlt unless it is there. Call it before the transaction that decides about runs. May run many times."""
    global _is_loaded
    if not _is_loaded:
        await to_thread.run_sync(importlib.import_module, "planes.manifest.dlt_door")
        _is_loaded = True


async def in_thread(function: Callable[[], Result]) -> Result:
    """Runs a pure calculation where it does not hold the loop up."""
    return await to_thread.run_sync(function)
